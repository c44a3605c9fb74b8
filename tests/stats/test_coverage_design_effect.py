"""Coverage of the accuracy of a 5-nearest-neighbour vote between two sets, around its mean at these sizes."""

import numpy as np
import pytest
from scipy.spatial import distance

from gan_probe.stats import design_effect

PARTS, RANK = 10, 3


def vote(x, y):
    """Accuracy, cells and rows of the cells, from dense distances; blocks are rows modulo 10 (draws are random)."""
    own = [distance.cdist(z, z, "sqeuclidean") for z in (x, y)]
    for d2 in own:
        np.fill_diagonal(d2, np.inf)
    cross = distance.cdist(x, y, "sqeuclidean")
    right, cells = [], np.zeros((PARTS, PARTS))
    part = np.arange(len(x)) % PARTS
    for inside, outside, turn in ((own[0], cross, False), (own[1], cross.T, True)):
        mine, theirs = (np.partition(d2, RANK - 1, axis=1)[:, RANK - 1] for d2 in (inside, outside))
        right.append(mine < theirs)
        theirs = np.stack([np.partition(outside[:, b::PARTS], RANK - 1, axis=1)[:, RANK - 1] for b in range(PARTS)])
        for a in range(PARTS):
            at = part == a
            mine = np.partition(inside[np.ix_(at, at)], RANK - 1, axis=1)[:, RANK - 1]
            found = (mine < theirs[:, at]).sum(axis=1)
            cells[(slice(None), a) if turn else a] += found
    rows = np.add.outer(np.bincount(part), np.bincount(part))
    return np.mean(right), cells / rows, rows


def check(draw, coverage, law, n, replications):
    found = [vote(*draw(law, np.random.default_rng(seed), n, n)) for seed in range(replications)]
    intervals = [
        design_effect.interval(value, 2 * n, design_effect.design_effect(cells, rows)) for value, cells, rows in found
    ]
    effects = [design_effect.design_effect(cells, rows) for _, cells, rows in found]
    coverage(intervals, float(np.mean([value for value, _, _ in found])), f"c2st {law} {n} phi {np.mean(effects):.2f}")


@pytest.mark.parametrize("law", ["correlated", "digits_dropped", "hubs", "heavy_same"])
def test_coverage(draw, coverage, law):
    check(draw, coverage, law, 150, 200)


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 300, 600])
@pytest.mark.parametrize(
    "law", ["heavy", "correlated", "collapsed", "hubs", "digits_dropped", "heavy_same", "correlated_same"]
)
def test_coverage_slow(draw, coverage, law, n):
    check(draw, coverage, law, n, 1000)
