"""Two-dimensional convolutions that are fast on CPU as well: linen's Conv and ConvTranspose with other derivatives.

On accelerators every operation is XLA's native convolution. On CPU that is the best one too for most shapes
(benchmarks/train_step.py has them all), but some lack a fast kernel; these are written as a matrix multiply or as a
convolution that has one:

- the gradient by the input of a strided convolution, which is what a transposed convolution computes: on few pixels
  one matrix multiply and the sum of overlapping windows; on many a convolution of stride 1 that gives every phase of
  the output as channels of its own (Shi et al. 2016, arXiv:1609.05158), without the zeros between strided pixels; of
  images of few channels, whatever the stride, again windows;
- the gradient by the kernel: on many pixels the sum of the gradients of parts of the batch, which XLA takes for
  channels and has no room for in its caches; of strided convolutions without padding one matrix multiply a pixel of
  the kernel;
- convolutions without padding: a row and a column of zeros, which XLA has a faster way for, and what they add cut off;
- kernels of one pixel, or of more pixels than the output has: patches and one matrix multiply;
- one channel a group (depthwise): shifted images times numbers.

Three operations, each linear in either argument, are each other's derivatives of any order.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_probe.models import convolution_ways as ways

__all__ = ["Conv", "ConvTranspose", "conv_general_dilated", "conv_transpose"]

# Where which way is faster on CPU, as measured.
_FEW_PIXELS = 64
_FEW_CHANNELS = 8


def conv_general_dilated(
    lhs: jax.Array,
    rhs: jax.Array,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    *,
    feature_group_count: int = 1,
    precision: Any = None,
    **settings: Any,
) -> jax.Array:
    """lax.conv_general_dilated as linen.Conv calls it; what is not treated here goes there.

    Args:
      lhs: images [b, h, w, in].   rhs: kernel [kh, kw, in / groups, out].
    """
    dilations = (settings.get(name) or (1,) for name in ("lhs_dilation", "rhs_dilation"))
    plain = lhs.ndim == 4 and all(set(d) == {1} for d in dilations) and not settings.get("preferred_element_type")
    depthwise = feature_group_count == lhs.shape[-1] == rhs.shape[-1]
    if not plain or (feature_group_count > 1 and not depthwise):
        return lax.conv_general_dilated(
            lhs, rhs, window_strides, padding, feature_group_count=feature_group_count, precision=precision, **settings
        )
    image, kernel, strides = lhs.shape[1:3], rhs.shape[:2], tuple(window_strides)
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(image, kernel, strides, padding)
    geometry = ways.Geometry(image, kernel, strides, tuple((int(a), int(b)) for a, b in padding), precision)
    if depthwise and feature_group_count > 1:
        return _by_platform(ways.depthwise_shifts, ways.depthwise_native, lhs, rhs, geometry)
    return _convolve(lhs, rhs, geometry)


def conv_transpose(
    x: jax.Array,
    kernel: jax.Array,
    strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    *,
    precision: Any = None,
) -> jax.Array:
    """lax.conv_transpose of images [b, h, w, in] by a kernel [kh, kw, in, out].

    It is the gradient by the input of the convolution that has its kernel turned by half a circle.
    """
    size, strides = kernel.shape[:2], tuple(strides)
    if isinstance(padding, str):
        like = jax.ShapeDtypeStruct((1, *x.shape[1:3], 1), x.dtype)
        one = jax.ShapeDtypeStruct((*size, 1, 1), x.dtype)
        out = jax.eval_shape(lambda a, b: lax.conv_transpose(a, b, strides, padding), like, one).shape[1:3]
        # As lax has it: pixels before the first of the dilated input.
        before = [
            k - 1 if padding == "VALID" or s > k - 1 else -(-(k + s - 2) // 2)
            for k, s in zip(size, strides, strict=True)
        ]
    else:
        before = [pads[0] for pads in padding]
        out = tuple(
            (n - 1) * s + 1 + sum(pads) - k + 1
            for n, s, pads, k in zip(x.shape[1:3], strides, padding, size, strict=True)
        )
    low = [k - 1 - b for k, b in zip(size, before, strict=True)]
    high = [(n - 1) * s + k - o - a for n, s, k, o, a in zip(x.shape[1:3], strides, size, out, low, strict=True)]
    geometry = ways.Geometry(tuple(out), size, strides, tuple(zip(low, high, strict=True)), precision)
    return _input_gradient(x, ways.turned(kernel).swapaxes(2, 3), geometry)


class Conv(linen.Conv):
    """linen.Conv: same parameters, names and values."""

    conv_general_dilated: Any = conv_general_dilated


class ConvTranspose(linen.Module):
    """linen.ConvTranspose in two dimensions: same parameters, names and values."""

    features: int
    kernel_size: Sequence[int]
    strides: Sequence[int] = (1, 1)
    padding: str | Sequence[tuple[int, int]] = "SAME"
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: Callable[..., jax.Array] = linen.initializers.lecun_normal()
    bias_init: Callable[..., jax.Array] = linen.initializers.zeros_init()

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param(
            "kernel", self.kernel_init, (*self.kernel_size, x.shape[-1], self.features), self.param_dtype
        )
        bias = self.param("bias", self.bias_init, (self.features,), self.param_dtype) if self.use_bias else None
        x, kernel, bias = linen.dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        y = conv_transpose(x, kernel, self.strides, self.padding, precision=self.precision)
        return y if bias is None else y + bias


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve(x: jax.Array, kernel: jax.Array, geometry: ways.Geometry) -> jax.Array:
    """[b, *out, out]."""
    if _few(geometry):
        ours = ways.convolve_patches
    elif not geometry.padded and kernel.shape[2] >= _FEW_CHANNELS:
        ours = ways.convolve_padded
    else:
        ours = ways.convolve_native
    return _by_platform(ours, ways.convolve_native, x, kernel, geometry)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _input_gradient(g: jax.Array, kernel: jax.Array, geometry: ways.Geometry) -> jax.Array:
    """Of <g, convolve(x, kernel)> by x: [b, *image, in]."""
    few_channels = kernel.shape[2] < _FEW_CHANNELS
    if _few(geometry) or few_channels or (geometry.strided and math.prod(geometry.out) <= _FEW_PIXELS):
        ours = ways.input_gradient_windows
    elif geometry.strided and all(k > s for k, s in zip(geometry.kernel, geometry.strides, strict=True)):
        ours = ways.input_gradient_phases
    else:
        ours = ways.input_gradient_native
    return _by_platform(ours, ways.input_gradient_native, g, kernel, geometry)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _kernel_gradient(x: jax.Array, g: jax.Array, geometry: ways.Geometry) -> jax.Array:
    """Of <g, convolve(x, kernel)> by the kernel: [*kernel, in, out]."""
    if _few(geometry):
        ours = ways.kernel_gradient_patches
    elif geometry.strided and not geometry.padded:
        ours = ways.kernel_gradient_taps
    elif math.prod(geometry.out) > _FEW_PIXELS:
        ours = ways.kernel_gradient_parts
    else:
        ours = ways.kernel_gradient_native
    return _by_platform(ours, ways.kernel_gradient_native, x, g, geometry)


_convolve.defvjp(
    lambda x, kernel, geometry: (_convolve(x, kernel, geometry), (x, kernel)),
    lambda geometry, saved, g: (_input_gradient(g, saved[1], geometry), _kernel_gradient(saved[0], g, geometry)),
)
_input_gradient.defvjp(
    lambda g, kernel, geometry: (_input_gradient(g, kernel, geometry), (g, kernel)),
    lambda geometry, saved, x: (_convolve(x, saved[1], geometry), _kernel_gradient(x, saved[0], geometry)),
)
_kernel_gradient.defvjp(
    lambda x, g, geometry: (_kernel_gradient(x, g, geometry), (x, g)),
    lambda geometry, saved, kernel: (
        _input_gradient(saved[1], kernel, geometry),
        _convolve(saved[0], kernel, geometry),
    ),
)


def _few(geometry: ways.Geometry) -> bool:
    """Fewer pixels than a kernel has, or a kernel of one pixel: a matrix multiply, then."""
    return math.prod(geometry.out) < math.prod(geometry.kernel) or math.prod(geometry.kernel) == 1


def _by_platform(cpu: Callable[..., jax.Array], others: Callable[..., jax.Array], a, b, geometry: ways.Geometry):
    """The one switch; it is decided when the program is lowered."""
    if cpu is others:
        return others(a, b, geometry)
    return lax.platform_dependent(
        a, b, cpu=lambda a, b: cpu(a, b, geometry), default=lambda a, b: others(a, b, geometry)
    )
