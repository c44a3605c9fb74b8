"""Chances of collisions against enumeration, and the theorems against the numbers worked out by hand."""

import itertools
import math

import numpy as np
import pytest

from gan_probe.stats import collisions
from gan_probe.theory import birthday

ATOM = birthday.Law(np.array([0.1]), 1e9)


def uniform(points):
    return birthday.Law(np.zeros(0), points)


def test_chances_are_those_of_all_sequences():
    law = birthday.Law(np.array([0.4, 0.25, 0.1]), 2)  # five points
    p = np.array([0.4, 0.25, 0.1, 0.125, 0.125])
    for m, found in enumerate(birthday.no_collision(law, 6)):
        distinct = [p[list(s)].prod() for s in itertools.product(range(5), repeat=m) if len(set(s)) == m]
        np.testing.assert_allclose(found, sum(distinct), atol=1e-15)
        within = [math.prod(p[i] if i < 3 else 0.25 for i in s) for s in itertools.product(range(4), repeat=m)
                  if len({i for i in s if i < 3}) == sum(i < 3 for i in s)]  # fmt: skip
        np.testing.assert_allclose(birthday.inside(law.atoms, 6)[m], sum(within), atol=1e-15)
    np.testing.assert_allclose(birthday.beta(law), 1 / np.sum(p**2))


def test_twenty_three_people():
    assert birthday.half(uniform(365)) == 23
    np.testing.assert_allclose(1 - birthday.no_collision(uniform(365), 23)[23], 0.507297, atol=1e-6)
    assert birthday.no_collision(uniform(366), 367)[367] == 0


def test_the_square_of_s_is_two_logarithms_of_two_above_the_support():
    np.testing.assert_allclose(birthday.half(uniform(1e8)) ** 2 / 1e8, 2 * math.log(2), rtol=1e-3)


def test_theorem_1_fails_as_printed_and_holds_as_provable():
    truth = 1 - birthday.no_collision(ATOM, 20)[20]
    np.testing.assert_allclose(truth, 1 - 0.9**20 - 20 * 0.1 * 0.9**19, atol=1e-7)
    assert round(truth, 3) == 0.608 and birthday.theorem_1(20, 1, 0.1) > 0.99999999
    j = np.random.default_rng(0).binomial(20, 0.1, 400_000)
    np.testing.assert_allclose(birthday.provable_1(20, 1, 0.1), 1 - np.exp(-j * (j - 1) / 2).mean(), atol=3e-3)
    assert birthday.provable_1(20, 1, 0.1) < truth
    np.testing.assert_allclose(birthday.provable_1(50, 2000, 1), birthday.theorem_1(50, 2000, 1))


def test_theorem_2_bounds_no_points():
    law = birthday.Law(np.array([0.01]), 1e7)
    s = birthday.half(law)
    gamma = 1 - birthday.no_collision(law, s)[s]
    assert 20_000 < birthday.theorem_2(s, gamma, 0.999) < 21_000 < birthday.carriers(law, 0.999)
    assert birthday.carriers(law, 0.01) == 1 and birthday.carriers(law, 0.505) == 1 + 5e6
    assert birthday.theorem_2(s, gamma, 0.9) == math.inf


@pytest.mark.parametrize("law", [uniform(5000), birthday.zipf(4000, 0.5), birthday.Law(np.array([0.02]), 1e6)])
def test_wieners_bound(law):
    beta = birthday.beta(law)
    m = np.arange(2.0, 2 * math.sqrt(beta * math.log(beta)))
    before = birthday.no_collision(law, int(m[-1]))[1:-1]
    assert beta > 1000 and (np.log(before) >= birthday.wiener(m, beta)).all()


def test_samples_follow_their_law_and_collide_as_expected():
    law, rng = birthday.Law(np.array([0.05, 0.02]), 2000), np.random.default_rng(0)
    points = birthday.draw(rng, law, 100_000)
    share = np.bincount(points, minlength=2002) / 100_000
    np.testing.assert_allclose(share[:2], law.atoms, atol=3e-3)
    assert points.min() == 0 and points.max() == 2001
    drawn = [birthday.draw(rng, law, 300) for _ in range(200)]
    found = [birthday.all_pairs(d) for d in drawn]
    assert found[0].collisions == np.sum(np.triu(drawn[0][:, None] == drawn[0], 1))
    count, mean = np.array([f.collisions for f in found]), birthday.expected(law, 300)
    np.testing.assert_allclose(count.mean(), mean.pairs * mean.beta, atol=4 * count.std() / math.sqrt(200))
    np.testing.assert_allclose(count.var() / count.mean(), mean.dispersion, rtol=0.4)


def test_batches_and_all_pairs_at_the_same_number_of_samples():
    """Equal points: both cover, all pairs more narrowly. One heavy point: batches mistake it, all pairs do not."""
    rng = np.random.default_rng(1)
    for law, batches_cover in ((uniform(20_000), True), (ATOM, False)):
        s, beta = birthday.half(law), birthday.beta(law)
        gamma = 1 - birthday.no_collision(law, s)[s]
        by_batches = [birthday.batch_rule(hits, 60, s) for hits in rng.binomial(60, gamma, 100)]
        by_pairs = [
            collisions.support_interval(birthday.all_pairs(birthday.draw(rng, law, 60 * s))) for _ in range(100)
        ]
        covered, paired = (np.mean([i.low <= beta <= i.high for i in found]) for found in (by_batches, by_pairs))
        assert paired > 0.88 and (covered > 0.88 if batches_cover else covered < 0.1)
        if batches_cover:
            narrower = [
                math.log(b.high / b.low) / math.log(p.high / p.low) for b, p in zip(by_batches, by_pairs, strict=True)
            ]
            assert np.median(narrower) > 3
