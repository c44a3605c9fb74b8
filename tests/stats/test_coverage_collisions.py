"""Coverage of beta, of the support and of ratios: discrete laws of known beta and a continuous one with a threshold."""

import numpy as np
import pytest
from scipy import spatial, special

from gan_probe.stats import collisions

UNIFORM = np.full(20_000, 1 / 20_000)
ZIPF = np.arange(1, 5001) ** -0.8 / np.sum(np.arange(1, 5001) ** -0.8)
HEAVY_ATOM = np.append(np.full(50_000, 0.98 / 50_000), 0.02)
TWO_SCALES = np.append(np.full(100, 0.3 / 100), np.full(100_000, 0.7 / 100_000))
CLASSES = np.append(np.full(30, 1 / 40), np.full(30_000, 0.25 / 30_000))
LAWS = {"uniform": UNIFORM, "zipf": ZIPF, "heavy atom": HEAVY_ATOM, "two scales": TWO_SCALES, "classes": CLASSES}


def measure(degrees, table):
    """table: [groups, 20] samples of each group (all colliding with each other) in each block."""
    pairs = table.T @ table
    np.fill_diagonal(pairs, (table * (table - 1) / 2).sum(axis=0))
    return collisions.count(degrees, collisions.leave_block_out(pairs, table.sum(axis=0)))


def discrete(rng, law, s):
    _, index, counts = np.unique(rng.choice(len(LAWS[law]), s, p=LAWS[law]), return_inverse=True, return_counts=True)
    table = np.zeros((len(counts), 20))
    np.add.at(table, (index, np.arange(s) % 20), 1)
    return measure(counts[index] - 1, table)


def gaussian_pairs(rng, s, radius=0.02):
    """Heavy-tailed points in the plane (x = sqrt of a Gamma mixture is avoided: beta has a closed form for normals)."""
    points = rng.standard_normal((s, 2))
    edges = spatial.KDTree(points).query_pairs(radius, output_type="ndarray")
    degrees = np.bincount(edges.ravel(), minlength=s)
    pairs = np.zeros((20, 20))
    a, b = edges[:, 0] % 20, edges[:, 1] % 20
    np.add.at(pairs, (a, b), 1)
    np.add.at(pairs, (b, a), a != b)
    return collisions.count(degrees, collisions.leave_block_out(pairs, np.bincount(np.arange(s) % 20)))


def check(coverage, law, s, replications):
    rng = np.random.default_rng(0)
    if law == "plane":
        found = [gaussian_pairs(rng, s) for _ in range(replications)]
        beta = -special.expm1(-(0.02**2) / 4)  # |x - y|^2 / 2 is chi-square with 2 degrees of freedom
    else:
        found = [discrete(rng, law, s) for _ in range(replications)]
        beta = float(np.sum(LAWS[law] ** 2))
    mean = np.mean([f.collisions for f in found])
    few = mean < 40  # the promise is conservative where some replications hold fewer than 20
    label = f"beta {law} s={s} (mean C {mean:.1f})"
    return coverage([collisions.beta_interval(f) for f in found], beta, label, one_sided=few)


@pytest.mark.parametrize("law", [*LAWS, "plane"])
@pytest.mark.parametrize("s", [400, 2000])
def test_coverage(coverage, law, s):
    check(coverage, law, s, 200)


@pytest.mark.slow
@pytest.mark.parametrize("law", [*LAWS, "plane"])
@pytest.mark.parametrize("s", [100, 200, 400, 800, 1600, 5000])
def test_coverage_slow(coverage, law, s):
    check(coverage, law, s, 1000)


def ratios(coverage, laws, sizes, replications):
    rng = np.random.default_rng(0)
    intervals = [
        collisions.ratio_interval(fake=discrete(rng, laws[0], sizes[0]), real=discrete(rng, laws[1], sizes[1]))
        for _ in range(replications)
    ]
    truth = float(np.sum(LAWS[laws[0]] ** 2) / np.sum(LAWS[laws[1]] ** 2))
    kinds = {interval.kind for interval in intervals}
    coverage(intervals, truth, f"ratio {laws} {sizes}", one_sided="conservative" in kinds)


PAIRS = [("uniform", "uniform"), ("zipf", "uniform"), ("two scales", "zipf"), ("heavy atom", "two scales")]


@pytest.mark.parametrize("laws", PAIRS)
def test_ratio_coverage(coverage, laws):
    ratios(coverage, laws, (500, 1000), 200)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(100, 100), (200, 500), (1000, 300), (3000, 3000)])
@pytest.mark.parametrize("laws", PAIRS)
def test_ratio_coverage_slow(coverage, laws, sizes):
    ratios(coverage, laws, sizes, 1000)
