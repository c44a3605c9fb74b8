import numpy as np
import pytest

from gan_probe.ops import moments
from gan_probe.stats import extrapolate


@pytest.mark.parametrize("n", [5, 203, 5000])
def test_against_numpy(n):
    rng = np.random.default_rng(n)
    x = (rng.standard_normal((n, 6)) @ rng.standard_normal((6, 6)) + 100).astype(np.float32)
    block = rng.integers(0, 4, n)
    halves = extrapolate.block_halvings(2, blocks=4)
    whole, parts = moments.block_moments(x, block, halves)

    def same(found, rows):
        assert found.rows == len(rows)
        if len(rows) < 2:
            return
        wide = rows.astype(np.float64)
        np.testing.assert_allclose(found.mean, wide.mean(axis=0), rtol=1e-6)
        reference = np.cov(wide, rowvar=False)
        np.testing.assert_allclose(found.covariance, reference, atol=3e-6 * np.abs(reference).max())

    same(whole, x)
    assert len(parts) == 4
    for h, half in enumerate(halves):
        same(parts[2 * h], x[half[block]])
        same(parts[2 * h + 1], x[~half[block]])


def test_one_row_has_no_scatter():
    x = np.array([[2.0, 3.0]], np.float32)
    whole, parts = moments.block_moments(x, np.zeros(1, int), np.zeros((0, 1), bool))
    assert parts == [] and whole.rows == 1
    np.testing.assert_allclose(whole.mean, [2, 3])
    np.testing.assert_allclose(whole.scatter, 0, atol=1e-6)


def test_a_large_mean_does_not_cancel():
    """Raw second moments in float32 would lose everything: mean 1e4, deviation 1e-2."""
    rng = np.random.default_rng(0)
    x = (1e4 + 0.01 * rng.standard_normal((500, 3))).astype(np.float32)
    whole, _ = moments.block_moments(x, np.zeros(500, int), np.zeros((0, 1), bool))
    np.testing.assert_allclose(whole.covariance, np.cov(x.astype(np.float64), rowvar=False), rtol=1e-3, atol=1e-8)


def test_second_moment_of_mapped_rows():
    x = np.random.default_rng(0).standard_normal((5000, 3)).astype(np.float32)
    found = moments.second_moment(x, lambda rows: np.concatenate([rows**2, rows[:, :1]], axis=1))
    z = np.concatenate([x**2, x[:, :1]], axis=1).astype(np.float64)
    np.testing.assert_allclose(found, z.T @ z / 5000, atol=1e-5)


def test_row_mean_is_summed_in_float64():
    x = np.concatenate([np.full((9000, 1), 1e8), np.ones((9000, 1))]).astype(np.float32)
    np.testing.assert_allclose(moments.row_mean(x), [(1e8 + 1) / 2], rtol=1e-7)
