"""DCGAN: 5x5 convolutions of stride 2 with batch norm (Radford et al. 2016, as carpedm20/DCGAN-tensorflow has it).

With `glorot` and other norms also the convolutional networks of WGAN-GP (igul222/improved_wgan_training, gan_cifar.py).
"""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Discriminator", "Generator"]


class Generator(linen.Module):
    """Latents [b, z] to images [b, size, size, channels] in -1..1; 5,135,363 parameters for 64 pixels, z 100, width 64.

    width: channels before the last layer, doubled a stage towards the 4x4 start. norm: None for the weak variant, flat
    for WGAN-GP's, where the first norm is over all 4 * 4 * channels features. small: the third transposed
    convolution from the end is left out and the next strides by 4 (thesis 004, section 3.3.2: sizes [U]).
    """

    size: int
    channels: int
    width: int = 64
    norm: Literal["batch", "flat"] | None = "batch"
    small: bool = False
    glorot: bool = False
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        sizes = layers.stage_sizes(self.size)[::-1]
        stages = len(sizes) - 1
        widths = [self.width << (stages - 1 - i) for i in range(stages)]
        if self.small:
            del sizes[-3], widths[-2]
        first = sizes[0] ** 2 * widths[0]
        dense = layers.glorot_like(2.0) if self.glorot else layers.wide
        x = linen.Dense(first, kernel_init=dense, dtype=self.dtype, name="dense")(z)
        x = self._activated(x if self.norm == "flat" else x.reshape(-1, sizes[0], sizes[0], widths[0]), 0, train)
        x = x.reshape(-1, sizes[0], sizes[0], widths[0])
        for i, size in enumerate(sizes[1:]):
            stride = -(-size // sizes[i])
            last = i == len(sizes) - 2
            init = layers.glorot_like(2.0 if last else 4.0, stride, True) if self.glorot else layers.wide
            x = layers.conv_transpose(
                x, self.channels if last else widths[i + 1], 5, size, stride=stride, kernel_init=init,
                dtype=self.dtype, name=f"deconv{i}",
            )  # fmt: skip
            x = x if last else self._activated(x, i + 1, train)
        return jnp.tanh(x).astype(jnp.float32)

    def _activated(self, x: jax.Array, i: int, train: bool) -> jax.Array:
        if self.norm is not None:
            x = layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x)
        return linen.relu(x)


class Discriminator(linen.Module):
    """Images [b, h, w, c] to logits [b]; 1050 width^2 + 246 width + 1 parameters for 64 x 64 x 3."""

    width: int = 64
    norm: Literal["batch"] | None = "batch"
    glorot: bool = False
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = images
        init = layers.glorot_like(4.0, 2) if self.glorot else layers.trunc
        for i in range(len(layers.stage_sizes(images.shape[1])) - 1):
            x = layers.Conv(
                self.width << i, (5, 5), (2, 2), kernel_init=init, dtype=self.dtype, name=f"conv{i}"
            )(x)  # fmt: skip
            if i and self.norm is not None:
                x = layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x)
            x = layers.leaky(x)
        dense = layers.glorot_like(2.0) if self.glorot else layers.wide
        x = linen.Dense(1, kernel_init=dense, dtype=self.dtype, name="logit")(x.reshape(len(x), -1))
        return x[:, 0].astype(jnp.float32)
