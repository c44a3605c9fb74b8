"""Inversion of linear decoders, whose best latents are least squares, and of uniform latents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from gan_probe.gans import gan, inversion

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(3, 12)).astype(np.float32)
DECODE = jax.tree_util.Partial(lambda weights, z: (z @ weights).reshape(-1, 4, 3), jnp.asarray(WEIGHTS))


def test_a_linear_decoder_is_inverted_to_least_squares():
    rows = RNG.normal(size=(5, 4, 3)).astype(np.float32)
    found = inversion.invert(gan.Latent(3), DECODE, rows, restarts=2, steps=300)
    best, residual, *_ = np.linalg.lstsq(WEIGHTS.T, rows.reshape(5, 12).T, rcond=None)
    np.testing.assert_allclose(found.normals, best.T, atol=2e-3)
    np.testing.assert_allclose(found.error, residual / 12, rtol=1e-4)
    np.testing.assert_allclose(found.log_density, scipy.stats.norm.logpdf(best.T).sum(axis=1), atol=0.02)
    assert found.every.shape == (2, 5) and (found.error == found.every.min(axis=0)).all()


def test_uniform_latents_stay_within_their_bounds():
    latent = gan.Latent(3, -1.0, 1.0)
    z = RNG.uniform(-0.9, 0.9, (6, 3)).astype(np.float32)
    found = inversion.invert(latent, DECODE, np.asarray(DECODE(z)), restarts=2, steps=300)
    np.testing.assert_allclose(inversion.latents(latent, found.normals), z, atol=5e-3)
    far = inversion.invert(latent, DECODE, np.asarray(DECODE(10 * z)), restarts=2, steps=300)
    assert np.abs(inversion.latents(latent, far.normals)).max() <= 1 and far.error.min() > 1


@pytest.mark.parametrize("latent", [gan.Latent(2), gan.Latent(2, -3.0, 1.0)])
def test_normal_numbers_give_the_law_of_the_latents(latent):
    truth = scipy.stats.norm() if latent.low is None else scipy.stats.uniform(-3, 4)
    key = jax.random.key(0)
    for found in (latent(key, 2_000), inversion.latents(latent, jax.random.normal(key, (2_000, 2)))):
        assert scipy.stats.kstest(np.ravel(found), truth.cdf).pvalue > 1e-4


def test_the_best_restart_is_kept():
    """Two valleys, of which the deeper one lies at z = 2: starts below 0 end in the other."""
    decode = jax.tree_util.Partial(lambda z: jnp.stack([z[:, 0] ** 2, 0.1 * z[:, 0]], axis=1))
    found = inversion.invert(gan.Latent(1), decode, np.array([[4.0, 0.2]], np.float32), restarts=8, steps=300)
    assert found.every.max() > 0.05 and found.error[0] < 1e-6
    assert found.normals[0, 0] == pytest.approx(2, abs=1e-2)
