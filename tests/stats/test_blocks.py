"""Blocks of rows and the jackknife over them."""

import numpy as np
import pytest
from scipy import stats

from gan_probe.stats import blocks


def hashes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64)


@pytest.mark.parametrize("n", [0, 1, 7, 20, 1003])
def test_sizes_differ_by_at_most_one(n):
    assigned = blocks.assign(hashes(n))
    assert assigned.dtype == np.int32 and assigned.shape == (n,)
    counts = np.bincount(assigned, minlength=20)
    assert counts.max() - counts.min() <= 1


def test_order_of_rows_does_not_matter():
    h = hashes(503)
    order = np.random.default_rng(1).permutation(503)
    np.testing.assert_array_equal(blocks.assign(h[order]), blocks.assign(h)[order])


def test_order_matters_only_among_identical_rows():
    h = np.repeat(hashes(40), 25)
    order = np.random.default_rng(1).permutation(len(h))
    before, after = blocks.assign(h), blocks.assign(h[order])
    for value in np.unique(h):
        np.testing.assert_array_equal(np.sort(before[h == value]), np.sort(after[h[order] == value]))


def test_identical_rows_are_spread_over_all_blocks():
    counts = np.bincount(blocks.assign(np.zeros(2000, np.uint64)), minlength=20)
    np.testing.assert_array_equal(counts, 100)


def test_copies_of_a_row_fall_into_unrelated_blocks():
    first, second = blocks.assign(np.tile(hashes(20_000), 2)).reshape(2, -1)
    assert stats.binomtest(int((first == second).sum()), 20_000, 1 / 20).pvalue > 1e-4


def test_neighbouring_hashes_and_class_sorted_files_get_random_blocks():
    assigned = blocks.assign(np.arange(20_000, dtype=np.uint64))
    table = np.stack([np.bincount(part, minlength=20) for part in np.split(assigned, 10)])
    assert stats.chi2_contingency(table).pvalue > 1e-4
    pairs = np.bincount(assigned[:-1] * 20 + assigned[1:], minlength=400)
    assert stats.chisquare(pairs).pvalue > 1e-4


def test_seed_changes_the_blocks():
    h = hashes(4000)
    agreement = np.mean(blocks.assign(h, seed=1) == blocks.assign(h, seed=2))
    assert abs(agreement - 1 / 20) < 0.02
    np.testing.assert_array_equal(blocks.assign(h, seed=-1), blocks.assign(h, seed=-1))


def test_jackknife_of_a_mean_is_the_variance_of_block_means():
    values = np.random.default_rng(0).standard_normal((20, 30, 3))
    without = np.stack([np.delete(values, b, axis=0).mean(axis=(0, 1)) for b in range(20)])
    expected = values.mean(axis=1).var(axis=0, ddof=1) / 20
    np.testing.assert_allclose(blocks.jackknife(without), expected, rtol=1e-12)


def test_jackknife_is_the_plain_formula():
    t = np.random.default_rng(0).standard_normal(20)
    assert blocks.jackknife(t) == pytest.approx(19 / 20 * sum((v - sum(t) / 20) ** 2 for v in t), rel=1e-13)


def test_satterthwaite_matches_welch():
    x, y = np.random.default_rng(0).standard_normal(9), 3 * np.random.default_rng(1).standard_normal(30)
    nu = blocks.satterthwaite([x.var(ddof=1) / 9, y.var(ddof=1) / 30], [8, 29])
    assert nu == pytest.approx(stats.ttest_ind(x, y, equal_var=False).df, rel=1e-12)


def test_satterthwaite_at_its_ends():
    assert blocks.satterthwaite([2.0, 0.0], [19, 4]) == pytest.approx(19)
    assert blocks.satterthwaite([1.0, 1.0], [np.inf, np.inf]) == np.inf
    assert blocks.satterthwaite([0.0, 0.0], [19, 4]) == 23
