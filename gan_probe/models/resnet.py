"""Pre-activation ResNet with parameter-free shortcuts (He et al. 2016; widths 16, 32, 64), as in paper 000."""

import functools

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_probe.models import convolution, outputs

__all__ = ["ResNet"]

_WIDTHS = (16, 32, 64)
_SLOPE = 0.1


class ResNet(linen.Module):
    """Depth 6 n + 2; 464,154 parameters for depth 32 and 10 classes."""

    classes: int
    depth: int = 32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool = False) -> outputs.Outputs:
        units, rest = divmod(self.depth - 2, 6)
        if rest:
            raise ValueError(f"depth={self.depth}: must be 6 n + 2")
        x = _conv(_WIDTHS[0])(images)
        layers = {"stem": x}
        for stage, width in enumerate(_WIDTHS):
            for unit in range(units):
                first = stage == 0 and unit == 0
                x = _Unit(width, stride=2 if stage and not unit else 1, activate_input=first)(x, train=train)
            layers[f"stage{stage + 1}"] = x
        x = _activated(x, train)
        x = x.mean(axis=(1, 2))
        return outputs.Outputs(linen.Dense(self.classes, name="logits")(x), x, layers)


class _Unit(linen.Module):
    """Two 3x3 convolutions; the very first unit activates its input before the shortcut branches off."""

    width: int
    stride: int
    activate_input: bool

    @linen.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        activated = _activated(x, train)
        shortcut = activated if self.activate_input else x
        y = _conv(self.width, self.stride)(activated)
        y = _conv(self.width)(_activated(y, train))
        if self.stride > 1:
            window = (1, self.stride, self.stride, 1)
            shortcut = lax.reduce_window(shortcut, 0.0, lax.add, window, window, "SAME") / self.stride**2
        missing = self.width - shortcut.shape[-1]
        if missing:
            shortcut = jnp.pad(shortcut, ((0, 0),) * 3 + ((missing // 2, missing - missing // 2),))
        return y + shortcut


def _conv(width: int, stride: int = 1) -> convolution.Conv:
    scale = linen.initializers.variance_scaling(2.0, "fan_out", "normal")
    return convolution.Conv(width, (3, 3), (stride, stride), use_bias=False, kernel_init=scale)


def _activated(x: jax.Array, train: bool) -> jax.Array:
    norm = linen.BatchNorm(use_running_average=not train, momentum=0.9, epsilon=1e-3)
    return functools.partial(linen.leaky_relu, negative_slope=_SLOPE)(norm(x))
