"""beta* against the values of the paper's theorem, the half-collision size against the birthday problem."""

import numpy as np
import pytest
from scipy import optimize

from gan_probe.stats import first_collision


@pytest.mark.parametrize(
    ("size", "expected"),
    [(50, 1820), (100, 7247), (200, 28920), (300, 65021), (400, 115549), (500, 180503), (800, 461929), (1200, 1039140)],
)
def test_beta_star_table(size, expected):
    assert first_collision.beta_star(size) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(("size", "gamma"), [(80, 0.1), (400, 0.5), (400, 0.9)])
def test_beta_star_solves_the_bound(size, gamma):
    def excess(log_beta):
        return size**2 / (2 * np.exp(log_beta)) + size**3 / (6 * np.exp(2 * log_beta)) + np.log1p(-gamma)

    assert first_collision.beta_star(size, gamma) == pytest.approx(np.exp(optimize.brentq(excess, 1, 30)), rel=1e-9)


def all_edges(atoms):
    order = np.arange(len(atoms))
    i, j = np.nonzero(np.triu(atoms[:, None] == atoms, 1))
    return np.stack([order[i], order[j]], axis=1)


def test_uniform_source_gives_the_birthday_size():
    atoms = np.random.default_rng(0).integers(0, 1000, 3000)
    got = first_collision.half_collision_size(all_edges(atoms), 3000)
    assert got.interval.low <= np.sqrt(2 * np.log(2) * 1000) + 0.5 <= got.interval.high
    assert got.interval.low <= got.size <= got.interval.high


def test_matches_a_plain_loop_over_the_same_orders():
    atoms = np.random.default_rng(1).integers(0, 60, 50)
    rng, firsts = np.random.default_rng(5), []
    for _ in range(101):
        position = rng.permutation(50)
        seen = set()
        for count, sample in enumerate(np.argsort(position), start=1):
            if atoms[sample] in seen:
                firsts.append(count)
                break
            seen.add(atoms[sample])
    got = first_collision.half_collision_size(all_edges(atoms), 50, seed=5, permutations=101)
    assert got.size == np.median(firsts)


def test_one_edge_among_s():
    # The later of two uniform positions: median s / sqrt 2.
    got = first_collision.half_collision_size(np.array([[3, 900]]), 1000, permutations=2000)
    assert got.interval.low <= 707.1 <= got.interval.high


def test_no_edge():
    got = first_collision.half_collision_size(np.empty((0, 2), int), 500)
    assert got.size is None and got.interval[:2] == (500.0, None)


def test_order_statistics_hold_the_median():
    atoms = np.random.default_rng(0).integers(0, 400, 1000)
    edges = all_edges(atoms)
    truth = first_collision.half_collision_size(edges, 1000, seed=10**6, permutations=10_000).size
    hits = [
        found.interval.low <= truth <= found.interval.high
        for found in (first_collision.half_collision_size(edges, 1000, seed=s, permutations=100) for s in range(150))
    ]
    assert np.mean(hits) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150)
