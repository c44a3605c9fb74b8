"""Coverage of the ddm family around its expectation at these sizes.

Heavy tails are taken with the plain distance: with the squared one and fewer than four moments log-mean-exps have no
variance, and no interval that rests on one can cover.
"""

import numpy as np
import pytest
from scipy.spatial import distance

from gan_probe.stats import two_sided

LAWS = ["heavy", "correlated", "collapsed", "digits_dropped", "heavy_same", "correlated_same"]
KERNELS = {
    "heavy": ("euclidean", 0.5),
    "correlated": ("sqeuclidean", 8.0),
    "collapsed": ("sqeuclidean", 2.0),
    "digits": ("sqeuclidean", 8.0),
}


def columns(rows, cols, metric, scale):
    block = np.arange(len(cols)) % 20  # rows are drawn independently: any assignment is random
    exponent = -distance.cdist(rows, cols, metric) / scale
    top = exponent.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):  # a block far from a row underflows to log 0
        partial = np.log(np.exp(exponent - top) @ np.eye(20)[block]) + top
    return two_sided.leave_block_out(partial.T, np.bincount(block))


def simulate(draw, law, n, m, replications):
    kernel = KERNELS[law.split("_")[0]]
    found = {"ddm": [], "ddm_relative": [], "ddm_sum": [], "gmm_kl": []}
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        pool, fake = draw(law, rng, n + n // 2, m)
        real, train = pool[:n], pool[n:]
        real_fake, train_real, train_fake = (
            columns(*pair, *kernel) for pair in ((real, fake), (train, real), (train, fake))
        )
        blocks = np.arange(n) % 20
        found["ddm"].append(two_sided.mean_interval(real_fake, sign=-1.0))
        found["ddm_relative"].append(two_sided.relative_interval(real=train_real, fake=train_fake))
        real_real = columns(real, real, *kernel)
        found["gmm_kl"].append(two_sided.self_relative_interval(real=real_real, fake=real_fake, real_blocks=blocks))
        found["ddm_sum"].append(
            two_sided.sum_interval(
                real_fake=real_fake, train_real=train_real, train_fake=train_fake, real_blocks=blocks
            )
        )
    return found


def check(draw, coverage, law, n, m, replications):
    for name, intervals in simulate(draw, law, n, m, replications).items():
        truth = np.mean([(i.low + i.high) / 2 for i in intervals])  # E_NM itself has no closed form here
        # Where both columns agree to first order only interactions are left, which are counted in full: wide by design.
        same = law.endswith("same") and name != "ddm"
        coverage(intervals, truth, f"{name} {law} {n}x{m}", one_sided=same)


@pytest.mark.parametrize("law", ["heavy", "correlated_same"])
def test_coverage(draw, coverage, law):
    check(draw, coverage, law, 200, 300, 200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(300, 300), (500, 250), (200, 1000)])
@pytest.mark.parametrize("law", LAWS)
def test_coverage_slow(draw, coverage, law, sizes):
    check(draw, coverage, law, *sizes, 1000)
