"""Fully connected generators and discriminators: the first GAN's, those of two-dimensional laws, GAN-10 and GAN-50."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

__all__ = ["ACTIVATIONS", "Encoder", "Generator", "MaxoutDiscriminator", "Perceptron", "uniform"]

ACTIVATIONS: Mapping[str, Callable[[jax.Array], jax.Array]] = {"relu": linen.relu, "tanh": jnp.tanh}


class Generator(linen.Module):
    """Latents [b, z] to rows [b, *shape] through hidden layers of `widths`; in -1..1 where `bounded`.

    1,149,904 parameters for GAN-10's decoder: z 10, widths 64, 256, 256, 1024, 784 pixels (Wu et al. 2017).
    """

    shape: tuple[int, ...]
    widths: Sequence[int]
    activation: str = "relu"
    bounded: bool = True
    weights: Any = linen.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        x = z
        for i, width in enumerate(self.widths):
            x = linen.Dense(width, kernel_init=self.weights, dtype=self.dtype, name=f"hidden{i}")(x)
            x = ACTIVATIONS[self.activation](x)
        x = linen.Dense(math.prod(self.shape), kernel_init=self.weights, dtype=self.dtype, name="row")(x)
        x = x.astype(jnp.float32).reshape(-1, *self.shape)
        return jnp.tanh(x) if self.bounded else x


class Encoder(linen.Module):
    """Rows [b, ...] to mean and log-variance of their latents, [b, z] each.

    218,708 parameters for VAE-10's: 784 pixels, widths 256, 64, z 10 (Wu et al. 2017).
    """

    latent: int
    widths: Sequence[int]
    activation: str = "tanh"
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, rows: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        x = rows.reshape(len(rows), -1)
        for i, width in enumerate(self.widths):
            x = ACTIVATIONS[self.activation](linen.Dense(width, dtype=self.dtype, name=f"hidden{i}")(x))
        x = linen.Dense(2 * self.latent, dtype=self.dtype, name="latent")(x)
        mean, log_variance = jnp.split(x.astype(jnp.float32), 2, axis=1)
        return mean, log_variance


class Perceptron(linen.Module):
    """Rows [b, ...] to logits [b]; dropout before every layer: `dropped` of the input, then of hidden ones."""

    widths: Sequence[int]
    activation: str = "relu"
    dropped: tuple[float, float] = (0.0, 0.0)
    weights: Any = linen.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, rows: jax.Array, *, train: bool) -> jax.Array:
        x = rows.reshape(len(rows), -1)
        for i, width in enumerate(self.widths):
            x = linen.Dropout(self.dropped[i > 0], deterministic=not train)(x)
            x = linen.Dense(width, kernel_init=self.weights, dtype=self.dtype, name=f"hidden{i}")(x)
            x = ACTIVATIONS[self.activation](x)
        x = linen.Dropout(self.dropped[1], deterministic=not train)(x)
        return linen.Dense(1, kernel_init=self.weights, dtype=self.dtype, name="logit")(x)[:, 0].astype(jnp.float32)


class MaxoutDiscriminator(linen.Module):
    """Rows [b, ...] to logits [b]: two maxout layers with dropout .2 and .5 (Goodfellow et al. 2014, mnist.yaml)."""

    width: int = 240
    pieces: int = 5
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, rows: jax.Array, *, train: bool) -> jax.Array:
        x = rows.reshape(len(rows), -1)
        for i, dropped in enumerate((0.2, 0.5)):
            x = linen.Dropout(dropped, deterministic=not train)(x)
            init = uniform(0.005)
            x = linen.Dense(self.width * self.pieces, kernel_init=init, dtype=self.dtype, name=f"hidden{i}")(x)
            x = x.reshape(len(x), self.width, self.pieces).max(axis=2)
        x = linen.Dropout(0.5, deterministic=not train)(x)
        return linen.Dense(1, kernel_init=uniform(0.005), dtype=self.dtype, name="logit")(x)[:, 0].astype(jnp.float32)


def uniform(reach: float):
    """Initial weights in -reach..reach."""

    def init(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, **_: Any) -> jax.Array:
        return jax.random.uniform(key, tuple(shape), dtype, -reach, reach)

    return init
