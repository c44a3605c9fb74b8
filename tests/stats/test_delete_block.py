"""Replicates of shares and means of hits against deleting rows and columns of a dense matrix."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from gan_probe.stats import delete_block, proportion


def dense(chance, n=70, m=110):
    rng = np.random.default_rng(0)
    return rng.random((n, m)) < chance, rng.integers(0, 6, n), rng.integers(0, 6, m)


def per_block(hit, column_blocks):
    return np.stack([hit[:, column_blocks == b].sum(axis=1) for b in range(6)])


@pytest.mark.parametrize("chance", [0.0, 0.01, 0.05, 1.0])
def test_share_replicates_delete_rows_and_columns(chance):
    hit, row_blocks, column_blocks = dense(chance)
    got = delete_block.hit_share(per_block(hit, column_blocks), row_blocks)
    assert got.value == hit.any(axis=1).mean() and got.rows == 70
    for b in range(6):
        assert got.without_rows[b] == pytest.approx(hit[row_blocks != b].any(axis=1).mean())
        assert got.without_columns[b] == pytest.approx(hit[:, column_blocks != b].any(axis=1).mean())


def neighbours(n=70, k=3):
    return np.random.default_rng(1).integers(0, n, (n, k))


def density(chance):
    hit, real_blocks, fake_blocks = dense(chance)
    return delete_block.density(
        per_block(hit, fake_blocks), np.bincount(fake_blocks), neighbours=neighbours(), real_blocks=real_blocks
    )


def test_density_replicates():
    hit, real_blocks, fake_blocks = dense(0.05)
    got = density(0.05)
    assert got.value == pytest.approx(hit.sum() / (3 * 110)) and got.rows == 110
    for b in range(6):
        assert got.without_rows[b] == pytest.approx(hit[:, fake_blocks != b].sum(axis=0).mean() / 3)
        grown = 0.0
        for x in range(70):
            if real_blocks[x] != b:
                lost = sum(real_blocks[other] == b for other in neighbours()[x])
                grown += hit[x].sum() * (3 + lost) / 3
        assert got.without_columns[b] == pytest.approx(grown / (3 * 110))


def test_density_replicates_follow_recomputed_radii():
    # Deleting a block of real rows and measuring the radii of the rest afresh: the replicates that the formula
    # foresees.
    rng, k = np.random.default_rng(0), 5
    x, y, blocks = rng.standard_normal((400, 8)), rng.standard_normal((3000, 8)), np.arange(400) % 20

    def measure(keep):
        balls = np.sort(distance.cdist(x[keep], x[keep]), axis=1)[:, k]
        return (distance.cdist(x[keep], y) < balls[:, None]).sum() / (k * len(y))

    near = distance.cdist(x, x)
    hits = (distance.cdist(x, y) < np.sort(near, axis=1)[:, k, None]).sum(axis=1)
    per = np.stack([hits // 20 + (np.arange(20)[b] < hits % 20) for b in range(20)])
    got = delete_block.density(
        per, np.full(20, 150), neighbours=np.argsort(near, axis=1)[:, 1 : k + 1], real_blocks=blocks
    )
    afresh = [measure(blocks != b) for b in range(20)]
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
    hit, row_blocks, column_blocks = dense(chance)
    got = delete_block.interval(delete_block.hit_share(per_block(hit, column_blocks), row_blocks), share=True)
    assert got.stderr == 0 and got[:2] == proportion.wilson(chance * 70, 70)[:2]


def test_density_of_no_hit_has_an_upper_end():
    got = delete_block.interval(density(0.0), share=False)
    assert got.low == 0 and got.high == proportion.wilson(0, 110).high


def test_shares_stay_shares():
    hit, row_blocks, column_blocks = dense(0.035)
    got = delete_block.interval(delete_block.hit_share(per_block(hit, column_blocks), row_blocks), share=True)
    assert 0 <= got.low < got.high <= 1
