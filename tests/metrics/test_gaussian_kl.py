import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.metrics import gaussian_kl
from gan_probe.metrics import metric as metric_lib
from gan_probe.ops import moments as moments_lib
from gan_probe.stats import squared_mean


def closed_form(mean_x, cov_x, mean_y, cov_y):
    """KL of two normal laws, with inverses and determinants as they stand."""
    inverse = np.linalg.inv(cov_y)
    gap = np.asarray(mean_y) - np.asarray(mean_x)
    logs = np.log(np.linalg.det(cov_y) / np.linalg.det(cov_x))
    return float(np.trace(inverse @ cov_x) + gap @ inverse @ gap - len(gap) + logs) / 2


class Bare(metric_lib.Inputs):
    """metric.Inputs of two arrays without layouts, for many small sets."""

    blocks = 20

    def __init__(self, *, real, fake):
        self._sets = {"real": real.astype(np.float32), "fake": fake.astype(np.float32)}
        self.shape = metric_lib.Shape({"real": len(real), "fake": len(fake)}, real.shape[1], 1.0)

    def features(self, role):
        return self._sets[role]

    def block(self, role):
        return np.arange(len(self._sets[role])) % self.blocks

    def kept(self, role, name, make):
        if name != "moments":
            return make()
        x = self._sets[role].astype(np.float64)
        return moments_lib.Moments(len(x), x.mean(axis=0), len(x) * np.cov(x, rowvar=False, ddof=0)), []


def moments(x):
    x = np.asarray(x, np.float64)
    return x.mean(axis=0), np.cov(x, rowvar=False)


def sets(n=80, m=70, d=4):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, d)) @ rng.standard_normal((d, d))
    return x.astype(np.float32), (1.3 * x.std() * rng.standard_normal((m, d)) + 0.7).astype(np.float32)


def test_plain_value_is_the_closed_form(estimate):
    x, y = sets()
    found = estimate(gaussian_kl.gaussian_kl(), real=x, fake=y)
    assert found.detail["plain"] == pytest.approx(closed_form(*moments(x), *moments(y)), rel=1e-5)
    back = estimate(gaussian_kl.gaussian_kl(), real=y, fake=x)
    assert back.detail["plain"] == pytest.approx(closed_form(*moments(y), *moments(x)), rel=1e-5)
    assert back.detail["plain"] != pytest.approx(found.detail["plain"], rel=0.1)


def test_orientation_by_sampling(estimate):
    """KL(real || fake) = E_real ln p_real - ln p_fake: a narrow fake is far worse than a wide one."""
    rng = np.random.default_rng(0)
    x, narrow, wide = rng.standard_normal((2000, 2)), 0.5 * rng.standard_normal((2000, 2)), None
    wide = 2 * rng.standard_normal((2000, 2))
    for fake, scale in ((narrow, 0.5), (wide, 2.0)):
        ratio = stats.norm.logpdf(x).sum(axis=1) - stats.norm.logpdf(x, scale=scale).sum(axis=1)
        assert estimate(gaussian_kl.gaussian_kl(), real=x, fake=fake).value == pytest.approx(ratio.mean(), rel=0.15)


def test_invariant_under_affine_maps(estimate):
    x, y = sets()
    a = np.array([[2.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 3, 1], [1, 0, 0, 1]])
    one = estimate(gaussian_kl.gaussian_kl(), real=x, fake=y)
    two = estimate(gaussian_kl.gaussian_kl(), real=x @ a + 5, fake=y @ a + 5)
    assert one.value == pytest.approx(two.value, rel=1e-4)
    # Blocks are cut by content: what they tell of the null variance differs.
    np.testing.assert_allclose(one.interval[:3], two.interval[:3], rtol=0.05)


