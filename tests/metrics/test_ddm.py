import numpy as np
import pytest
from scipy import special

from gan_probe import types
from gan_probe.metrics import ddm

D = 4


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    real, train = (rng.standard_normal((n, D)).astype(np.float32) + 2 for n in (90, 80))
    fake = (1.2 * rng.standard_normal((70, D)) + 2.2).astype(np.float32)
    fake[:10] = fake[10:20]  # copies count with their weight
    return {"real": real, "fake": fake, "train": train}


def log_mean(x, y, scale, squared):
    """ln mean_y exp(-D(x, y) / s) of every x, dense float64."""
    d = ((x[:, None].astype(np.float64) - y[None]) ** 2).sum(axis=-1)
    return special.logsumexp(-(d if squared else np.sqrt(d)) / scale, axis=1) - np.log(len(y))


@pytest.mark.parametrize("distance", ["squared", "euclidean"])
def test_against_scipy(estimate, sets, distance):
    scales = (1.0, 5.0)
    squared = distance == "squared"
    found = estimate(ddm.ddm(scale=scales, distance=distance), real=sets["real"], fake=sets["fake"])
    expected = [-log_mean(sets["real"], sets["fake"], s, squared).mean() for s in scales]
    assert found.value == pytest.approx(expected[0], rel=1e-5)
    assert [s["value"] for s in found.detail["scales"]] == pytest.approx(expected, rel=1e-5)

    found = estimate(ddm.ddm_relative(scale=scales, distance=distance), **sets)
    relative = [
        np.mean(log_mean(sets["train"], sets["real"], s, squared) - log_mean(sets["train"], sets["fake"], s, squared))
        for s in scales
    ]
    assert [s["value"] for s in found.detail["scales"]] == pytest.approx(relative, rel=1e-4)

    found = estimate(ddm.ddm_sum(scale=scales, distance=distance), **sets)
    both = [a + b for a, b in zip(expected, relative, strict=True)]
    assert [s["value"] for s in found.detail["scales"]] == pytest.approx(both, rel=1e-5)


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_effective_sample_size(estimate, sets, scale):
    found = estimate(ddm.ddm(scale=scale), real=sets["real"], fake=sets["fake"])
    d2 = ((sets["real"][:, None].astype(np.float64) - sets["fake"][None]) ** 2).sum(axis=-1)
    k = np.exp(-d2 / scale)
    expected = np.median(k.sum(axis=1) ** 2 / (k**2).sum(axis=1))
    assert found.detail["effective_sample_size"] == pytest.approx(expected, rel=1e-4)
    assert ("warning" in found.detail) == (expected < 20) == (scale < 1)


def test_median_scale_is_in_the_units_of_the_distance(estimate, given, sets):
    scale = given(real=sets["real"]).shape.scale
    squared = estimate(ddm.ddm(scale="median"), real=sets["real"], fake=sets["fake"])
    assert squared.detail["scales"][0]["scale"] == pytest.approx(scale)
    plain = estimate(ddm.ddm(scale="median", distance="euclidean"), real=sets["real"], fake=sets["fake"])
    assert plain.detail["scales"][0]["scale"] == pytest.approx(scale**0.5)
    expected = -log_mean(sets["real"], sets["fake"], scale**0.5, False).mean()
    assert plain.value == pytest.approx(expected, rel=1e-5)


def test_closed_form_of_gaussians(estimate):
    """E_y exp(-|x-y|^2/s) of y ~ N(m, v I): (s/(s+2v))^(d/2) exp(-|x-m|^2/(s+2v)); mean |x-m|^2 = d for x ~ N(m, I)."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((3000, 2)), rng.standard_normal((3000, 2))
    found = estimate(ddm.ddm(scale=4.0), real=real, fake=fake)
    expected = np.log((4 + 2) / 4) + 2 / (4 + 2)
    assert found.value == pytest.approx(expected, abs=6 * found.interval.stderr)


def test_dropped_mode_raises_it_and_floor_is_zero(estimate):
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.standard_normal((50, 2)), rng.standard_normal((50, 2)) + 8])
    full = np.concatenate([rng.standard_normal((50, 2)), rng.standard_normal((50, 2)) + 8])
    dropped = rng.standard_normal((100, 2))
    assert estimate(ddm.ddm(), real=real, fake=dropped).value > 10 + estimate(ddm.ddm(), real=real, fake=full).value
    point = np.zeros((30, 2))
    assert estimate(ddm.ddm(), real=point, fake=point).value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("switches", [{"distance": "cosine"}, {"scale": -1.0}, {"scale": "mean"}, {"scale": ()}])
def test_switches_are_checked(switches):
    for make in (ddm.ddm, ddm.ddm_relative, ddm.ddm_sum):
        with pytest.raises(types.UserError, match=next(iter(switches))):
            make(**switches)
