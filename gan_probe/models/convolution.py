"""Two-dimensional convolutions that are fast on CPU as well: linen's Conv and ConvTranspose with other derivatives.

On accelerators every operation is XLA's native convolution. On CPU that is the best one too for most shapes
(benchmarks/train_step.py has them all), but some lack a fast kernel; these are written as a matrix multiply or as a
convolution that has one:

- the gradient by the input of a strided convolution, which is what a transposed convolution computes: on few pixels
  one matrix multiply and the sum of overlapping windows; on many a convolution of stride 1 that gives every phase of
  the output as channels of its own (Shi et al. 2016, arXiv:1609.05158), without the zeros between strided pixels;
- the gradient by the kernel with few input channels: patches and one matrix multiply;
- kernels that have more pixels than the image, whose operands XLA swaps into a loop without vector instructions;
- one channel a group (depthwise): shifted images times numbers.

Three operations, each linear in either argument, are each other's derivatives of any order.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

__all__ = ["Conv", "ConvTranspose", "conv_general_dilated", "conv_transpose"]

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_Pads = tuple[tuple[int, int], ...]
# Where which way is faster on CPU, as measured.
_FEW_PIXELS = 64
_FEW_CHANNELS = 4


class _Geometry(NamedTuple):
    """Of a convolution of images [b, *image, in] by a kernel [*kernel, in, out] to [b, *out, out]."""

    image: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: _Pads
    precision: Any = None

    @property
    def out(self) -> tuple[int, ...]:
        sizes = zip(self.image, self.kernel, self.strides, self.pads, strict=True)
        return tuple((n + sum(pads) - k) // s + 1 for n, k, s, pads in sizes)


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
    plain = lhs.ndim == 4 and all(set(settings.get(name) or (1,)) == {1} for name in ("lhs_dilation", "rhs_dilation"))
    depthwise = feature_group_count == lhs.shape[-1] == rhs.shape[-1]
    if not plain or (feature_group_count > 1 and not depthwise):
        return lax.conv_general_dilated(
            lhs, rhs, window_strides, padding, feature_group_count=feature_group_count, precision=precision, **settings
        )
    image, kernel, strides = lhs.shape[1:3], rhs.shape[:2], tuple(window_strides)
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(image, kernel, strides, padding)
    geometry = _Geometry(image, kernel, strides, tuple((int(a), int(b)) for a, b in padding), precision)
    if depthwise and feature_group_count > 1:
        return _by_platform(_depthwise_shifts, _depthwise_native, lhs, rhs, geometry)
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
    geometry = _Geometry(tuple(out), size, strides, tuple(zip(low, high, strict=True)), precision)
    return _input_gradient(x, _turned(kernel).swapaxes(2, 3), geometry)


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
def _convolve(x: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    """[b, *out, out]."""
    swapped = set(geometry.strides) == {1} and math.prod(geometry.kernel) > math.prod(geometry.image)
    return _by_platform(_convolve_patches if swapped else _convolve_native, _convolve_native, x, kernel, geometry)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _input_gradient(g: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    """Of <g, convolve(x, kernel)> by x: [b, *image, in]."""
    pixels, strided = math.prod(geometry.out), set(geometry.strides) != {1}
    if pixels < math.prod(geometry.kernel) or (strided and pixels <= _FEW_PIXELS):
        ours = _input_gradient_windows
    elif strided and all(k > s for k, s in zip(geometry.kernel, geometry.strides, strict=True)):
        ours = _input_gradient_phases
    else:
        ours = _input_gradient_native
    return _by_platform(ours, _input_gradient_native, g, kernel, geometry)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _kernel_gradient(x: jax.Array, g: jax.Array, geometry: _Geometry) -> jax.Array:
    """Of <g, convolve(x, kernel)> by the kernel: [*kernel, in, out]."""
    ours = _kernel_gradient_patches if x.shape[-1] <= _FEW_CHANNELS else _kernel_gradient_native
    return _by_platform(ours, _kernel_gradient_native, x, g, geometry)


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


def _by_platform(cpu: Callable[..., jax.Array], others: Callable[..., jax.Array], a, b, geometry: _Geometry):
    """The one switch; it is decided when the program is lowered."""
    if cpu is others:
        return others(a, b, geometry)
    return lax.platform_dependent(
        a, b, cpu=lambda a, b: cpu(a, b, geometry), default=lambda a, b: others(a, b, geometry)
    )


def _convolve_native(x: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, geometry.strides, geometry.pads, dimension_numbers=_LAYOUT, precision=geometry.precision
    )


def _input_gradient_native(g: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    pads = []
    for n, k, s, (low, _), o in zip(*geometry[:4], geometry.out, strict=True):
        before = k - 1 - low
        pads.append((before, n + k - 1 - ((o - 1) * s + 1) - before))
    return lax.conv_general_dilated(
        g, _turned(kernel).swapaxes(2, 3), (1, 1), pads, lhs_dilation=geometry.strides, dimension_numbers=_LAYOUT,
        precision=geometry.precision,
    )  # fmt: skip


def _kernel_gradient_native(x: jax.Array, g: jax.Array, geometry: _Geometry) -> jax.Array:
    """Batch and channels change places, and g is the kernel."""
    pads = [(low, (o - 1) * s + k - n - low) for n, k, s, (low, _), o in zip(*geometry[:4], geometry.out, strict=True)]
    return lax.conv_general_dilated(
        x, g, (1, 1), pads, rhs_dilation=geometry.strides, dimension_numbers=("CHWN", "IHWO", "HWNC"),
        precision=geometry.precision,
    )  # fmt: skip


def _convolve_patches(x: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    return jnp.tensordot(_patches(x, geometry), kernel, axes=((3, 4, 5), (0, 1, 2)), precision=geometry.precision)


def _kernel_gradient_patches(x: jax.Array, g: jax.Array, geometry: _Geometry) -> jax.Array:
    return jnp.tensordot(_patches(x, geometry), g, axes=((0, 1, 2), (0, 1, 2)), precision=geometry.precision)


def _input_gradient_windows(g: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    windows = jnp.einsum("bhwo,yxio->bhwyxi", g, kernel, precision=geometry.precision)
    total = jnp.zeros((), g.dtype)
    for at in _taps(geometry):
        edges = [
            (i - low, n + low - i - (o - 1) * s - 1, s - 1)
            for i, n, s, (low, _), o in zip(
                at, geometry.image, geometry.strides, geometry.pads, geometry.out, strict=True
            )
        ]
        total = total + lax.pad(windows[:, :, :, *at], jnp.zeros((), g.dtype), [(0, 0, 0), *edges, (0, 0, 0)])
    return total


def _input_gradient_phases(g: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    (sy, sx), (ky, kx) = geometry.strides, geometry.kernel
    taps = (-(-ky // sy), -(-kx // sx))
    c_in, c_out = kernel.shape[2:]
    # [ty sy, tx sx, in, out] to [ty, tx, out, sy sx in]: one output channel a phase.
    whole = jnp.pad(kernel, ((0, taps[0] * sy - ky), (0, taps[1] * sx - kx), (0, 0), (0, 0)))
    phases = whole.reshape(taps[0], sy, taps[1], sx, c_in, c_out).transpose(0, 2, 5, 1, 3, 4)
    y = lax.conv_general_dilated(
        g, _turned(phases.reshape(*taps, c_out, sy * sx * c_in)), (1, 1), [(t - 1, t - 1) for t in taps],
        dimension_numbers=_LAYOUT, precision=geometry.precision,
    )  # fmt: skip
    b, h, w, _ = y.shape
    y = y.reshape(b, h, w, sy, sx, c_in).transpose(0, 1, 3, 2, 4, 5).reshape(b, h * sy, w * sx, c_in)
    edges = [(-low, n + low - m, 0) for n, (low, _), m in zip(geometry.image, geometry.pads, y.shape[1:3], strict=True)]
    return lax.pad(y, jnp.zeros((), y.dtype), [(0, 0, 0), *edges, (0, 0, 0)])


def _depthwise_native(x: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, geometry.strides, geometry.pads, dimension_numbers=_LAYOUT, feature_group_count=x.shape[-1],
        precision=geometry.precision,
    )  # fmt: skip


def _depthwise_shifts(x: jax.Array, kernel: jax.Array, geometry: _Geometry) -> jax.Array:
    shifts = zip(_taps(geometry), _shifted(x, geometry), strict=True)
    return functools.reduce(jnp.add, (shifted * kernel[*at, 0] for at, shifted in shifts))


def _patches(x: jax.Array, geometry: _Geometry) -> jax.Array:
    """[b, *out, *kernel, in]."""
    stacked = jnp.stack(_shifted(x, geometry), axis=3)
    return stacked.reshape(*stacked.shape[:3], *geometry.kernel, x.shape[-1])


def _shifted(x: jax.Array, geometry: _Geometry) -> list[jax.Array]:
    """What each tap of the kernel sees, [b, *out, in]."""
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*pads, 0) for pads in geometry.pads), (0, 0, 0)])
    found = []
    for at in _taps(geometry):
        stop = [i + s * (o - 1) + 1 for i, s, o in zip(at, geometry.strides, geometry.out, strict=True)]
        found.append(lax.slice(x, (0, *at, 0), (len(x), *stop, x.shape[-1]), (1, *geometry.strides, 1)))
    return found


def _taps(geometry: _Geometry) -> list[tuple[int, int]]:
    return [(y, x) for y in range(geometry.kernel[0]) for x in range(geometry.kernel[1])]


def _turned(kernel: jax.Array) -> jax.Array:
    return kernel[::-1, ::-1]
