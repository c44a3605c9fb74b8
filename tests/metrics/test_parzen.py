import numpy as np
import pytest
from sklearn import decomposition, neighbors

from gan_probe import types
from gan_probe.metrics import ddm, parzen


def by_scikit_learn(inputs, real, fake):
    """The best deviation for a tenth of real, the mean log-density of the others, and how many they are."""
    held = inputs.block("real") < 2

    def score(sigma, rows):
        return neighbors.KernelDensity(bandwidth=sigma).fit(fake).score_samples(rows).mean()

    best = max(parzen.GRID, key=lambda sigma: score(sigma, real[held]))
    return best, score(best, real[~held]), int((~held).sum())


def found_and_inputs(given, switches=None, **sets):
    metric, inputs = parzen.parzen(**(switches or {})), given(**sets)
    assert metric.least(inputs.shape) is None
    inputs.stream(metric)
    return metric.finish(inputs), inputs


@pytest.mark.parametrize(("n", "m", "dim"), [(90, 70, 3), (41, 200, 30)])
def test_against_scikit_learn(given, n, m, dim):
    rng = np.random.default_rng(0)
    real = (0.4 * rng.standard_normal((n, dim)) + 3).astype(np.float32)
    fake = (0.4 * rng.standard_normal((m, dim)) + 3.05).astype(np.float32)
    fake[:10] = fake[10:20]
    found, inputs = found_and_inputs(given, real=real, fake=fake)
    sigma, value, scored = by_scikit_learn(inputs, real.astype(np.float64), fake.astype(np.float64))
    assert found.detail["sigma"] == sigma and found.detail["scored"] == scored
    assert n / 8 > n - scored > n / 12
    assert found.value == pytest.approx(value, rel=1e-5)
    assert "warning" not in found.detail and not inputs.swept


@pytest.mark.parametrize("train", [True, False])
def test_principal_components_against_scikit_learn(given, train):
    """Fewer rows than features on one side, more on the other."""
    rng = np.random.default_rng(1)
    scales = 0.5 * 0.7 ** np.arange(40)
    real, fake, fitted = ((rng.standard_normal((n, 40)) * scales + 2).astype(np.float32) for n in (60, 50, 30))
    found, inputs = found_and_inputs(given, {"parzen_pca": 95.0}, real=real, fake=fake, train=fitted if train else None)
    pca = decomposition.PCA(n_components=0.95, svd_solver="full").fit((fitted if train else real).astype(np.float64))
    sigma, value, _ = by_scikit_learn(inputs, *(pca.transform(x.astype(np.float64)) for x in (real, fake)))
    assert found.detail["sigma"] == sigma
    assert found.value == pytest.approx(value, rel=1e-5, abs=1e-5)
    assert f"{pca.n_components_} components of 95 % variance of {'train' if train else 'real'}" in found.convention
    assert inputs.swept == [60 * 50]


def test_identity_with_ddm(given, estimate):
    """parzen = -ddm(s = 2 sigma^2) - d ln(sigma sqrt(2 pi)), over the rows that are scored."""
    rng = np.random.default_rng(2)
    real, fake = (0.5 * rng.standard_normal((80, 4)).astype(np.float32) for _ in range(2))
    found, inputs = found_and_inputs(given, real=real, fake=fake)
    sigma = found.detail["sigma"]
    other = estimate(ddm.ddm(scale=2 * sigma**2), real=real[inputs.block("real") >= 2], fake=fake)
    assert found.value == pytest.approx(-other.value - 4 * np.log(sigma * np.sqrt(2 * np.pi)), rel=1e-5)


@pytest.mark.parametrize(("scale", "word"), [(0.01, "smallest"), (30.0, "largest")])
def test_end_of_the_grid_is_told(given, scale, word):
    rng = np.random.default_rng(0)
    found, _ = found_and_inputs(
        given, real=scale * rng.standard_normal((60, 3)), fake=scale * rng.standard_normal((50, 3))
    )
    assert word in found.detail["warning"]


def test_equal_rows(given):
    """A density at its peak; principal components of it do not exist."""
    point = np.full((40, 3), 2.0)
    found, inputs = found_and_inputs(given, real=point, fake=point)
    assert found.value == pytest.approx(-3 * np.log(0.1 * np.sqrt(2 * np.pi)), abs=1e-4)
    with pytest.raises(types.UserError, match="all are equal"):
        parzen.parzen(parzen_pca=95.0).finish(inputs)


def test_switches_and_sizes_are_checked(given):
    with pytest.raises(types.UserError, match="parzen_pca"):
        parzen.parzen(parzen_pca=101.0)
    few = given(real=np.zeros((9, 2)), fake=np.zeros((9, 2)))
    assert "at least 10" in parzen.parzen().least(few.shape)
