"""Replicates of shares and means of hits against deleting points and balls, and against measuring the radii afresh."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from gan_probe.stats import delete_block, proportion

BLOCKS = 6


def dense(chance, balls=70, points=110, k=3):
    """A random hit matrix [balls, points] with blocks of both sides and made-up neighbours."""
    rng = np.random.default_rng(0)
    hit = rng.random((balls, points)) < chance
    near = rng.integers(0, balls, (balls, k))
    owners = delete_block.Balls(hit.sum(axis=1), near, rng.integers(0, BLOCKS, balls))
    return hit, owners, rng.integers(0, BLOCKS, points)


def inside(hit, owners):
    return np.stack([hit[owners.blocks == b].sum(axis=0) for b in range(BLOCKS)])


def held(hit, point_blocks):
    return np.stack([hit[:, point_blocks == b].sum(axis=1) for b in range(BLOCKS)])


def lost(owners, ball, block):
    return sum(owners.blocks[other] == block for other in owners.neighbours[ball]) / 3


@pytest.mark.parametrize("chance", [0.0, 0.01, 0.05, 1.0])
def test_share_inside(chance):
    hit, owners, point_blocks = dense(chance)
    got = delete_block.share_inside(inside(hit, owners), point_blocks, owners)
    assert got.value == hit.any(axis=0).mean() and got.rows == 110
    fixed, added = [], []
    for b in range(BLOCKS):
        assert got.without_points[b] == pytest.approx(hit[:, point_blocks != b].any(axis=0).mean())
        fixed.append(hit[owners.blocks != b].any(axis=0).mean())
        added.append(sum(hit[x].sum() * lost(owners, x, b) for x in range(70) if owners.blocks[x] != b))
    regained = np.array(added) * (got.value - np.mean(fixed)) / max(np.mean(added), 1)
    np.testing.assert_allclose(got.without_balls, fixed + regained, rtol=1e-12)


def test_density():
    hit, owners, point_blocks = dense(0.05)
    got = delete_block.density(inside(hit, owners), point_blocks, owners)
    assert got.value == pytest.approx(hit.sum() / (3 * 110)) and got.rows == 110
    for b in range(BLOCKS):
        assert got.without_points[b] == pytest.approx(hit[:, point_blocks != b].sum(axis=0).mean() / 3)
        grown = sum(hit[x].sum() * (1 + lost(owners, x, b)) for x in range(70) if owners.blocks[x] != b)
        assert got.without_balls[b] == pytest.approx(grown / (3 * 110))


def test_coverage():
    hit, owners, point_blocks = dense(0.02)
    got = delete_block.coverage(held(hit, point_blocks), owners)
    assert got.value == hit.any(axis=1).mean() and got.rows == 70
    for b in range(BLOCKS):
        assert got.without_points[b] == pytest.approx(hit[:, point_blocks != b].any(axis=1).mean())
        filling = sum(lost(owners, x, b) for x in range(70) if owners.blocks[x] != b and hit[x].sum() == 1)
        assert got.without_balls[b] == pytest.approx(hit[owners.blocks != b].any(axis=1).mean() + filling / 70)


@pytest.mark.parametrize("name", ["share_inside", "density"])
def test_replicates_follow_radii_measured_afresh(name):
    # Few dimensions more and hubs appear: there the two kinds of replicates must agree, not only in variance.
    rng, k = np.random.default_rng(0), 5
    x, y, blocks = rng.standard_normal((400, 12)), rng.standard_normal((3000, 12)) + 0.3, np.arange(400) % 20
    near, across = distance.cdist(x, x), distance.cdist(x, y)

    def measure(keep):
        hit = across[keep] < np.sort(near[np.ix_(keep, keep)], axis=1)[:, k, None]
        return hit.any(axis=0).mean() if name == "share_inside" else hit.sum() / (k * len(y))

    hit = across < np.sort(near, axis=1)[:, k, None]
    owners = delete_block.Balls(hit.sum(axis=1), np.argsort(near, axis=1)[:, 1 : k + 1], blocks)
    per_block = np.stack([hit[blocks == b].sum(axis=0) for b in range(20)])
    got = getattr(delete_block, name)(per_block, np.arange(3000) % 20, owners)
    afresh = np.array([measure(blocks != b) for b in range(20)])
    assert got.value == pytest.approx(measure(blocks >= 0))
    assert np.corrcoef(got.without_balls, afresh)[0, 1] > 0.8
    assert np.mean(got.without_balls) == pytest.approx(np.mean(afresh), rel=0.02)


def test_interval_adds_both_jackknifes():
    hit, owners, point_blocks = dense(0.02)
    got = delete_block.density(inside(hit, owners), point_blocks, owners)
    parts = (got.without_points, got.without_balls)
    variance = sum(5 / 6 * sum((t - np.mean(part)) ** 2 for t in part) for part in parts)
    interval = delete_block.interval(got, share=False)
    assert interval.stderr == pytest.approx(np.sqrt(variance))
    assert interval.high - got.value == pytest.approx(stats.t.ppf(0.975, 5) * np.sqrt(variance))


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_agreeing_replicates_fall_back_to_wilson(chance):
    hit, owners, point_blocks = dense(chance)
    got = delete_block.interval(delete_block.share_inside(inside(hit, owners), point_blocks, owners), share=True)
    assert got.stderr == 0 and got[:2] == proportion.wilson(chance * 110, 110)[:2]


def test_density_of_no_hit_has_an_upper_end():
    hit, owners, point_blocks = dense(0.0)
    got = delete_block.interval(delete_block.density(inside(hit, owners), point_blocks, owners), share=False)
    assert got.low == 0 and got.high == proportion.wilson(0, 110).high


def test_shares_stay_shares():
    hit, owners, point_blocks = dense(0.06)
    got = delete_block.interval(delete_block.share_inside(inside(hit, owners), point_blocks, owners), share=True)
    assert 0 <= got.low < got.high <= 1
