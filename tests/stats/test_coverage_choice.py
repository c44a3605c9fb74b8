"""Coverage of a Parzen log-likelihood whose deviation is chosen on a tenth of the rows, around its expectation."""

import numpy as np
import pytest
from scipy import special
from scipy.spatial import distance

from gan_probe.stats import choice, two_sided

GRID = np.logspace(-1, 0, 10)
LAWS = ["correlated", "collapsed", "digits_dropped", "correlated_same", "digits_same"]


def simulate(draw, law, n, m, replications):
    found = {"given": [], "chosen": []}
    blocks = np.eye(20)[np.arange(m) % 20]
    for seed in range(replications):
        real, fake = draw(law, np.random.default_rng(seed), n, m)
        d2 = distance.cdist(real, fake, "sqeuclidean")
        held = np.arange(n) % 10 == 0  # rows are drawn independently: any tenth is random
        exponent = -d2[..., None] / (2 * GRID**2)
        normaliser = real.shape[1] * np.log(GRID * np.sqrt(2 * np.pi))
        density = (special.logsumexp(exponent, axis=1) - np.log(m) - normaliser).T
        best = int(density[:, held].mean(axis=1).argmax())
        with np.errstate(divide="ignore"):  # a block far from a row underflows to log 0
            top = exponent[~held, :, best].max(axis=1, keepdims=True)
            partial = np.log(np.exp(exponent[~held, :, best] - top) @ blocks) + top
        columns = two_sided.leave_block_out(partial.T, blocks.sum(axis=0))
        given = two_sided.mean_interval(
            two_sided.LeaveBlockOut(columns.f - normaliser[best], columns.without - normaliser[best])
        )
        found["given"].append(given)
        found["chosen"].append(choice.widened(given, density[:, ~held].mean(axis=1), density[:, held]))
    return found


def check(draw, coverage, law, n, m, replications):
    found = simulate(draw, law, n, m, replications)
    truth = np.mean([(i.low + i.high) / 2 for i in found["chosen"]])
    coverage(found["chosen"], truth, f"parzen {law} {n}x{m}")
    narrow = [i._replace(kind="approximate") for i in found["given"]]  # shown, not judged
    coverage(narrow, truth, f"parzen {law} {n}x{m}, the choice as given")


@pytest.mark.parametrize("law", ["digits_dropped"])
def test_coverage(draw, coverage, law):
    check(draw, coverage, law, 150, 200, 200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(300, 300), (500, 250), (200, 1000)])
@pytest.mark.parametrize("law", LAWS)
def test_coverage_slow(draw, coverage, law, sizes):
    check(draw, coverage, law, *sizes, 1000)
