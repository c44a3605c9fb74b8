"""Collision counts, dispersion and intervals against plain loops and SciPy."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.stats import collisions


def measure(atoms, blocks=20):
    """Degrees and leave-block-out betas of draws from a discrete law, samples in the order drawn."""
    _, index, counts = np.unique(atoms, return_inverse=True, return_counts=True)
    table = np.zeros((len(counts), blocks))
    np.add.at(table, (index, np.arange(len(atoms)) % blocks), 1)
    pairs = table.T @ table
    np.fill_diagonal(pairs, (table * (table - 1) / 2).sum(axis=0))
    sizes = np.bincount(np.arange(len(atoms)) % blocks, minlength=blocks)
    return collisions.count(counts[index] - 1, collisions.leave_block_out(pairs, sizes))


def plain_beta(atoms):
    hits = [a == b for a, b in itertools.combinations(atoms, 2)]
    return sum(hits) / len(hits)


def test_count_and_replicates_match_plain_loops():
    atoms = np.random.default_rng(0).integers(0, 30, 60)
    found = measure(atoms, blocks=6)
    assert found.beta == pytest.approx(plain_beta(atoms), rel=1e-14)
    assert found.pairs == 60 * 59 // 2 and found.collisions == round(found.beta * found.pairs)
    table = np.array(
        [
            [
                sum(atoms[i] == atoms[j] for i, j in itertools.product(range(a, 60, 6), range(b, 60, 6)) if i != j)
                for b in range(6)
            ]
            for a in range(6)
        ]
    )
    np.fill_diagonal(table, np.diag(table) // 2)
    got = collisions.leave_block_out(table, np.full(6, 10))
    expected = [plain_beta(np.delete(atoms, np.arange(b, 60, 6))) for b in range(6)]
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_dispersion_is_the_plug_in_of_triples():
    atoms = np.random.default_rng(0).zipf(1.6, 80)
    found = measure(atoms)
    triples = [a == b == c for a, b, c in itertools.combinations(atoms, 3)]
    gamma, beta = np.mean(triples), plain_beta(atoms)
    variance = 80 * 79 / 2 * (beta * (1 - beta) + 2 * 78 * max(gamma - beta**2, 0))
    assert found.dispersion == pytest.approx(max(1, variance / found.collisions), rel=1e-12)


def test_uniform_law_gives_garwood():
    found = collisions.Collisions(1000, 50, 499500, 50 / 499500, 1.0, 1 / 50, math.inf)
    got = collisions.beta_interval(found)
    np.testing.assert_allclose(
        np.array([got.low, got.high]) * 499500, [stats.gamma.ppf(0.025, 50), stats.gamma.ppf(0.975, 51)], rtol=1e-12
    )
    support = collisions.support_interval(found)
    np.testing.assert_allclose([support.low, support.high], [1 / got.high, 1 / got.low])


def test_no_collision_bounds_the_support_from_below_only():
    found = measure(np.arange(400))
    interval = collisions.support_interval(found)
    assert interval.high is None and interval.low == pytest.approx(400 * 399 / 2 / 3.69, rel=1e-3)
    assert "s^2/31 = 5161" in interval.method


def test_one_collision_still_has_two_ends():
    interval = collisions.beta_interval(measure(np.append(np.arange(400), 7)))
    assert 0 < interval.low < 1 / (401 * 200) < interval.high < 1


def test_ratio_has_the_ends_the_counts_allow():
    none, some = measure(np.arange(400)), measure(np.random.default_rng(0).integers(0, 900, 400))
    assert some.collisions > 50
    assert collisions.ratio_interval(fake=none, real=none)[:2] == (0.0, None)
    above = collisions.ratio_interval(fake=none, real=some)
    assert above.low == 0 and above.high == pytest.approx(
        3.689 / none.pairs / collisions.beta_interval(some).low, rel=1e-3
    )
    below = collisions.ratio_interval(fake=some, real=none)
    assert below.high is None and below.low == pytest.approx(1 / above.high)


def test_ratio_adds_log_variances():
    fake, real = (measure(np.random.default_rng(seed).integers(0, 300, 400)) for seed in (1, 2))
    got = collisions.ratio_interval(fake=fake, real=real)
    sd = math.sqrt(fake.dispersion / fake.collisions + real.dispersion / real.collisions)
    ends = fake.beta / real.beta * np.exp(np.array([-1, 1]) * 1.959964 * sd)
    np.testing.assert_allclose([got.low, got.high], ends, rtol=1e-6)


def test_too_few_samples_are_refused():
    with pytest.raises(types.UserError, match="three samples"):
        measure(np.arange(2))
