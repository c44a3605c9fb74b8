"""Encoder and decoder of a convolutional VAE (yzwxx/vae-celebA, model_vae.py) with a linear log-variance."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Decoder", "Encoder"]


class Encoder(linen.Module):
    """Images [b, h, w, c] to mean and log-variance of their latents, [b, z] each: 5x5 convolutions of stride 2."""

    latent: int
    width: int = 64
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        x = images
        for i in range(len(layers.stage_sizes(images.shape[1])) - 1):
            x = layers.Conv(
                self.width << i, (5, 5), (2, 2), kernel_init=layers.wide, dtype=self.dtype, name=f"conv{i}"
            )(x)
            x = linen.relu(layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x))
        x = linen.Dense(2 * self.latent, kernel_init=layers.wide, dtype=self.dtype, name="latent")(
            x.reshape(len(x), -1)
        )
        mean, log_variance = jnp.split(x.astype(jnp.float32), 2, axis=1)
        return mean, log_variance


class Decoder(linen.Module):
    """Latents [b, z] to images [b, size, size, channels] in -1..1: from an eighth of the size up, 5x5 each."""

    size: int
    channels: int
    width: int = 32
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        sizes = layers.stage_sizes(self.size)[:4][::-1]
        widths = [8 * self.width, 8 * self.width, 4 * self.width, self.width]
        x = linen.Dense(sizes[0] ** 2 * widths[0], kernel_init=layers.wide, dtype=self.dtype, name="dense")(z)
        x = x.reshape(-1, sizes[0], sizes[0], widths[0])
        x = linen.relu(layers.batch_norm(train, name="norm0", dtype=self.dtype)(x))
        for i, size in enumerate(sizes[1:]):
            x = layers.conv_transpose(
                x, widths[i + 1], 5, size, kernel_init=layers.wide, dtype=self.dtype, name=f"deconv{i}"
            )
            x = linen.relu(layers.batch_norm(train, name=f"norm{i + 1}", dtype=self.dtype)(x))
        x = layers.Conv(self.channels, (5, 5), kernel_init=layers.wide, dtype=self.dtype, name="image")(x)
        return jnp.tanh(x).astype(jnp.float32)
