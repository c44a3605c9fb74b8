"""Coverage of class fractions and of total variation on multinomials: even, skewed, with dropped classes, identical."""

import numpy as np
import pytest

from gan_probe import types
from gan_probe.stats import proportion

EVEN = np.full(10, 0.1)
ZIPF = (1 / np.arange(1, 26)) / np.sum(1 / np.arange(1, 26))
DROPPED = np.where(np.isin(np.arange(10), (3, 7)), 0, 1 / 8)
MANY = np.full(100, 0.01)
TILTED = MANY * np.where(np.arange(100) % 2, 1.3, 0.7)
LAWS = {
    "even-dropped": (EVEN, DROPPED),
    "zipf-reversed": (ZIPF, ZIPF[::-1]),
    "even-even": (EVEN, EVEN),
    "zipf-zipf": (ZIPF, ZIPF),
    "many-many": (MANY, MANY),
    "many-tilted": (MANY, TILTED),
    "one class": (np.eye(10)[0], np.eye(10)[0]),
    "nearly one": (0.995 * np.eye(10)[0] + 0.0005, 0.98 * np.eye(10)[0] + 0.002),
    "two classes": (np.array([0.5, 0.5]), np.array([0.53, 0.47])),
}


def said(right):
    """An interval that holds 1 where something right was said."""
    return types.Interval(0.0, float(right), None, "", "conservative")


def check(coverage, law, n, m, replications):
    p, q = LAWS[law]
    rng = np.random.default_rng(0)
    truth = np.abs(p - q).sum() / 2
    intervals, together, faint = [], [], []
    for _ in range(replications):
        real, fake = rng.multinomial(n, p), rng.multinomial(m, q)
        intervals.append(proportion.compare_classes(real=real, fake=fake).interval)
        at_once = proportion.clopper_pearson(fake)
        together.append(said(np.all((at_once.low <= q) & (q <= at_once.high))))
        # A set with half the share of real in every class but the first: none of these is below it.
        half = rng.multinomial(m, np.append(1 - p[1:].sum() / 2, p[1:] / 2))
        both = (proportion.clopper_pearson(counts) for counts in (real, half))
        faint.append(proportion.faint(**dict(zip(("real", "fake"), both, strict=True)))[0].any())
    coverage(intervals, truth, f"total variation {law} {n}x{m}")
    coverage(together, 1.0, f"class fractions together {law} {n}x{m}")
    assert np.mean(faint) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(faint)), "classes at half their share called faint"


@pytest.mark.parametrize("law", LAWS)
def test_coverage(coverage, law):
    check(coverage, law, 500, 300, 200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(500, 500), (2000, 300), (100, 1000)])
@pytest.mark.parametrize("law", LAWS)
def test_coverage_slow(coverage, law, sizes):
    check(coverage, law, *sizes, 1000)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5])
def test_wilson_covers(coverage, share):
    counts = np.random.default_rng(1).binomial(400, share, 1000)
    coverage([proportion.wilson(k, 400) for k in counts], share, f"Wilson {share}")
