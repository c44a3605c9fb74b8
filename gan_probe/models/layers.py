"""What the generators and discriminators share: convolutions, norms, initial weights, sizes of their stages."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import convolution

__all__ = [
    "Conv", "ConvTranspose", "WeightNormed", "batch_norm", "conv_transpose", "gain", "glorot_like", "leaky",
    "nearest_twice", "stage_sizes", "trunc", "wide",
]  # fmt: skip

Conv = convolution.Conv
ConvTranspose = convolution.ConvTranspose

wide = linen.initializers.normal(0.02)
trunc = linen.initializers.truncated_normal(0.02)  # cut at two deviations, not rescaled, as TensorFlow has it


def gain(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
    """Batch norm's gains at the start: N(1, .02)."""
    return 1 + wide(key, shape, dtype)


def leaky(x: jax.Array) -> jax.Array:
    """Leaky ReLU of slope .2."""
    return linen.leaky_relu(x, 0.2)


def stage_sizes(size: int) -> list[int]:
    """Heights from `size` down to at most 4, halved and rounded up: 64, 32, 16, 8, 4 or 28, 14, 7, 4."""
    sizes = [size]
    while sizes[-1] > 4:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


def conv_transpose(
    x: jax.Array, channels: int, kernel: int, size: int, *, stride: int = 2, name: str, **settings: Any
) -> jax.Array:
    """A transposed convolution (SAME) to size x size: what is larger is cut, 4 x 4 -> 8 x 8 -> 7 x 7."""
    x = ConvTranspose(channels, (kernel, kernel), (stride, stride), name=name, **settings)(x)
    return x[:, :size, :size]


def batch_norm(
    train: bool, *, name: str, dtype: Any, momentum: float = 0.9, epsilon: float = 1e-5, **settings: Any
) -> Callable[[jax.Array], jax.Array]:
    """Batch statistics in training and moving averages else; over several devices the batch is the whole batch.

    In float32 whatever `dtype` is, that of what goes in and comes out.
    """
    norm = linen.BatchNorm(use_running_average=not train, momentum=momentum, epsilon=epsilon, name=name, **settings)
    return lambda x: norm(x.astype(jnp.float32)).astype(dtype)


class WeightNormed(linen.Module):
    """gain * layer(x) + offset by channel, for a layer without bias whose kernel is normalised.

    Salimans and Kingma 2016. Initialised with x, its output of x has mean 0 and this deviation.
    trained: whether the gain is, beside the offset.
    """

    layer: linen.Module
    deviation: float = 1.0
    trained: bool = False

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = linen.WeightNorm(self.layer, use_scale=False)(x).astype(jnp.float32)
        axes = tuple(range(y.ndim - 1))
        gain = self.param("gain", lambda key: self.deviation / (y.std(axes) + 1e-8))
        offset = self.param("offset", lambda key: -gain * y.mean(axes))
        return (gain if self.trained else jax.lax.stop_gradient(gain)) * y + offset


def nearest_twice(x: jax.Array) -> jax.Array:
    """Twice the height and width, every pixel repeated."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def glorot_like(gain: float = 4.0, stride: int = 1, transposed: bool = False):
    """Uniform of deviation sqrt(gain / (fan_in + fan_out)), strides counted (igul222/improved_wgan_training).

    A convolution's fan_out is divided by stride^2, a transposed one's fan_in.
    """

    def init(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, **_: Any) -> jax.Array:
        area = 1.0
        for length in shape[:-2]:
            area *= length
        fan_in, fan_out = area * shape[-2], area * shape[-1]
        fan_in, fan_out = (fan_in / stride**2, fan_out) if transposed else (fan_in, fan_out / stride**2)
        reach = (3 * gain / (fan_in + fan_out)) ** 0.5
        return jax.random.uniform(key, tuple(shape), dtype, -reach, reach)

    return init
