"""Coverage of precision, recall, density and coverage around their expectation at these sizes."""

import numpy as np
import pytest
from scipy.spatial import distance

from gan_probe.stats import delete_block

K = 5


def neighbours(points):
    """The K nearest other points and the squared distance of the last one."""
    square = distance.cdist(points, points, "sqeuclidean")
    np.fill_diagonal(square, np.inf)
    index = np.argpartition(square, K - 1, axis=1)[:, :K]
    return index, np.take_along_axis(square, index, axis=1).max(axis=1)


def measure(x, y):
    """Replicates of the four metrics; blocks by position, since rows are drawn independently."""
    block_x, block_y = np.arange(len(x)) % 20, np.arange(len(y)) % 20
    one_x, one_y = np.eye(20)[block_x], np.eye(20)[block_y]
    square = distance.cdist(x, y, "sqeuclidean")
    (near_x, radius_x), (near_y, radius_y) = neighbours(x), neighbours(y)
    in_x = (square < radius_x[:, None]).astype(float)  # y in the ball of x
    in_y = (square < radius_y).astype(float)  # x in the ball of y
    by_y, counts = (in_x @ one_y).T, np.bincount(block_y)
    inside = delete_block.share_inside
    return {
        "precision": inside(one_x.T @ in_x, block_y, neighbours=near_x, ball_blocks=block_x),
        "recall": inside((in_y @ one_y).T, block_x, neighbours=near_y, ball_blocks=block_y),
        "density": delete_block.density(by_y, counts, neighbours=near_x, real_blocks=block_x),
        "coverage": delete_block.hit_share(by_y, block_x),
    }


def check(draw, coverage, law, n, m, replications):
    found = [measure(*draw(law, np.random.default_rng(seed), n, m)) for seed in range(replications)]
    for name in found[0]:
        truth = np.mean([one[name].value for one in found])
        intervals = [delete_block.interval(one[name], share=name != "density") for one in found]
        coverage(intervals, truth, f"{name} {law} {n}x{m}")


@pytest.mark.parametrize("law", ["heavy", "hubs"])
def test_coverage(draw, coverage, law):
    check(draw, coverage, law, 200, 300, 200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(500, 500), (500, 1000), (1000, 300)])
@pytest.mark.parametrize(
    "law",
    ["heavy", "correlated", "collapsed", "digits_dropped", "heavy_same", "correlated_same", "digits_same", "hubs"],
)
def test_coverage_slow(draw, coverage, law, sizes):
    check(draw, coverage, law, *sizes, 1000)
