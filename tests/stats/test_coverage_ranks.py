"""Coverage of the AUC: heavy tails, unequal sizes, ties, almost separated samples, a memoriser of some rows."""

import numpy as np
import pytest
from scipy import stats

from gan_probe.stats import ranks


def cauchy(rng, n, m):
    return rng.standard_cauchy(n), 0.7 * rng.standard_cauchy(m) + 1


def same(rng, n, m):
    return rng.pareto(1.5, n), rng.pareto(1.5, m)


def tied(rng, n, m):
    return rng.poisson(1.0, n), rng.poisson(0.8, m)


def copies(rng, n, m):
    return rng.gamma(3, size=n), np.where(rng.random(m) < 0.3, 0.0, rng.gamma(3, size=m))


def separated(rng, n, m):
    return rng.standard_normal(n), rng.standard_normal(m) + 4.2  # AUC = Phi(4.2 / sqrt 2) = .9985


def truths():
    k = np.arange(60)
    x, y = stats.poisson.pmf(k, 1.0), stats.poisson.pmf(k, 0.8)
    grid = np.linspace(-2000, 2000, 2_000_001)
    cauchy_auc = np.trapezoid(stats.cauchy.cdf(grid) * stats.cauchy.pdf(grid, 1, 0.7), grid) + 0.7 / np.pi / 2000
    return {
        "cauchy": cauchy_auc,
        "same": 0.5,
        "tied": float(y @ (np.cumsum(x) - x / 2)),
        "copies": 0.7 * 0.5,
        "separated": stats.norm.cdf(4.2 / np.sqrt(2)),
    }


LAWS = {"cauchy": cauchy, "same": same, "tied": tied, "copies": copies, "separated": separated}


def check(coverage, law, n, m, replications):
    rng = np.random.default_rng(0)
    intervals = [ranks.auc(**dict(zip("xy", LAWS[law](rng, n, m), strict=True))).interval for _ in range(replications)]
    return coverage(intervals, truths()[law], f"AUC {law} {n}x{m}", one_sided=law == "separated")


@pytest.mark.parametrize("law", LAWS)
def test_coverage(coverage, law):
    check(coverage, law, 200, 500, 400)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(50, 50), (1000, 100), (500, 2000)])
@pytest.mark.parametrize("law", LAWS)
def test_coverage_slow(coverage, law, sizes):
    check(coverage, law, *sizes, 1000)
