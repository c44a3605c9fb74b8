"""The residual networks of WGAN-GP (igul222/improved_wgan_training: gan_cifar_resnet.py, gan_64x64.py)."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Critic", "Generator"]

# Channels of the stages from the image inwards, in units of the width.
_TIMES = {3: (1, 1, 1), 4: (1, 2, 4, 8)}


class Generator(linen.Module):
    """Latents [b, z] to images [b, size, size, channels] in -1..1: doubling blocks with batch norm."""

    size: int
    channels: int
    width: int = 128
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        sizes = layers.stage_sizes(self.size)[::-1]
        times = _TIMES[len(sizes) - 1][::-1]
        dense = linen.Dense(16 * times[0] * self.width, kernel_init=layers.glorot_like(2.0), dtype=self.dtype)
        x = dense(z).reshape(-1, 4, 4, times[0] * self.width)
        for i, size in enumerate(sizes[1:]):
            x = _Block(times[i] * self.width, "up", "batch", self.dtype, name=f"block{i}")(x, train)[:, :size, :size]
        x = linen.relu(layers.batch_norm(train, name="norm", dtype=self.dtype)(x))
        return jnp.tanh(_conv(self.channels, 3, 2.0, self.dtype, "image")(x)).astype(jnp.float32)


class Critic(linen.Module):
    """Images [b, h, w, c] to values [b]; layer norm at 64 pixels, none below: batch norm spoils the penalty."""

    width: int = 128
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        stages = len(layers.stage_sizes(images.shape[1])) - 1
        if stages == 4:
            x = _conv(self.width, 3, 2.0, self.dtype, "conv0")(images)
            for i, times in enumerate((2, 4, 8, 8)):
                x = _Block(times * self.width, "down", "layer", self.dtype, name=f"block{i + 1}")(x, train)
            x = x.reshape(len(x), -1)
        else:
            x = _conv(self.width, 3, 4.0, self.dtype, "conv0")(images)
            x = _pooled(_conv(self.width, 3, 4.0, self.dtype, "conv1")(linen.relu(x)))
            x = x + _conv(self.width, 1, 2.0, self.dtype, "shortcut")(_pooled(images))
            for i in range(3):
                x = _Block(self.width, None if i else "down", None, self.dtype, name=f"block{i + 2}")(x, train)
            x = linen.relu(x).mean(axis=(1, 2))
        values = linen.Dense(1, kernel_init=layers.glorot_like(2.0), dtype=self.dtype, name="value")(x)
        return values[:, 0].astype(jnp.float32)


class _Block(linen.Module):
    """Norm, ReLU, 3x3, norm, ReLU, 3x3, beside a 1x1 shortcut where size or channels change."""

    channels: int
    resample: Literal["up", "down"] | None
    norm: Literal["batch", "layer"] | None
    dtype: Any

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        before = x.shape[-1]
        y = linen.relu(self._normed(x, 0, train))
        y = layers.nearest_twice(y) if self.resample == "up" else y
        y = _conv(before if self.resample == "down" else self.channels, 3, 4.0, self.dtype, "conv0")(y)
        y = _conv(self.channels, 3, 4.0, self.dtype, "conv1")(linen.relu(self._normed(y, 1, train)))
        y = _pooled(y) if self.resample == "down" else y
        if self.resample is not None or before != self.channels:
            x = layers.nearest_twice(x) if self.resample == "up" else x
            x = _conv(self.channels, 1, 2.0, self.dtype, "shortcut")(x)
            x = _pooled(x) if self.resample == "down" else x
        return x + y

    def _normed(self, x: jax.Array, i: int, train: bool) -> jax.Array:
        if self.norm == "batch":
            return layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x)
        if self.norm == "layer":
            norm = linen.LayerNorm(reduction_axes=(1, 2, 3), feature_axes=-1, name=f"norm{i}")
            return norm(x.astype(jnp.float32)).astype(self.dtype)
        return x


def _conv(channels: int, kernel: int, gain: float, dtype: Any, name: str) -> linen.Module:
    init = layers.glorot_like(gain)
    return layers.Conv(channels, (kernel, kernel), kernel_init=init, dtype=dtype, name=name)


def _pooled(x: jax.Array) -> jax.Array:
    return linen.avg_pool(x, (2, 2), (2, 2), "SAME", count_include_pad=False)
