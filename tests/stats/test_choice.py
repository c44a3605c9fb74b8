import numpy as np
import pytest

from gan_probe import types
from gan_probe.stats import choice

INTERVAL = types.Interval(4.0, 6.0, 0.5, "some", "exact")


def test_chance_of_two_is_that_of_their_difference():
    """Scores that differ by 0.1 on average, with a deviation of 1 a row: P(N(0.1, 1/100) > 0) = 0.8413."""
    rng = np.random.default_rng(1)
    difference = rng.standard_normal(100)
    difference = (difference - difference.mean()) / difference.std(ddof=1) + 0.1
    common = rng.standard_normal(100)
    assert choice.chances(np.stack([common + difference, common]))[0] == pytest.approx(0.8413, abs=0.04)


def test_a_certain_choice_adds_nothing():
    scores = np.stack([np.full(50, 1.0), np.full(50, 0.0)]) + np.random.default_rng(0).standard_normal(50)
    found = choice.widened(INTERVAL, np.array([5.0, 9.0]), scores)
    assert found[:3] == pytest.approx(INTERVAL[:3]) and found.kind == "conservative"


def test_an_even_choice_adds_half_the_squared_gap():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(60)
    noise -= noise.mean()
    found = choice.widened(INTERVAL, np.array([5.0, 7.0]), np.stack([noise + 1e-9, np.zeros(60)]))
    assert found.stderr == pytest.approx((0.25 + 0.5 * 4) ** 0.5, rel=0.05)
    assert (found.low + found.high) / 2 == 5 and found.high - 5 == pytest.approx(2 * found.stderr)


def test_equal_rows_and_approximate_intervals():
    found = choice.widened(INTERVAL._replace(kind="approximate"), np.array([5.0, 5.0]), np.zeros((2, 4)))
    assert found.stderr == 0.5 and found.kind == "approximate"
    assert choice.widened(INTERVAL._replace(low=5.0, high=5.0, stderr=0.0), np.ones(2), np.zeros((2, 4))).stderr == 0
