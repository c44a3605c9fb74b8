"""Replicates of shares and means of hits against deleting points and balls, and against measuring the radii afresh."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from gan_probe.stats import delete_block, proportion

BLOCKS = 6


def dense(chance, n=70, m=110, k=3):
    """A random hit matrix [rows, columns], blocks of both sides, and made-up neighbours among the columns."""
    rng = np.random.default_rng(0)
    hit = rng.random((n, m)) < chance
    return hit, rng.integers(0, BLOCKS, n), rng.integers(0, BLOCKS, m), rng.integers(0, m, (m, k))


def per_block(hit, column_blocks):
    return np.stack([hit[:, column_blocks == b].sum(axis=1) for b in range(BLOCKS)])


def lost(neighbours, blocks, ball, block):
    """Share of a ball's neighbours that a deleted block takes; a deleted ball itself does not grow."""
    return 0 if blocks[ball] == block else sum(blocks[other] == block for other in neighbours[ball]) / 3


@pytest.mark.parametrize("chance", [0.0, 0.01, 0.05, 1.0])
def test_hit_share_deletes_rows_and_columns(chance):
    hit, row_blocks, column_blocks, _ = dense(chance)
    got = delete_block.hit_share(per_block(hit, column_blocks), row_blocks)
    assert got.value == hit.any(axis=1).mean() and got.rows == 70
    for b in range(BLOCKS):
        assert got.without_rows[b] == pytest.approx(hit[row_blocks != b].any(axis=1).mean())
        assert got.without_columns[b] == pytest.approx(hit[:, column_blocks != b].any(axis=1).mean())


@pytest.mark.parametrize("chance", [0.0, 0.01, 0.05])
def test_share_inside_regains_what_fixed_balls_lose(chance):
    hit, row_blocks, ball_blocks, near = dense(chance)
    hits = per_block(hit, ball_blocks)
    fixed = delete_block.hit_share(hits, row_blocks)
    got = delete_block.share_inside(hits, row_blocks, neighbours=near, ball_blocks=ball_blocks)
    growth = np.array([sum(lost(near, ball_blocks, ball, b) for ball in range(110)) for b in range(BLOCKS)])
    loss = np.mean([fixed.value - hit[:, ball_blocks != b].any(axis=1).mean() for b in range(BLOCKS)])
    expected = fixed.without_columns + loss * growth / growth.mean()
    np.testing.assert_allclose(got.without_columns, expected, rtol=1e-12)
    np.testing.assert_array_equal(got.without_rows, fixed.without_rows)
    assert np.mean(got.without_columns) == pytest.approx(got.value)


def density(chance):
    """Rows of the matrix are the fakes, columns the real balls."""
    hit, fake_blocks, real_blocks, near = dense(chance)
    held = per_block(hit.T, fake_blocks)
    return delete_block.density(held, np.bincount(fake_blocks), neighbours=near, real_blocks=real_blocks)


def test_density():
    hit, fake_blocks, real_blocks, near = dense(0.05)
    got = density(0.05)
    assert got.value == pytest.approx(hit.sum() / (3 * 70)) and got.rows == 70
    for b in range(BLOCKS):
        assert got.without_rows[b] == pytest.approx(hit[fake_blocks != b].sum(axis=1).mean() / 3)
        kept = hit[:, real_blocks != b].sum()
        grown = sum(hit[:, ball].sum() * lost(near, real_blocks, ball, b) for ball in range(110))
        assert got.without_columns[b] == pytest.approx((kept + grown) / (3 * 70))


@pytest.mark.parametrize("name", ["share_inside", "density"])
def test_replicates_follow_radii_measured_afresh(name):
    # In a dozen dimensions hubs appear: there replicates must agree with those of remeasured radii one by one.
    rng, k = np.random.default_rng(0), 5
    real, fake, blocks = rng.standard_normal((400, 12)), rng.standard_normal((3000, 12)) + 0.3, np.arange(400) % 20
    near, across = distance.cdist(real, real), distance.cdist(fake, real)

    def measure(keep):
        hit = across[:, keep] < np.sort(near[np.ix_(keep, keep)], axis=1)[:, k]
        return hit.any(axis=1).mean() if name == "share_inside" else hit.sum() / (k * len(fake))

    hit = across < np.sort(near, axis=1)[:, k]
    neighbours, fake_blocks = np.argsort(near, axis=1)[:, 1 : k + 1], np.arange(3000) % 20
    if name == "density":
        held = (hit.T.astype(float) @ np.eye(20)[fake_blocks]).T
        got = delete_block.density(held, np.full(20, 150), neighbours=neighbours, real_blocks=blocks)
    else:
        hits = (hit.astype(float) @ np.eye(20)[blocks]).T
        got = delete_block.share_inside(hits, fake_blocks, neighbours=neighbours, ball_blocks=blocks)
    afresh = np.array([measure(blocks != b) for b in range(20)])
    assert got.value == pytest.approx(measure(blocks >= 0))
    assert np.corrcoef(got.without_columns, afresh)[0, 1] > 0.8
    assert np.mean(got.without_columns) == pytest.approx(np.mean(afresh), rel=0.02)


def test_interval_adds_both_jackknifes():
    got = density(0.02)
    parts = (got.without_rows, got.without_columns)
    variance = sum(5 / 6 * sum((t - np.mean(part)) ** 2 for t in part) for part in parts)
    interval = delete_block.interval(got, share=False)
    assert interval.stderr == pytest.approx(np.sqrt(variance))
    assert interval.high - got.value == pytest.approx(stats.t.ppf(0.975, 5) * np.sqrt(variance))


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_agreeing_replicates_fall_back_to_wilson(chance):
    hit, row_blocks, column_blocks, _ = dense(chance)
    got = delete_block.interval(delete_block.hit_share(per_block(hit, column_blocks), row_blocks), share=True)
    assert got.stderr == 0 and got[:2] == proportion.wilson(chance * 70, 70)[:2]


def test_density_of_no_hit_has_an_upper_end():
    got = delete_block.interval(density(0.0), share=False)
    assert got.low == 0 and got.high == proportion.wilson(0, 70).high


def test_shares_stay_shares():
    hit, row_blocks, column_blocks, _ = dense(0.035)
    got = delete_block.interval(delete_block.hit_share(per_block(hit, column_blocks), row_blocks), share=True)
    assert 0 <= got.low < got.high <= 1
