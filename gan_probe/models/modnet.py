"""ModNet's networks: a U-Net that draws a change of an image (thesis 004, chapter 2, over pix2pix's U-Net)."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Changer"]


class Changer(linen.Module):
    """(images [b, h, w, c] in -1..1, one-hot targets [b, classes]) to changed images: tanh(image + change) / tanh(1).

    Black and white without a change stay so. The change is bounded by tanh; targets enter as constant planes beside the
    image ([U]). Five levels at 32 pixels and more, of 4x4 kernels: 1, 2, 4, 8 and 8 times the width ([U]); 28 are
    32 with a border.
    """

    width: int = 64
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, given: tuple[jax.Array, jax.Array], *, train: bool) -> jax.Array:
        images, targets = given
        size, channels = images.shape[1], images.shape[3]
        border = (-size % 32) // 2
        planes = jnp.broadcast_to(targets[:, None, None], (*images.shape[:3], targets.shape[1]))
        x = jnp.concatenate([images, planes], axis=3)
        x = jnp.pad(x, ((0, 0), (border, border), (border, border), (0, 0)), constant_values=-1.0)
        skips = []
        for i, times in enumerate((1, 2, 4, 8, 8)):
            x = layers.Conv(
                times * self.width, (4, 4), (2, 2), kernel_init=layers.wide, dtype=self.dtype, name=f"conv{i}"
            )(x)  # fmt: skip
            x = layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x) if 0 < i < 4 else x
            skips.append(x)
            x = layers.leaky(x)
        for i, times in enumerate((8, 4, 2, 1)):
            skip = skips[3 - i]
            x = layers.conv_transpose(
                x, times * self.width, 4, skip.shape[1], kernel_init=layers.wide, dtype=self.dtype, name=f"deconv{i}"
            )
            x = layers.batch_norm(train, name=f"up_norm{i}", dtype=self.dtype)(x)
            x = linen.relu(jnp.concatenate([x, skip], axis=3))
        x = layers.conv_transpose(
            x, channels, 4, size + 2 * border, kernel_init=layers.wide, dtype=self.dtype, name="change"
        )
        change = jnp.tanh(x.astype(jnp.float32))[:, border : border + size, border : border + size]
        return jnp.tanh(images + change) / jnp.tanh(1.0)
