"""Coverage of the score interval for kid's cubic kernel and for a Gaussian kernel, around the population MMD^2."""

import numpy as np
import pytest
from scipy.spatial import distance

from gan_probe.stats import u_statistic


def cubic(a, b):
    root = a @ b.T / a.shape[1] + 1
    return root * root * root


def gaussian(a, b):
    return np.exp(-distance.cdist(a, b, "sqeuclidean") / a.shape[1])


def interval(kernel, x, y):
    kxx, kyy, kxy = kernel(x, x), kernel(y, y), kernel(x, y)
    np.fill_diagonal(kxx, 0)
    np.fill_diagonal(kyy, 0)
    found = u_statistic.mmd_variances(
        rx=kxx.sum(axis=1),
        sxx=np.vdot(kxx, kxx),
        ry=kyy.sum(axis=1),
        syy=np.vdot(kyy, kyy),
        cx=kxy.sum(axis=1),
        cy=kxy.sum(axis=0),
        sxy=np.vdot(kxy, kxy),
    )
    return found.estimate, u_statistic.score_interval(*found)


def check(draw, coverage, kernel, law, n, m, replications):
    found = [interval(kernel, *draw(law, np.random.default_rng(seed), n, m)) for seed in range(replications)]
    truth = 0.0 if law.endswith("same") else np.mean([estimate for estimate, _ in found])  # unbiased
    coverage([interval for _, interval in found], truth, f"{kernel.__name__} {law} {n}x{m}")


@pytest.mark.parametrize("law", ["correlated", "digits_dropped", "correlated_same"])
@pytest.mark.parametrize("kernel", [cubic, gaussian])
def test_coverage(draw, coverage, kernel, law):
    check(draw, coverage, kernel, law, 150, 250, 200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(300, 300), (500, 250), (200, 1000)])
@pytest.mark.parametrize(
    ("kernel", "law"),
    [(cubic, law) for law in ("correlated", "collapsed", "digits_dropped", "correlated_same", "digits_same")]
    + [(gaussian, law) for law in ("heavy", "correlated", "collapsed", "digits_dropped", "heavy_same", "digits_same")],
)
def test_coverage_slow(draw, coverage, kernel, law, sizes):
    check(draw, coverage, kernel, law, *sizes, 1000)
