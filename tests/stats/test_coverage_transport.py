"""Coverage of the sliced Wasserstein distance's interval, around its mean at these sizes."""

import numpy as np
import pytest

from gan_probe.stats import transport


def check(draw, coverage, law, n, m, order, replications):
    found = []
    for seed in range(replications):
        x, y = draw(law, np.random.default_rng(seed), n, m)
        directions = np.random.default_rng(0).standard_normal((30, x.shape[1]))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        found.append(transport.transport(directions @ x.T, directions @ y.T, order))
    truth = float(np.mean([f.cost ** (1 / order) for f in found]))
    coverage([transport.interval(f, order) for f in found], truth, f"sliced W_{order} {law} {n}x{m}")


@pytest.mark.parametrize("law", ["correlated", "collapsed", "digits_dropped", "correlated_same"])
def test_coverage(draw, coverage, law):
    check(draw, coverage, law, 100, 150, 2, 200)


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("sizes", [(200, 200), (400, 200)])
@pytest.mark.parametrize(
    "law",
    ["heavy", "correlated", "collapsed", "hubs", "digits_dropped", "heavy_same", "correlated_same", "digits_same"],
)
def test_coverage_slow(draw, coverage, law, sizes, order):
    check(draw, coverage, law, *sizes, order, 1000)
