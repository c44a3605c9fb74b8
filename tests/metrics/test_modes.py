import numpy as np
import pytest
from scipy import stats

from gan_probe.metrics import modes

CLASSES = ("ant", "bee", "cat", "dog")


@pytest.fixture
def judge(estimate):
    def compute(real, fake):
        labels = {"real": np.repeat(np.arange(4), real), "fake": np.repeat(np.arange(4), fake)}
        sets = {role: np.zeros((len(v), 2), np.float32) for role, v in labels.items()}
        return estimate(modes.modes(), **sets, classes=CLASSES, labels=labels)

    return compute


def test_total_variation_by_hand(judge):
    found = judge([40, 30, 20, 10], [10, 20, 30, 40])
    assert found.value == pytest.approx((0.3 + 0.1 + 0.1 + 0.3) / 2)
    assert found.detail["fake"] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert found.detail["real"] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    p, q = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
    # Unbiased: sum p^2 is estimated without a row meeting itself.
    own = sum(np.sum(100 * v * (100 * v - 1)) / 9900 for v in (p, q))
    assert found.detail["squared_distance"] == pytest.approx(own - 2 * p @ q)
    chi = stats.chi2_contingency([[40, 30, 20, 10], [10, 20, 30, 40]], correction=False)
    assert found.detail["chi_square"]["value"] == pytest.approx(chi.statistic)
    assert found.detail["chi_square"]["dof"] == chi.dof == 3
    assert found.detail["chi_square"]["p"] == pytest.approx(chi.pvalue)


def test_missing_and_faint_classes_are_named(judge):
    found = judge([250, 250, 250, 250], [480, 480, 40, 0]).detail
    assert found["missing"] == ["dog"]
    assert found["faint"] == ["cat", "dog"]
    # A class that may be absent by chance is not called missing.
    found = judge([97, 1, 1, 1], [100, 0, 0, 0]).detail
    assert found["missing"] == [] and found["faint"] == []


def test_equal_fractions_are_zero_below_the_null_expectation(judge):
    found = judge([25, 25, 25, 25], [50, 50, 50, 50])
    assert found.value == 0 and found.interval.low == 0
    assert found.detail["null_expectation"] > 0
    assert found.detail["chi_square"]["p"] == pytest.approx(1)


def test_sets_without_labels_have_a_reason(given):
    x = np.zeros((30, 2), np.float32)
    assert "label" in modes.modes().least(given(real=x, fake=x).shape)
