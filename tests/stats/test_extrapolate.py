"""Extrapolation by block halvings: exact on a 1/n bias, and the frechet_limit interval it serves."""

import numpy as np
import pytest
from scipy import linalg

from gan_probe import types
from gan_probe.stats import extrapolate


def test_halvings_are_distinct_balanced_and_seeded():
    first = extrapolate.block_halvings(5, blocks=20, seed=3)
    assert first.shape == (5, 20) and first.dtype == bool
    np.testing.assert_array_equal(first.sum(axis=1), 10)
    assert len(np.unique(first, axis=0)) == 5
    np.testing.assert_array_equal(first, extrapolate.block_halvings(5, blocks=20, seed=3))
    assert not np.array_equal(first, extrapolate.block_halvings(5, blocks=20, seed=4))
    np.testing.assert_array_equal(extrapolate.block_halvings(3, blocks=7).sum(axis=1), 3)


def test_each_block_falls_into_either_half_evenly():
    share = extrapolate.block_halvings(4000, blocks=20).mean(axis=0)
    assert np.abs(share - 0.5).max() < 5 * 0.5 / np.sqrt(4000)


def test_a_bias_of_order_one_over_n_is_removed():
    statistic = lambda n: 2.5 + 7 / n  # noqa: E731
    assert extrapolate.infinity(statistic(400), np.full((5, 2), statistic(200))) == pytest.approx(2.5, rel=1e-14)


def frechet(x, y):
    cx, cy = np.cov(x.T), np.cov(y.T)
    root = linalg.sqrtm(cx @ cy).real
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(cx) + np.trace(cy) - 2 * np.trace(root)


def influence(x, y):
    """2 dmu.a + a' (I - T) a for each row a of centred x, T the Gaussian transport map x -> y."""
    cx, cy = np.cov(x.T), np.cov(y.T)
    half = linalg.sqrtm(cx).real
    inverse = linalg.inv(half)
    transport = inverse @ linalg.sqrtm(half @ cy @ half).real @ inverse
    a = x - x.mean(0)
    return 2 * a @ (x.mean(0) - y.mean(0)) + np.sum(a @ (np.eye(len(cx)) - transport) * a, axis=1)


def limit(x, y, seed):
    first = extrapolate.block_halvings(5, seed=seed)
    in_x, in_y = (first[:, np.arange(len(a)) % 20] for a in (x, y))
    halves = [[frechet(x[i], y[j]), frechet(x[~i], y[~j])] for i, j in zip(in_x, in_y, strict=True)]
    value = extrapolate.infinity(frechet(x, y), np.array(halves))
    stderr = np.sqrt(np.var(influence(x, y)) / len(x) + np.var(influence(y, x)) / len(y))
    return value, types.Interval(value - 1.96 * stderr, value + 1.96 * stderr, stderr, "influence", "exact")


# Second-order laws: covariances of the generators of conftest.py, in closed form.
def population(law):
    lags = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    if law.startswith("correlated"):
        cx, cy = 0.9**lags, (0.9 if law.endswith("same") else 0.8) ** lags
    else:
        cx, cy = np.eye(5), 0.09 * np.eye(5)
    return np.trace(cx) + np.trace(cy) - 2 * np.trace(linalg.sqrtm(cx @ cy).real)


def check(draw, coverage, law, n, m, replications):
    found = [limit(*draw(law, np.random.default_rng(seed), n, m), seed) for seed in range(replications)]
    truth = population(law)
    values = np.array([value for value, _ in found])
    coverage([interval for _, interval in found], truth, f"frechet_limit {law} {n}x{m}", one_sided=law.endswith("same"))
    return values, truth


def test_coverage(draw, coverage):
    values, truth = check(draw, coverage, "correlated", 400, 300, 200)
    assert abs(values.mean() - truth) < 4 * values.std() / np.sqrt(200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(500, 500), (300, 1000)])
@pytest.mark.parametrize("law", ["correlated", "collapsed", "correlated_same"])
def test_coverage_slow(draw, coverage, law, sizes):
    check(draw, coverage, law, *sizes, 1000)
