import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import ddm


def by_loops(real, fake, scale, squared):
    """Eq 3.3, one pair after the other; a row meets itself."""

    def kernel(a, b):
        d2 = float(((a.astype(np.float64) - b.astype(np.float64)) ** 2).sum())
        return np.exp(-(d2 if squared else d2**0.5) / scale)

    total = 0.0
    for x in real:
        own = sum(kernel(x, other) for other in real) / len(real)
        total += np.log(own / (sum(kernel(x, y) for y in fake) / len(fake)))
    return total / len(real)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    real = rng.standard_normal((45, 4)).astype(np.float32) + 2
    fake = (1.2 * rng.standard_normal((38, 4)) + 2.2).astype(np.float32)
    real[:6], fake[:10] = real[6:12], fake[10:20]  # copies count with their weight
    return {"real": real, "fake": fake}


@pytest.mark.parametrize("distance", ["squared", "euclidean"])
def test_against_loops(estimate, sets, distance):
    found = estimate(ddm.gmm_kl(scale=(2.0, 7.0), distance=distance), **sets)
    expected = [by_loops(**sets, scale=s, squared=distance == "squared") for s in (2.0, 7.0)]
    assert [s["value"] for s in found.detail["scales"]] == pytest.approx(expected, rel=1e-5)
    assert found.value == found.detail["scales"][0]["value"]


def test_is_a_difference_of_two_ddm(estimate, sets):
    """004: the numerator that eq 3.4 drops is ddm of real against itself."""
    kl = estimate(ddm.gmm_kl(scale=3.0), **sets).value
    against_itself = estimate(ddm.ddm(scale=3.0), real=sets["real"], fake=sets["real"]).value
    assert kl == pytest.approx(estimate(ddm.ddm(scale=3.0), **sets).value - against_itself, rel=1e-5)


def test_orientation_and_duplicates(estimate, sets):
    """The roles are no mirror images, and every set twice over is the same set."""
    there = estimate(ddm.gmm_kl(), **sets).value
    back = estimate(ddm.gmm_kl(), real=sets["fake"], fake=sets["real"]).value
    assert abs(there - back) > 0.05
    twice = estimate(ddm.gmm_kl(), **{role: np.tile(x, (2, 1)) for role, x in sets.items()}).value
    assert twice == pytest.approx(there, rel=1e-5)


def test_scaling_features_and_scale_together_changes_nothing(estimate, sets):
    larger = {role: 10 * x for role, x in sets.items()}
    assert estimate(ddm.gmm_kl(scale=200.0), **larger).value == pytest.approx(
        estimate(ddm.gmm_kl(scale=2.0), **sets).value, rel=1e-4
    )


def test_closed_form_of_gaussians(estimate):
    """E_y exp(-|x-y|^2/s) of y ~ N(m, v I) is (s/(s+2v))^(d/2) exp(-|x-m|^2/(s+2v))."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((3000, 2)), 1.5 * rng.standard_normal((3000, 2)) + 0.5
    found = estimate(ddm.gmm_kl(scale=4.0), real=real, fake=fake)
    own = np.log(4 / (4 + 2)) - 2 / (4 + 2)
    other = np.log(4 / (4 + 4.5)) - (2 + 0.5) / (4 + 4.5)
    assert found.value == pytest.approx(own - other, abs=5 * found.interval.stderr)
    assert found.interval.stderr < 0.02


def test_a_row_meets_itself_at_zero_by_index(estimate):
    """Raw pixels at scale 1: rounding of the expansion would be several nats; all others are too far to matter."""
    rng = np.random.default_rng(0)
    real, fake = (rng.integers(0, 256, (30, 768)).astype(np.float32) for _ in range(2))
    d2 = ((real[:, None].astype(np.float64) - fake[None]) ** 2).sum(axis=-1)
    found = estimate(ddm.gmm_kl(), real=real, fake=fake)
    far = -np.log(np.mean(np.exp(-(d2 - d2.min(axis=1, keepdims=True))), axis=1)) + d2.min(axis=1)
    assert found.value == pytest.approx(np.mean(-np.log(30) + far), rel=1e-6)
    assert "rounds" in found.detail["warning"]


def test_constant_features_and_a_point(estimate):
    point = np.full((30, 3), 7.0)
    found = estimate(ddm.gmm_kl(), real=point, fake=point)
    assert found.value == pytest.approx(0, abs=1e-6) and found.interval.stderr == pytest.approx(0, abs=1e-6)


def test_switches_are_checked():
    with pytest.raises(types.UserError, match="distance"):
        ddm.gmm_kl(distance="cosine")
