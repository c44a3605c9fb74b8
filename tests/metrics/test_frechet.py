import warnings

import numpy as np
import pytest
import scipy.linalg
from sklearn import datasets

from gan_probe import types
from gan_probe.metrics import frechet
from gan_probe.ops import moments


def fitted(x):
    x = np.asarray(x, np.float64)
    mean = x.mean(axis=0)
    return moments.Moments(len(x), mean, (x - mean).T @ (x - mean))


def fitted_apart(x):
    """Of every feature alone, ddof 0."""
    columns = np.asarray(x, np.float64).T
    return [moments.Moments(len(c) + 1, c.mean(keepdims=True), np.array([[len(c) * c.var()]])) for c in columns]


def by_sqrtm(x, y):
    """The textbook formula; NaN where SciPy's matrix square root gives up."""
    a, b = (np.atleast_2d(np.cov(np.asarray(z, np.float64), rowvar=False)) for z in (x, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = scipy.linalg.sqrtm(a @ b)
    if np.iscomplexobj(root):
        root = root.real if np.abs(np.diagonal(root).imag).max() < 1e-3 else np.full_like(root.real, np.nan)
    gap = np.mean(x, axis=0, dtype=np.float64) - np.mean(y, axis=0, dtype=np.float64)
    return float(gap @ gap + np.trace(a) + np.trace(b) - 2 * np.trace(root))


def test_unit_shift_in_2048_dimensions():
    """pytorch-fid's test: means 0 and 1, both covariances the identity, exactly 2048."""
    d = 2048
    real, fake = (moments.Moments(2, np.full(d, v), np.eye(d)) for v in (0.0, 1.0))
    assert frechet.distance(real, fake) == pytest.approx(2048, abs=1e-9)


GRID = [(n, d) for n in (2, 4, 16, 128, 2048) for d in (2, 4, 16, 64)] + [(128, 256), (2048, 256), (32768, 64)]
WHOLE_GRID = [(2**i, 2**j) for i in range(1, 16) for j in range(1, 9)]


@pytest.mark.parametrize(
    ("n", "d"), [pytest.param(n, d, marks=[] if (n, d) in GRID else pytest.mark.slow) for n, d in WHOLE_GRID]
)
def test_grid_against_sqrtm(n, d):
    """torch-fidelity's grid, seed 2023: never NaN, and SciPy's value to five places wherever it has one."""
    rng = np.random.RandomState(2023)
    x, y = rng.randn(n, d), rng.randn(n, d)
    found = frechet.distance(fitted(x), fitted(y))
    assert np.isfinite(found)
    expected = by_sqrtm(x, y)
    if np.isfinite(expected):
        assert found == pytest.approx(expected, abs=1e-5)


def test_the_case_that_was_nan(estimate):
    """torch-fidelity: four rows of four features, seed 1."""
    rng = np.random.RandomState(1)
    x, y = rng.randn(4, 4), rng.randn(4, 4)
    assert frechet.distance(fitted(x), fitted(y)) == pytest.approx(4.7538376175, abs=1e-7)
    assert estimate(frechet.frechet(), real=x, fake=y).value == pytest.approx(4.7538376175, rel=1e-6)


def test_value_of_compare_gan(estimate):
    """Rows of four corners: means (1.5, 1) and (5.5, 9), one column constant in each set."""
    x, y = np.ones((100, 2)), np.full((100, 2), 9.0)
    x[:50, 0] = y[50:, 0] = 2
    assert estimate(frechet.frechet(), real=x, fake=y).value == pytest.approx(89.091, abs=1e-3)


def test_value_of_tf_gan(estimate):
    """tf-gan: np.random.seed(0), two float32 sets of 512 x 256, more rows than features."""
    rng = np.random.RandomState(0)
    x, y = (rng.randn(512, 256).astype(np.float32) for _ in range(2))
    assert estimate(frechet.frechet(), real=x, fake=y).value == pytest.approx(65.7427236820, rel=1e-6)
    assert frechet.distance(fitted(x), fitted(y)) == pytest.approx(65.7427236820, rel=1e-9)


def test_simplified_values_of_tf_gan():
    """tf-gan: np.random.seed(0), float32 sets of 256 x 2048: of means alone, and of features each apart (ddof 0)."""
    rng = np.random.RandomState(0)
    x, y = (fitted_apart(rng.randn(256, 2048).astype(np.float32)) for _ in range(2))
    means = sum(frechet.distance(a._replace(scatter=b.scatter), b) for a, b in zip(x, y, strict=True))
    assert means == pytest.approx(14.991064, rel=1e-6)
    diagonal = sum(frechet.distance(a, b) for a, b in zip(x, y, strict=True))
    assert diagonal == pytest.approx(22.972427, rel=1e-6)


def test_fewer_rows_than_features(estimate):
    """Nuclear norm of the product of centred rows, against eigenvalues of a 512 x 512 product of rank 63."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 512)).astype(np.float32), rng.standard_normal((70, 512)).astype(np.float32) * 1.1
    found = estimate(frechet.frechet(), real=x, fake=y)
    assert found.value == pytest.approx(frechet.distance(fitted(x), fitted(y)), rel=1e-5)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(fitted(x).covariance @ fitted(y).covariance).real, 0))
    gap = fitted(x).mean - fitted(y).mean
    expected = gap @ gap + np.trace(fitted(x).covariance) + np.trace(fitted(y).covariance) - 2 * roots.sum()
    assert found.value == pytest.approx(expected, rel=1e-5)


def test_both_routes_agree_in_value_and_standard_error(estimate, monkeypatch):
    """The nuclear-norm route is right at any size: on many rows it must find what the d x d route finds."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((90, 5)), rng.standard_normal((70, 5)) @ rng.standard_normal((5, 5)) + 0.3
    primal = estimate(frechet.frechet(), real=x, fake=y)
    monkeypatch.setattr(frechet, "_small", lambda inputs: True)
    dual = estimate(frechet.frechet(), real=x, fake=y)
    assert primal.value == pytest.approx(dual.value, rel=1e-6)
    assert primal.interval.stderr == pytest.approx(dual.interval.stderr, rel=1e-5)


@pytest.mark.parametrize("n", [300, 50])
def test_equal_sets_are_at_distance_zero(estimate, n):
    """Not at what rounding leaves; pixels that never vary included."""
    x = datasets.load_digits().data[:n]
    found = estimate(frechet.frechet(), real=x, fake=x)
    assert (found.value, *found.interval[:3]) == (0, 0, 0, 0)
    apart = estimate(frechet.frechet(), real=x, fake=x + 1e-3 * np.random.default_rng(0).standard_normal(x.shape))
    assert apart.value > 0 and apart.interval.stderr > 0


def test_standard_error_is_the_jackknifes(estimate):
    """Influence functions against deleting one row after the other."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((300, 3)), 1.3 * rng.standard_normal((250, 3)) + 0.5
    found = estimate(frechet.frechet(), real=x, fake=y)
    without_x = [frechet.distance(fitted(np.delete(x, i, axis=0)), fitted(y)) for i in range(len(x))]
    without_y = [frechet.distance(fitted(x), fitted(np.delete(y, i, axis=0))) for i in range(len(y))]
    variance = sum((len(w) - 1) * np.var(w) for w in (without_x, without_y))
    assert found.interval.stderr == pytest.approx(np.sqrt(variance), rel=0.05)


def test_ddof(estimate):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 3)).astype(np.float32), 2 * rng.standard_normal((20, 3)).astype(np.float32)
    biased = (moments.Moments(len(z) + 1, fitted(z).mean, fitted(z).scatter) for z in (x, y))  # divides by n
    assert estimate(frechet.frechet(ddof=0), real=x, fake=y).value == pytest.approx(frechet.distance(*biased), rel=1e-5)
    with pytest.raises(types.UserError, match="ddof"):
        frechet.frechet(ddof=2)


def test_limit_takes_the_bias_out(estimate):
    """Equal laws in 20 dimensions: the usual value is far above 0, its limit near it."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((1000, 20)), rng.standard_normal((1000, 20))
    found = estimate(frechet.frechet_limit(), real=x, fake=y)
    assert found.detail["at_n"] == pytest.approx(by_sqrtm(x, y), rel=1e-4)
    assert found.detail["at_half"] > found.detail["at_n"] > 0.1
    assert found.value == pytest.approx(2 * found.detail["at_n"] - found.detail["at_half"])
    assert abs(found.value) < 0.3 * found.detail["at_n"]


def test_limit_refuses_halves_without_a_covariance(given):
    x = np.random.default_rng(0).standard_normal((100, 50))
    assert "pca" in frechet.frechet_limit().least(given(real=x, fake=x).shape)
