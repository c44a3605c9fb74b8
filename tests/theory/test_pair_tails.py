"""Shares of generators off their mean, and how m grows with p, by hand and on laws that are known."""

import math

import numpy as np
import pytest

from gan_probe.theory import pair_gap, pair_tails


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [([1, 0.1, 0.01], 100), ([1, 0.5, 0.01], None), ([1, 0.5, 0.2], math.nan), ([0.05, 0.02, 0.01], math.nan)],
)
def test_crossing(gaps, expected):
    found = pair_tails.crossing([10, 100, 1000], np.array(gaps), 0.1)
    if expected is None:
        assert 100 < found < 1000
        slope = math.log(0.5 / 0.01) / math.log(10)
        assert 0.5 * (found / 100) ** -slope == pytest.approx(0.1)
    else:
        assert found == pytest.approx(expected, nan_ok=True)


def test_a_tail_by_hand():
    values = np.array([0.0] * 48 + [1.0, -1.0])
    assert pair_tails.off(values, 0.5).mean() == 0.04 and not pair_tails.off(values, 1.5).any()
    assert pair_tails.bound(100, 0.5) == pytest.approx(2 * math.exp(-100 * 0.25 / math.log(10) ** 2))
    assert pair_tails.bound(1, 0.1) == 1


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_growth_of_a_power_law(exponent):
    """gap = eps p^a / m crosses eps at m = p^a."""
    counts, sizes = [10, 30, 90], [2, 10, 100, 1_000, 10_000]
    noise = np.random.default_rng(0).lognormal(0, 0.05, (3, 5, 12))
    gaps = 0.1 * np.array(counts)[:, None, None] ** exponent / np.array(sizes)[:, None] * noise
    value, low, high = pair_tails.growth(np.random.default_rng(1), gaps, counts, sizes, 0.1)
    assert low <= value <= high and value == pytest.approx(exponent, abs=0.1) and high - low < 0.2
    assert math.isnan(pair_tails.growth(np.random.default_rng(1), gaps[:1], counts[:1], sizes, 0.1)[0])


def test_near_linear_is_the_slope_of_the_theorem():
    def m(p):
        return p * math.log(p * pair_gap.RANGE * pair_gap.LIPSCHITZ / 0.1) ** 2

    slope = math.log(m(101) / m(99)) / math.log(101 / 99)
    assert pair_tails.steepest(100, 0.1) == pytest.approx(slope, rel=1e-3)
