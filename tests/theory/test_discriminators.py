"""The loss of the best discriminator against closed forms and samples; what cells see of memorised samples."""

import math

import numpy as np
import pytest
from scipy import stats

from gan_probe.theory import discriminators


def both(distance):
    x, p, s = discriminators.normals(distance)
    logit = np.log(p) - np.log(s)
    return discriminators.loss(x, p, s, logit), discriminators.jensen_shannon(x, p, s)


@pytest.mark.parametrize("distance", [0, 0.5, 2, 6, 20])
def test_the_loss_is_twice_jensen_shannon_less_two_logarithms(distance):
    loss, js = both(distance)
    np.testing.assert_allclose(loss, 2 * js - 2 * math.log(2), atol=1e-9)


def test_equal_and_disjoint_densities():
    np.testing.assert_allclose(both(0), [-2 * math.log(2), 0], atol=1e-9)
    np.testing.assert_allclose(both(20), [0, math.log(2)], atol=1e-9)
    np.testing.assert_allclose(both(0.01)[1], 0.01**2 / 8, rtol=1e-3)  # Fisher information / 8


def test_no_other_discriminator_is_better():
    x, p, s = discriminators.normals(1.0)
    np.testing.assert_allclose(discriminators.optimal(p, s), 1 / (1 + np.exp(x - 0.5)), atol=1e-12)
    best = discriminators.loss(x, p, s, 0.5 - x)
    for bump in (0.3 * np.sin(x), np.full_like(x, -0.1), np.where(x > 1, 0.2, 0)):
        assert discriminators.loss(x, p, s, 0.5 - x + bump) < best


def test_the_estimate_covers():
    rng, true = np.random.default_rng(0), both(1.5)[0]
    hits = 0
    for _ in range(400):
        value, stderr = discriminators.estimate(rng.standard_normal(300), rng.standard_normal(200) + 1.5, 1.5)
        hits += abs(value - true) < 1.96 * stderr
    assert stats.binomtest(hits, 400, 0.95).pvalue > 1e-3


def test_cells_by_hand():
    gap, js = discriminators.cell_gap(np.array([[0.5, 0.5], [1.0, 0.0]]))
    np.testing.assert_allclose(gap, [0, 0.5])
    np.testing.assert_allclose(js, [0, (math.log(4 / 3) + (math.log(2 / 3) + math.log(2)) / 2) / 2])


@pytest.mark.parametrize("cells", [16, 256])
def test_the_gap_shrinks_with_the_root_of_the_samples(cells):
    rng = np.random.default_rng(0)
    for samples in (20 * cells, 500 * cells):
        gap, _ = discriminators.cell_gap(discriminators.memorised(rng, cells, samples, 200))
        np.testing.assert_allclose(gap.mean(), discriminators.expected_cell_gap(cells, samples), rtol=0.05)
    few, _ = discriminators.cell_gap(discriminators.memorised(rng, cells, 1, 5))
    np.testing.assert_allclose(few, 1 - 1 / cells)


@pytest.mark.parametrize("intervals", [1, 2, 5])
def test_the_best_intervals_against_dynamic_programming(intervals):
    """Over all choices of k disjoint runs of samples; more than all of them gain no more."""
    points = np.sort(np.random.default_rng(intervals).random(40))
    n = len(points)
    out, inside = np.zeros(intervals + 1), np.full(intervals + 1, -np.inf)
    for i in range(n):
        length = points[i] - points[i - 1] if i else 0.0
        begun = out[:-1] + 1 / n
        inside = np.maximum(inside - length + 1 / n, np.concatenate([[-np.inf], begun]))
        out = np.maximum(out, inside)
    assert discriminators.interval_gap(points, intervals) == pytest.approx(out.max(), abs=1e-12)
    assert discriminators.interval_gap(points, n) == pytest.approx(1)
