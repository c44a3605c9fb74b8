"""AUC and Mann-Whitney against plain loops, SciPy and scikit-learn."""

import math

import numpy as np
import pytest
from scipy import special, stats
from sklearn import metrics

from gan_probe import types
from gan_probe.stats import ranks


def samples(n=40, m=60, rounded=False):
    rng = np.random.default_rng(0)
    x, y = rng.gamma(2, size=n), rng.gamma(2.6, size=m)
    return (np.round(x), np.round(y)) if rounded else (x, y)


@pytest.mark.parametrize("rounded", [False, True])
def test_auc_matches_scikit_learn(rounded):
    x, y = samples(rounded=rounded)
    labels = np.repeat([0, 1], [len(x), len(y)])
    assert ranks.auc(x=x, y=y).value == pytest.approx(metrics.roc_auc_score(labels, np.concatenate([x, y])), rel=1e-12)


@pytest.mark.parametrize("rounded", [False, True])
def test_interval_is_delong_on_the_logit_scale(rounded):
    x, y = samples(rounded=rounded)
    psi = np.array([[1.0 if b > a else 0.5 if a == b else 0.0 for b in y] for a in x])
    value = psi.mean()
    se = math.sqrt(np.var(psi.mean(axis=1), ddof=1) / len(x) + np.var(psi.mean(axis=0), ddof=1) / len(y))
    ends = special.expit(special.logit(value) + np.array([-1, 1]) * stats.norm.ppf(0.975) * se / (value * (1 - value)))
    got = ranks.auc(x=x, y=y).interval
    assert got.stderr == pytest.approx(se, rel=1e-10)
    np.testing.assert_allclose([got.low, got.high], ends, rtol=1e-10)


@pytest.mark.parametrize("rounded", [False, True])
def test_z_matches_scipy(rounded):
    x, y = samples(rounded=rounded)
    expected = stats.mannwhitneyu(y, x, use_continuity=False, method="asymptotic", alternative="greater")
    assert stats.norm.sf(ranks.mann_whitney_z(x=x, y=y)) == pytest.approx(expected.pvalue, rel=1e-9)


def test_copies_are_negative_and_below_one_half():
    x, y = np.full(30, 2.0) + np.arange(30), np.arange(40) / 100
    assert ranks.mann_whitney_z(x=x, y=y) < -6
    got = ranks.auc(x=x, y=y)
    assert got.value == 0 and got.interval.low == 0 and 0 < got.interval.high < 0.2
    mirrored = ranks.auc(x=y, y=x)
    assert mirrored.interval.high == 1 and mirrored.interval.low == pytest.approx(1 - got.interval.high)


def test_all_ties():
    got = ranks.auc(x=np.zeros(30), y=np.zeros(40))
    assert got.value == 0.5 and got.interval.kind == "conservative"
    assert got.interval.stderr == pytest.approx(math.sqrt(71 / (12 * 30 * 40)))
    assert ranks.mann_whitney_z(x=np.zeros(30), y=np.zeros(40)) == 0


def test_single_values_are_refused():
    with pytest.raises(types.UserError, match="two rows"):
        ranks.auc(x=np.zeros(1), y=np.zeros(5))