@pytest.mark.parametrize("law", ["signs", "laplace"])
def test_bias_under_other_laws(law):
    """Lighter and heavier tails than a Gaussian's: Wishart's correction alone would leave -0.06 and 0.09."""
    rng = np.random.default_rng(1)
    metric = gaussian_kl.gaussian_kl()
    found = []
    for _ in range(300):
        x, y = (rng.laplace(size=(n, 5)) if law == "laplace" else rng.choice([-1.0, 1.0], (n, 5)) for n in (100, 80))
        found.append(metric.finish(Bare(real=x, fake=y + 0.001 * rng.standard_normal(y.shape))))
    assert abs(np.mean([f.detail["plain"] for f in found]) - 0.243) > 0.04  # Wishart's bias at these sizes
    assert abs(np.mean([f.value for f in found])) < 0.035


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_unbiased_under_gaussian_laws(shift):
    """Thirty rows of eight features: the plain value is several times too large, the mean of many is the truth."""
    rng = np.random.default_rng(0)
    metric = gaussian_kl.gaussian_kl()
    found = []
    for _ in range(400):
        y = 1.2 * rng.standard_normal((40, 6)) + shift
        found.append(metric.finish(Bare(real=rng.standard_normal((30, 6)), fake=y)))
    truth = closed_form(np.zeros(6), np.eye(6), np.full(6, shift), 1.44 * np.eye(6))
    values = np.array([f.value for f in found])
    assert abs(values.mean() - truth) < 4 * values.std() / 20
    assert np.mean([f.detail["plain"] for f in found]) > truth + 0.5


def test_influence_is_the_jackknifes(given):
    """First-order variance against deleting one row after the other from either set."""
    x, y = sets(n=400, m=300, d=3)
    found = gaussian_kl.gaussian_kl().finish(given(real=x, fake=y))
    assert found.interval.low > 0.3  # far from 0 the variance is the first-order one
    without_x = [closed_form(*moments(np.delete(x, i, axis=0)), *moments(y)) for i in range(len(x))]
    without_y = [closed_form(*moments(x), *moments(np.delete(y, i, axis=0))) for i in range(len(y))]
    variance = sum((len(w) - 1) * np.var(w) for w in (without_x, without_y))
    assert found.interval.stderr == pytest.approx(np.sqrt(variance), rel=0.06)


def test_forms_of_rows_are_those_of_float64(given):
    """Features that vary a hundred times less than others, a mean far from 0, blocks of 100 rows."""
    rng = np.random.default_rng(2)
    x, y = (rng.laplace(size=(2000, 3)) * [1, 0.1, 0.01] + shift for shift in (5, 5.02))
    inputs = given(real=x.astype(np.float32), fake=y.astype(np.float32))
    (mean_x, cov_x), (mean_y, cov_y) = (moments(inputs.features(role)) for role in ("real", "fake"))
    one, other = (gaussian_kl._whitened(inputs, role) for role in ("real", "fake"))
    across = (one.directions * one.roots).T @ (other.directions / other.roots)
    gap = ((mean_x - mean_y) @ other.directions) / other.roots
    found = gaussian_kl._forms(inputs, "real", one, across, across @ gap)
    a, inverse = inputs.features("real") - mean_x, np.linalg.inv(cov_y)
    np.testing.assert_allclose(found.own, np.einsum("ni,ij,nj->n", a, np.linalg.inv(cov_x), a), rtol=1e-4)
    np.testing.assert_allclose(found.other, np.einsum("ni,ij,nj->n", a, inverse, a), rtol=1e-4)
    np.testing.assert_allclose(found.along, a @ inverse @ (mean_x - mean_y), atol=1e-4)
    z = a @ np.linalg.inv(np.linalg.cholesky(cov_x)).T
    effects = np.concatenate([np.einsum("ni,nj->nij", z, z).reshape(2000, 9) / 2, z / 2**0.5], axis=1)
    sums = np.array([effects[inputs.block("real") == b].sum(axis=0) for b in range(20)])
    size = np.bincount(inputs.block("real"))
    assert found.null == pytest.approx(max(squared_mean.null_variance(sums @ sums.T, size), 4.5), rel=1e-4)
    assert found.null > 4.5


def test_too_few_rows_and_flat_sets_have_a_reason(given):
    x, y = sets()
    metric = gaussian_kl.gaussian_kl()
    assert "fake" in metric.least(given(real=x, fake=y[:8]).shape)
    assert metric.least(given(real=x, fake=y[:9]).shape) is None
    flat = y.copy()
    flat[:, 1] = 0.3
    for real, fake, name in ((x, flat, "fake"), (flat, y, "real"), (x, np.ones_like(y), "fake")):
        with pytest.raises(types.UserError, match=f"{name} are linearly dependent in float32.*pca"):
            metric.finish(given(real=real, fake=fake))


def test_heavy_tails_are_warned_of(estimate):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((300, 4)), rng.standard_t(3, (300, 4))
    assert "tails" in estimate(gaussian_kl.gaussian_kl(), real=x, fake=y).detail["warning"]
    assert "warning" not in estimate(gaussian_kl.gaussian_kl(), real=x, fake=2 * x).detail
