"""The networks of WGAN: DCGAN's of 4x4 kernels without biases (martinarjovsky/WassersteinGAN, models/dcgan.py)."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Critic", "Generator"]


class Generator(linen.Module):
    """Latents [b, z] to images [b, size, size, channels] in -1..1; 3,576,704 parameters for 64 x 64 x 3, z 100."""

    size: int
    channels: int
    width: int = 64
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        sizes = layers.stage_sizes(self.size)[::-1]
        settings: dict[str, Any] = {"use_bias": False, "kernel_init": layers.wide, "dtype": self.dtype}
        channels = self.width << (len(sizes) - 2)
        # A transposed convolution of one pixel is a matrix product.
        x = linen.Dense(sizes[0] ** 2 * channels, name="dense", **settings)(z)
        x = x.reshape(-1, sizes[0], sizes[0], channels)
        for i, size in enumerate(sizes[1:]):
            x = layers.batch_norm(train, name=f"norm{i}", momentum=0.9, scale_init=layers.gain, dtype=self.dtype)(x)
            last = i == len(sizes) - 2
            channels = self.channels if last else channels // 2
            x = layers.conv_transpose(linen.relu(x), channels, 4, size, name=f"deconv{i}", **settings)
        return jnp.tanh(x).astype(jnp.float32)


class Critic(linen.Module):
    """Images [b, h, w, c] to values [b]; 2,765,568 parameters for 64 x 64 x 3."""

    width: int = 64
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = images
        settings: dict[str, Any] = {"use_bias": False, "kernel_init": layers.wide, "dtype": self.dtype}
        for i in range(len(layers.stage_sizes(images.shape[1])) - 1):
            x = layers.Conv(self.width << i, (4, 4), (2, 2), padding=((1, 1), (1, 1)), name=f"conv{i}", **settings)(x)
            if i:
                x = layers.batch_norm(train, name=f"norm{i}", momentum=0.9, scale_init=layers.gain, dtype=self.dtype)(x)
            x = layers.leaky(x)
        return linen.Dense(1, name="value", **settings)(x.reshape(len(x), -1))[:, 0].astype(jnp.float32)
