import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import spectrum


def by_definition(x):
    """exp entropy of the covariance's eigenvalues."""
    w = np.linalg.eigvalsh(np.cov(np.asarray(x, np.float64), rowvar=False))
    p = w[w > 1e-12 * w.max()] / w.sum()
    return np.exp(-np.sum(p * np.log(p)))


def rows(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, d)) * np.linspace(0.3, 2, d) + 50).astype(np.float32)


@pytest.mark.parametrize(("n", "m", "d"), [(60, 45, 5), (60, 45, 80), (60, 45, 50)])
def test_against_the_covariance(estimate, n, m, d):
    """Both routes, and one of each; the mean is far from 0."""
    x, y = rows(n, d), rows(m, d, seed=1)
    found = estimate(spectrum.spectrum(), real=x, fake=y)
    assert found.value == pytest.approx(by_definition(y), rel=1e-5)
    assert found.detail["real"] == pytest.approx(by_definition(x), rel=1e-5)
    for role, z in (("real", x), ("fake", y)):
        w = np.sort(np.linalg.eigvalsh(np.cov(z.astype(np.float64), rowvar=False)))[::-1]
        listed = found.detail["eigenvalues"][role]
        np.testing.assert_allclose(listed, w[: len(listed)], atol=2e-5 * w[0])


@pytest.mark.parametrize("route", ["covariance", "rows"])
def test_dropped_directions(estimate, route):
    """Fake lacks two of ten directions of real, all ten of another basis."""
    rng = np.random.default_rng(0)
    d = 10 if route == "covariance" else 90
    basis = np.linalg.qr(rng.standard_normal((d, 10)))[0]
    scale = np.linspace(1, 3, 10)
    x, y = rng.standard_normal((80, 10)), rng.standard_normal((60, 10)) * scale
    x = np.linalg.qr(x - x.mean(axis=0))[0] * 79**0.5 * scale  # its principal directions are the basis itself
    y[:, 3], y[:, 7] = 0.05 * y[:, 3], 0
    found = estimate(spectrum.spectrum(), real=x @ basis.T, fake=y @ basis.T)
    assert found.detail["dropped"] == pytest.approx(0.2)
    assert estimate(spectrum.spectrum(floor=0.001), real=x @ basis.T, fake=y @ basis.T).detail["dropped"] == 0.1
    assert estimate(spectrum.spectrum(), real=y @ basis.T, fake=x @ basis.T).detail["dropped"] == 0


def test_equal_variances_count_every_direction(estimate):
    x = np.concatenate([np.eye(6), -np.eye(6)])
    found = estimate(spectrum.spectrum(), real=x, fake=7 * x + 3)
    assert found.value == pytest.approx(6, rel=1e-6)
    assert found.detail["ratio_to_real"]["value"] == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("d", [3, 30])
def test_constant_features_and_copies(estimate, d):
    """A constant feature is no direction; a set of copies has one direction at most, and dropped all of real's."""
    x = rows(20, d)
    x[:, 0] = 0.1
    copies = np.full((20, d), 0.1, np.float32)
    assert estimate(spectrum.spectrum(), real=x, fake=x).value == pytest.approx(by_definition(x), rel=1e-5)
    found = estimate(spectrum.spectrum(), real=x, fake=copies)
    assert found.value == 1 and found.interval[:3] == (1, 1, 0)
    assert found.detail["dropped"] == 1
    assert estimate(spectrum.spectrum(), real=copies, fake=x).detail["dropped"] == 0


@pytest.mark.parametrize("d", [4, 30])
def test_standard_error_is_the_jackknifes(estimate, d):
    n = 200 if d == 4 else 25
    y = rows(n, d).astype(np.float64)
    found = estimate(spectrum.spectrum(), real=y, fake=y)
    without = [by_definition(np.delete(y, i, axis=0)) for i in range(n)]
    # With fewer rows than features a deleted row takes a direction along, which no first order sees.
    assert found.interval.stderr == pytest.approx(np.sqrt((n - 1) * np.var(without)), rel=0.05 if d == 4 else 0.3)


def test_switch_is_checked():
    for floor in (0.0, 1.0):
        with pytest.raises(types.UserError, match="floor"):
            spectrum.spectrum(floor=floor)
