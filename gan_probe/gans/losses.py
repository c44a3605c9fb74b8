"""Adversarial losses apart from networks: what a discriminator's logit of one image costs either player.

The f-divergences are those of Nowozin et al. 2016 (f-GAN, tables 2 and 6; thesis 004, section 2.2.1): with
T = g_f(logit) the discriminator raises E_real[T] - E_fake[f*(T)], a lower bound of D_f(real || fake) that is tight at
T = f'(real / fake).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["LOSSES", "Loss", "cross_entropy", "gradient_penalty"]

PerImage = Callable[[jax.Array], jax.Array]


class Loss(NamedTuple):
    """Costs per image, logits [b] to [b]: the discriminator's of a real and of a generated one, and the generator's."""

    real: PerImage
    fake: PerImage
    generator: PerImage


def _f_gan(activation: PerImage, conjugate: PerImage) -> Loss:
    """The generator raises E_fake[T], f-GAN's form that does not saturate (its section 3.2)."""
    return Loss(
        real=lambda logits: -activation(logits),
        fake=lambda logits: conjugate(activation(logits)),
        generator=lambda logits: -activation(logits),
    )


def _negative(logits: jax.Array) -> jax.Array:
    return -logits


def _identity(logits: jax.Array) -> jax.Array:
    return logits


_softplus = jax.nn.softplus
_real, _fake = (lambda logits: _softplus(-logits)), _softplus  # cross-entropy of labels 1 and 0

LOSSES: Mapping[str, Loss] = {
    # Goodfellow et al. 2014: at its best the discriminator's loss is 2 ln 2 - 2 JS(real, fake).
    "js": Loss(_real, _fake, lambda logits: -_softplus(logits)),
    "non_saturating": Loss(_real, _fake, _real),
    "wasserstein": Loss(_negative, _identity, _negative),
    "least_squares": Loss(lambda l: 0.5 * (l - 1) ** 2, lambda l: 0.5 * l**2, lambda l: 0.5 * (l - 1) ** 2),
    "kl": _f_gan(_identity, lambda t: jnp.exp(t - 1)),
    "reverse_kl": _f_gan(lambda l: -jnp.exp(-l), lambda t: -1 - jnp.log(-t)),
    "pearson": _f_gan(_identity, lambda t: 0.25 * t**2 + t),
    "hellinger": _f_gan(lambda l: 1 - jnp.exp(-l), lambda t: t / (1 - t)),
    "total_variation": _f_gan(lambda l: 0.5 * jnp.tanh(l), _identity),
}


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Mean cross-entropy of logits [b, c] and classes int32 [b], in nats."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()


def gradient_penalty(
    critic: Callable[[jax.Array], jax.Array], real: jax.Array, fake: jax.Array, key: jax.Array
) -> jax.Array:
    """mean (|grad critic(x)|_2 - 1)^2 at one random point x of each line from a real image to a generated one.

    Gulrajani et al. 2017, eq 3; `critic` maps rows [b, ...] to values [b], each from its own row alone.
    """
    share = jax.random.uniform(key, (len(real), *(1,) * (real.ndim - 1)))
    points = real + share * (fake - real)
    gradients = jax.grad(lambda x: critic(x).sum())(points).reshape(len(real), -1)
    norms = jnp.sqrt(jnp.sum(gradients**2, axis=1) + 1e-12)  # a gradient of 0 has no direction to be raised in
    return jnp.mean((norms - 1) ** 2)
