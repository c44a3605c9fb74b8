"""The networks of BEGAN (Berthelot et al. 2017; carpedm20/BEGAN-tensorflow): 3x3 convolutions with ELU, no norm."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Autoencoder", "Generator"]

_xavier = linen.initializers.xavier_uniform()


class Generator(linen.Module):
    """Latents [b, z] to images [b, size, size, channels], unbounded; 1,716,611 parameters at 64 x 64 x 3, z 64."""

    size: int
    channels: int
    width: int = 128
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        del train
        blocks = _blocks(self.size)
        first = self.size >> (blocks - 1)
        x = linen.Dense(first**2 * self.width, kernel_init=_xavier, dtype=self.dtype, name="dense")(z)
        x = x.reshape(-1, first, first, self.width)
        for i in range(blocks):
            x = layers.nearest_twice(x) if i else x
            for j in range(2):
                x = linen.elu(_conv(x, self.width, 1, self.dtype, f"conv{2 * i + j}"))
        return _conv(x, self.channels, 1, self.dtype, "image").astype(jnp.float32)


class Autoencoder(linen.Module):
    """Images to images through a latent: BEGAN's discriminator; 13,405,379 parameters at 64 x 64 x 3, z 64."""

    latent: int
    width: int = 128
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        size, channels = images.shape[1], images.shape[3]
        x = linen.elu(_conv(images, self.width, 1, self.dtype, "conv0"))
        blocks = _blocks(size)
        for i in range(blocks):
            for j in range(3 if i < blocks - 1 else 2):
                x = linen.elu(_conv(x, self.width * (i + 1), 1 + (j == 2), self.dtype, f"conv{3 * i + j + 1}"))
        x = linen.Dense(self.latent, kernel_init=_xavier, dtype=self.dtype, name="latent")(x.reshape(len(x), -1))
        return Generator(size, channels, self.width, self.dtype, name="decoder")(x, train=train)


def _blocks(size: int) -> int:
    """Blocks from 8 pixels (7 where the image has 28) up to the image's size, doubling."""
    return {28: 3, 32: 3, 64: 4}[size]


def _conv(x: jax.Array, channels: int, stride: int, dtype: Any, name: str) -> jax.Array:
    return layers.Conv(channels, (3, 3), (stride,) * 2, kernel_init=_xavier, dtype=dtype, name=name)(x)
