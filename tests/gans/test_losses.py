"""Losses against closed forms in float64 NumPy; the gradient penalty against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe.gans import losses

P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])  # real and generated law of three images
RATIO = P / Q

# Of each f-GAN loss: the divergence, and the logits at which its bound is tight (f-GAN, tables 1, 2 and 6).
TIGHT = {
    "kl": (np.sum(P * np.log(RATIO)), 1 + np.log(RATIO)),
    "reverse_kl": (np.sum(Q * np.log(1 / RATIO)), np.log(RATIO)),
    "pearson": (np.sum((Q - P) ** 2 / Q), 2 * (RATIO - 1)),
    "hellinger": (np.sum((np.sqrt(P) - np.sqrt(Q)) ** 2), 0.5 * np.log(RATIO)),
    "total_variation": (0.5 * np.sum(np.abs(P - Q)), 30 * np.sign(RATIO - 1)),
}


def discriminator_loss(name, logits):
    loss = losses.LOSSES[name]
    logits = jnp.asarray(logits, jnp.float32)
    return float(jnp.sum(P.astype(np.float32) * loss.real(logits)) + jnp.sum(Q.astype(np.float32) * loss.fake(logits)))


@pytest.mark.parametrize("name", TIGHT)
def test_f_gan_reaches_its_divergence_and_never_exceeds_it(name):
    divergence, best = TIGHT[name]
    assert -discriminator_loss(name, best) == pytest.approx(divergence, rel=1e-5)
    for shift in np.random.default_rng(0).normal(scale=0.5, size=(20, 3)):
        assert -discriminator_loss(name, best + shift) <= divergence + 1e-6


def test_the_discriminators_best_loss_is_the_jensen_shannon_divergence():
    """Goodfellow et al. 2014, theorem 1: 2 ln 2 - 2 JS, at the logit ln(p / q)."""
    mean = (P + Q) / 2
    js = 0.5 * np.sum(P * np.log(P / mean)) + 0.5 * np.sum(Q * np.log(Q / mean))
    for name in ("js", "non_saturating"):
        assert discriminator_loss(name, np.log(RATIO)) == pytest.approx(2 * np.log(2) - 2 * js, rel=1e-6)


LOGITS = np.array([-3.0, -0.5, 0.0, 2.0])
SIGMOID = 1 / (1 + np.exp(-LOGITS))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("js", np.log(1 - SIGMOID)),
        ("non_saturating", -np.log(SIGMOID)),
        ("wasserstein", -LOGITS),
        ("least_squares", 0.5 * (LOGITS - 1) ** 2),
        ("kl", -LOGITS),
        ("reverse_kl", np.exp(-LOGITS)),
        ("hellinger", np.exp(-LOGITS) - 1),
        ("total_variation", -0.5 * np.tanh(LOGITS)),
    ],
)
def test_the_generators_loss(name, expected):
    found = losses.LOSSES[name].generator(jnp.asarray(LOGITS, jnp.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_both_players_want_what_they_should(name):
    """A larger logit of a real image never costs the discriminator, of a generated one never the generator."""
    grid = jnp.linspace(-2, 0.9, 30)  # Pearson's and least squares' turn at their target
    loss = losses.LOSSES[name]
    assert (jnp.diff(loss.real(grid)) < 0).all() and (jnp.diff(loss.generator(grid)) < 0).all()


def test_extreme_logits_stay_finite():
    for name in ("js", "non_saturating", "wasserstein", "least_squares", "total_variation"):
        for cost in losses.LOSSES[name]:
            assert jnp.isfinite(cost(jnp.array([-1e4, 1e4]))).all()


def test_cross_entropy():
    logits, labels = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]]), np.array([1, 0])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(shares[[0, 1], labels]).mean()
    found = losses.cross_entropy(jnp.asarray(logits, jnp.float32), jnp.asarray(labels, jnp.int32))
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_the_gradient_penalty_against_finite_differences():
    """In float64 by hand: points on the lines, slopes by central differences."""
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(2, 6, 4, 1)).astype(np.float32)
    weights = rng.normal(size=(4, 3))
    key = jax.random.key(3)

    def critic(x, maths):
        return maths.tanh(x.reshape(len(x), -1) @ weights.astype(x.dtype)).sum(axis=1)

    share = np.asarray(jax.random.uniform(key, (6, 1, 1)), np.float64)
    assert 0 <= share.min() < share.max() <= 1
    points = real + share * (fake.astype(np.float64) - real)
    slopes = np.empty((6, 4))
    for j in range(4):
        step = np.zeros((4, 1))
        step[j] = 1e-5
        slopes[:, j] = (critic(points + step, np) - critic(points - step, np)) / 2e-5
    expected = np.mean((np.linalg.norm(slopes, axis=1) - 1) ** 2)
    found = losses.gradient_penalty(lambda x: critic(x, jnp), jnp.asarray(real), jnp.asarray(fake), key)
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_the_penalty_of_a_flat_critic_has_a_gradient():
    def penalty(scale):
        return losses.gradient_penalty(
            lambda x: scale * x.sum(axis=1), jnp.ones((2, 3)), jnp.zeros((2, 3)), jax.random.key(0)
        )

    assert jnp.isfinite(jax.grad(penalty)(0.0))
