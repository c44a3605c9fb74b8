"""Shares and class counts against SciPy and plain loops."""

import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.stats import proportion


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (7, 9), (500, 1000), (10, 10)])
def test_wilson_matches_scipy(k, n):
    expected = stats.binomtest(k, n).proportion_ci(method="wilson")
    got = proportion.wilson(k, n)
    np.testing.assert_allclose([got.low, got.high], [expected.low, expected.high], atol=1e-14)


def test_clopper_pearson_at_level_over_k_matches_scipy():
    counts = np.array([0, 1, 12, 87])
    values, low, high = proportion.clopper_pearson(counts)
    np.testing.assert_allclose(values, counts / 100)
    for i, count in enumerate(counts):
        expected = stats.binomtest(int(count), 100).proportion_ci(confidence_level=1 - 0.05 / 4, method="exact")
        np.testing.assert_allclose([low[i], high[i]], [expected.low, expected.high], atol=1e-12)


def test_clopper_pearson_of_one_full_class():
    _, low, high = proportion.clopper_pearson(np.array([50, 0]))
    assert high[0] == 1 and low[1] == 0 and 0 < low[0] < 1 and 0 < high[1] < 1


def test_total_variation_and_squared_distance():
    real, fake = np.array([5, 3, 0, 2]), np.array([1, 1, 4, 0])
    got = proportion.compare_classes(real=real, fake=fake)
    assert got.total_variation == pytest.approx(sum(abs(a / 10 - b / 6) for a, b in zip(real, fake, strict=True)) / 2)
    x, y = np.repeat(np.arange(4), real), np.repeat(np.arange(4), fake)
    same = lambda a: np.mean([a[i] == a[j] for i in range(len(a)) for j in range(len(a)) if i != j])  # noqa: E731
    assert got.squared_distance == pytest.approx(same(x) + same(y) - 2 * np.mean(x[:, None] == y))


def test_null_expectation_is_what_identical_laws_show():
    rng, share = np.random.default_rng(0), np.array([0.5, 0.2, 0.2, 0.1])
    found = [
        proportion.compare_classes(real=rng.multinomial(400, share), fake=rng.multinomial(150, share))
        for _ in range(400)
    ]
    tv, null = np.mean([f.total_variation for f in found]), np.mean([f.null_expectation for f in found])
    assert null == pytest.approx(tv, rel=0.1)
    p_values = [f.p_value for f in found]
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3
    z = np.mean([f.squared_distance for f in found]) / stats.sem([f.squared_distance for f in found])
    assert abs(z) < 4


def test_chi_square_matches_scipy_where_nothing_is_merged():
    real, fake = np.array([50, 30, 20, 0]), np.array([20, 40, 25, 0])
    got = proportion.compare_classes(real=real, fake=fake)
    expected = stats.chi2_contingency(np.stack([real, fake])[:, :3], correction=False)
    assert (got.chi_square, got.dof, got.p_value) == pytest.approx((expected.statistic, 2, expected.pvalue))


def test_rare_classes_are_merged():
    real, fake = np.array([50, 1, 30, 2, 1, 3]), np.array([60, 2, 20, 3, 1, 1])
    got = proportion.compare_classes(real=real, fake=fake)
    merged = np.array([[50, 30, 7], [60, 20, 7]])
    expected = stats.chi2_contingency(merged, correction=False)
    assert (got.chi_square, got.dof, got.p_value) == pytest.approx((expected.statistic, 2, expected.pvalue))


def test_single_class_has_an_interval_of_some_width():
    got = proportion.compare_classes(real=np.array([400, 0, 0]), fake=np.array([300, 0, 0]))
    assert got.total_variation == 0 and got.interval.low == 0
    assert 3 / 400 < got.interval.high < 10 / 300
    assert (got.chi_square, got.dof, got.p_value) == (0.0, 0, 1.0)


def test_disjoint_classes():
    got = proportion.compare_classes(real=np.array([400, 0]), fake=np.array([0, 300]))
    assert got.total_variation == 1 and got.interval.high == 1 and 0.95 < got.interval.low < 1


def test_unlabelled_sets_are_refused():
    with pytest.raises(types.UserError, match="two labelled rows"):
        proportion.compare_classes(real=np.array([1, 0]), fake=np.array([3, 3]))
