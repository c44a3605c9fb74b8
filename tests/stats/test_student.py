import numpy as np
import pytest
from scipy import stats

from gan_probe.stats import student


def test_against_scipy():
    values = np.random.default_rng(0).normal(3, 2, 12)
    found = student.mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.stderr == pytest.approx(stats.sem(values))


def test_covers():
    rng = np.random.default_rng(1)
    found = [student.mean_interval(rng.normal(1, 3, 6)) for _ in range(2_000)]
    assert 0.935 < np.mean([one.low < 1 < one.high for one in found]) < 0.965  # three deviations of a share


def test_one_value_has_no_interval():
    assert student.mean_interval(np.ones(1)).low is None
