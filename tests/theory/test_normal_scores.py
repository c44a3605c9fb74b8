"""DDM of normal laws against integrals, its least value by search, and what few points add against plain loops."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from gan_probe.theory import normal_scores


@pytest.mark.parametrize(("real", "fake"), [(1.0, 1.0), (2.0, 0.5), (0.5, 1.5)])
def test_ddm_of_normal_laws(real, fake):
    def seen(x):
        kernel = lambda y: math.exp(-((x - y) ** 2)) * stats.norm.pdf(y, scale=fake)  # noqa: E731
        return -math.log(integrate.quad(kernel, -12, 12, points=[0, x])[0])

    expected, _ = integrate.quad(lambda x: seen(x) * stats.norm.pdf(x, scale=real), -8 * real, 8 * real)
    assert normal_scores.ddm(real, fake, 1) == pytest.approx(expected, abs=1e-6)
    assert normal_scores.ddm(real, fake, 3) == pytest.approx(3 * expected, abs=1e-5)


@pytest.mark.parametrize("real", [0.3, 1.0, 3.0])
def test_the_best_generator(real):
    found = optimize.minimize_scalar(lambda fake: normal_scores.ddm(real, fake, 1), bounds=(0, 5), method="bounded")
    assert normal_scores.best(real) == pytest.approx(found.x, abs=1e-4)
    assert normal_scores.best(real) < real


def test_one_point_is_best_for_laws_narrower_than_the_kernel():
    assert normal_scores.best(0.7) == 0 and normal_scores.best(0.72) > 0


def test_excess_of_few_points():
    rng = np.random.default_rng(0)
    rows, points = rng.normal(size=(5, 2)), 1.5 * rng.normal(size=(7, 2))
    seen = np.mean([-math.log(np.mean([math.exp(-((x - y) ** 2).sum()) for y in points])) for x in rows])
    smooth = stats.multivariate_normal(cov=(1.5**2 + 0.5) * np.eye(2))
    of_law = np.mean([-math.log(math.pi * smooth.pdf(x)) for x in rows])
    assert normal_scores.excess(rows, points, 1.5) == pytest.approx(seen - of_law)
    many = normal_scores.excess(rows, 1.5 * rng.normal(size=(200_000, 2)), 1.5)
    assert abs(many) < 0.01
