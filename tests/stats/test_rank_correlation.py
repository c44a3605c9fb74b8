"""Rank agreement: scipy's values, intervals that have width at perfect agreement, coverage, and contradictions."""

import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.stats import rank_correlation

RHO = 0.8
# A monotone map of either measure leaves ranks alone; only the copula matters. Each law has its tau by simulation.
LAWS = {
    "normal": lambda rng, m, n: _normal(rng, m, n),
    "student": lambda rng, m, n: _normal(rng, m, n) / np.sqrt(rng.chisquare(3, (m, 1, n)) / 3),
    "clayton": lambda rng, m, n: rng.exponential(size=(m, 2, n)) / rng.gamma(1 / 2, size=(m, 1, n)),
    "independent": lambda rng, m, n: rng.standard_normal((m, 2, n)),
}


def _normal(rng, m, n):
    x = rng.standard_normal((m, 2, n))
    x[:, 1] = RHO * x[:, 0] + np.sqrt(1 - RHO**2) * x[:, 1]
    return x


def test_values_are_scipys():
    a, b = np.array([1.0, 2, 3, 4, 5, 5]), np.array([2.0, 1, 4, 3, 6, 7])
    assert rank_correlation.rank_agreement(a, b)[0] == pytest.approx(stats.kendalltau(a, b).statistic)
    assert rank_correlation.rank_agreement(a, b, "spearman")[0] == pytest.approx(stats.spearmanr(a, b).statistic)


@pytest.mark.parametrize("coefficient", ["kendall", "spearman"])
def test_perfect_agreement_of_few_is_not_certainty(coefficient):
    lows = []
    for n in (4, 6, 12):
        a = np.arange(float(n))
        value, interval = rank_correlation.rank_agreement(a, a**3, coefficient)
        assert value == pytest.approx(1) and interval.high == 1
        lows.append(interval.low)
        mirrored = rank_correlation.rank_agreement(a, -a, coefficient)[1]
        assert mirrored.low == -1 and mirrored.high == pytest.approx(-interval.low, abs=0.1)
    assert lows == sorted(lows) and lows[0] < 0.3 and lows[-1] > 0.6


def test_low_end_at_perfect_agreement_by_its_definition():
    """At the low end, all of n things in the same order has a chance of about 2.5 %."""
    n = 6
    low = rank_correlation.rank_agreement(np.arange(n), np.arange(n))[1].low
    rng, rho = np.random.default_rng(5), np.sin(np.pi / 2 * low)
    x = rng.standard_normal((40_000, n))
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(x.shape)
    assert 0.012 < np.mean(np.all(x.argsort(axis=1) == y.argsort(axis=1), axis=1)) < 0.028


def check(coverage, law, n, coefficient, replications):
    rng = np.random.default_rng(1)
    big = LAWS[law](rng, 1, 20_000)[0]
    found = stats.kendalltau(*big) if coefficient == "kendall" else stats.spearmanr(*big)
    draws = LAWS[law](rng, replications, n)
    intervals = [rank_correlation.rank_agreement(a, b, coefficient)[1] for a, b in draws]
    coverage(intervals, found.statistic, f"{coefficient} {law} n={n}")


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("coefficient", ["kendall", "spearman"])
def test_coverage(coverage, law, coefficient):
    check(coverage, law, 6, coefficient, 300)


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 8, 20])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("coefficient", ["kendall", "spearman"])
def test_coverage_slow(coverage, law, n, coefficient):
    check(coverage, law, n, coefficient, 2000)


def test_contradictions_need_both_differences_beyond_noise():
    a, b = np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 1.0])
    small, large = np.full(3, 0.05), np.full(3, 1.0)
    assert rank_correlation.contradictions(a, b, a_stderr=small, b_stderr=small) == [(1, 2)]
    assert rank_correlation.contradictions(a, b, a_stderr=small, b_stderr=large) == []
    assert rank_correlation.contradictions(a, a, a_stderr=small, b_stderr=small) == []


def test_contradictions_are_rare_between_equal_orders():
    rng, truth = np.random.default_rng(2), np.array([0.0, 0.0, 0.0, 0.1, 0.2])
    error = np.full(5, 0.1)
    draws = truth + error * rng.standard_normal((400, 2, 5))
    seen = [rank_correlation.contradictions(a, b, a_stderr=error, b_stderr=error) for a, b in draws]
    assert np.mean([bool(s) for s in seen]) < 0.05


@pytest.mark.parametrize(("a", "text"), [([1, 2, 3], "4 or more"), ([1, 1, 1, 1], "no order")])
def test_bad_input_is_one_line(a, text):
    with pytest.raises(types.UserError, match=text):
        rank_correlation.rank_agreement(np.array(a, float), np.arange(len(a)))
