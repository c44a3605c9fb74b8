"""The permutation-invariant networks of BiGAN on MNIST (Donahue et al. 2017; jeffdonahue/bigan, train_mnist.sh)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Discriminator", "Encoder", "Generator"]


class Generator(linen.Module):
    """Latents [b, z] to images [b, *shape] in -1..1: two layers, batch norm without gain and bias on the second."""

    shape: tuple[int, ...]
    width: int = 1024
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        x = linen.relu(_dense(z, self.width, self.dtype, "hidden0"))
        x = linen.relu(_normed(_dense(x, self.width, self.dtype, "hidden1"), train, self.dtype))
        x = _dense(x, math.prod(self.shape), self.dtype, "row").astype(jnp.float32)
        return jnp.tanh(x).reshape(-1, *self.shape)


class Encoder(linen.Module):
    """Images [b, ...] to latents [b, z]."""

    latent: int
    width: int = 1024
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = layers.leaky(_dense(images.reshape(len(images), -1), self.width, self.dtype, "hidden0"))
        x = layers.leaky(_normed(_dense(x, self.width, self.dtype, "hidden1"), train, self.dtype))
        return _dense(x, self.latent, self.dtype, "latent").astype(jnp.float32)


class Discriminator(linen.Module):
    """Pairs of images [b, ...] and latents [b, z], which enter at each layer, to logits [b]."""

    width: int = 1024
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, pair: tuple[jax.Array, jax.Array], *, train: bool) -> jax.Array:
        images, z = pair
        x = _dense(images.reshape(len(images), -1), self.width, self.dtype, "hidden0")
        x = layers.leaky(x + _dense(z, self.width, self.dtype, "latent0"))
        x = _dense(x, self.width, self.dtype, "hidden1") + _dense(z, self.width, self.dtype, "latent1")
        x = layers.leaky(_normed(x, train, self.dtype))
        logits = _dense(x, 1, self.dtype, "logit") + _dense(z, 1, self.dtype, "latent2")
        return logits[:, 0].astype(jnp.float32)


def _dense(x: jax.Array, width: int, dtype: Any, name: str) -> jax.Array:
    return linen.Dense(width, kernel_init=layers.wide, dtype=dtype, name=name)(x)


def _normed(x: jax.Array, train: bool, dtype: Any) -> jax.Array:
    return layers.batch_norm(train, name="norm1", use_scale=False, use_bias=False, dtype=dtype)(x)
