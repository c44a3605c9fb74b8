"""Ways to compute a two-dimensional convolution and its two derivatives: XLA's own (`native`), and others for CPU."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

__all__ = [
    "Geometry",
    "convolve_native",
    "convolve_padded",
    "convolve_patches",
    "depthwise_native",
    "depthwise_shifts",
    "input_gradient_native",
    "input_gradient_phases",
    "input_gradient_windows",
    "kernel_gradient_native",
    "kernel_gradient_parts",
    "kernel_gradient_patches",
    "kernel_gradient_taps",
    "turned",
]

_PART, _PARTS = 16, 8  # least images of a part of a batch, most parts
_LAYOUT = ("NHWC", "HWIO", "NHWC")


class Geometry(NamedTuple):
    """Of a convolution of images [b, *image, in] by a kernel [*kernel, in, out] to [b, *out, out]."""

    image: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    precision: Any = None

    @property
    def out(self) -> tuple[int, ...]:
        sizes = zip(self.image, self.kernel, self.strides, self.pads, strict=True)
        return tuple((n + sum(pads) - k) // s + 1 for n, k, s, pads in sizes)

    @property
    def strided(self) -> bool:
        return set(self.strides) != {1}

    @property
    def padded(self) -> bool:
        return any(low or high for low, high in self.pads)


def convolve_native(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, geometry.strides, geometry.pads, dimension_numbers=_LAYOUT, precision=geometry.precision
    )


def convolve_padded(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """A row and a column of zeros more than asked, and what they add cut off."""
    pads = tuple((low, high + 1) for low, high in geometry.pads)
    y = convolve_native(x, kernel, geometry._replace(pads=pads))
    return y[:, : geometry.out[0], : geometry.out[1]]


def input_gradient_native(g: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    pads = []
    for n, k, s, (low, _), o in zip(*geometry[:4], geometry.out, strict=True):
        before = k - 1 - low
        pads.append((before, n + k - 1 - ((o - 1) * s + 1) - before))
    return lax.conv_general_dilated(
        g, turned(kernel).swapaxes(2, 3), (1, 1), pads, lhs_dilation=geometry.strides, dimension_numbers=_LAYOUT,
        precision=geometry.precision,
    )  # fmt: skip


def kernel_gradient_native(x: jax.Array, g: jax.Array, geometry: Geometry) -> jax.Array:
    """Batch and channels change places, and g is the kernel."""
    pads = [(low, (o - 1) * s + k - n - low) for n, k, s, (low, _), o in zip(*geometry[:4], geometry.out, strict=True)]
    return lax.conv_general_dilated(
        x, g, (1, 1), pads, rhs_dilation=geometry.strides, dimension_numbers=("CHWN", "IHWO", "HWNC"),
        precision=geometry.precision,
    )  # fmt: skip


def kernel_gradient_parts(x: jax.Array, g: jax.Array, geometry: Geometry) -> jax.Array:
    """The sum over parts of the batch."""
    size = max(_PART, -(-len(x) // _PARTS))
    parts = (slice(start, start + size) for start in range(0, len(x), size))
    return functools.reduce(jnp.add, (kernel_gradient_native(x[part], g[part], geometry) for part in parts))


def kernel_gradient_taps(x: jax.Array, g: jax.Array, geometry: Geometry) -> jax.Array:
    """One matrix multiply a pixel of the kernel."""
    g = g.reshape(-1, g.shape[-1])
    taps = [jnp.matmul(tap.reshape(len(g), -1).T, g, precision=geometry.precision) for tap in _shifted(x, geometry)]
    return jnp.stack(taps).reshape(*geometry.kernel, x.shape[-1], g.shape[-1])


def kernel_gradient_patches(x: jax.Array, g: jax.Array, geometry: Geometry) -> jax.Array:
    """One matrix multiply, of the patches that `convolve_patches` has made already."""
    return jnp.tensordot(_patches(x, geometry), g, axes=((0, 1, 2), (0, 1, 2)), precision=geometry.precision)


def convolve_patches(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return jnp.tensordot(_patches(x, geometry), kernel, axes=((3, 4, 5), (0, 1, 2)), precision=geometry.precision)


def input_gradient_windows(g: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """One multiply; its overlapping windows are summed phase by phase, without the zeros between strided pixels."""
    (sy, sx), (ky, kx) = geometry.strides, geometry.kernel
    windows = jnp.einsum("bhwo,yxio->bhwyxi", g, kernel, precision=geometry.precision)
    down, right = (ky - 1) // sy, (kx - 1) // sx  # how far a window reaches, in strides
    b, h, w, _ = g.shape
    nothing = jnp.zeros((b, h + down, w + right, kernel.shape[2]), g.dtype)
    phases = [[nothing] * sx for _ in range(sy)]
    for y, x in _taps(geometry):
        (i, py), (j, px) = divmod(y, sy), divmod(x, sx)
        edges = [(0, 0, 0), (i, down - i, 0), (j, right - j, 0), (0, 0, 0)]
        phases[py][px] += lax.pad(windows[:, :, :, y, x], jnp.zeros((), g.dtype), edges)
    return _interleaved(jnp.stack([jnp.stack(row, axis=3) for row in phases], axis=2), geometry)


def input_gradient_phases(g: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    (sy, sx), (ky, kx) = geometry.strides, geometry.kernel
    taps = (-(-ky // sy), -(-kx // sx))
    c_in, c_out = kernel.shape[2:]
    # [ty sy, tx sx, in, out] to [ty, tx, out, sy sx in]: one output channel a phase.
    whole = jnp.pad(kernel, ((0, taps[0] * sy - ky), (0, taps[1] * sx - kx), (0, 0), (0, 0)))
    phases = whole.reshape(taps[0], sy, taps[1], sx, c_in, c_out).transpose(0, 2, 5, 1, 3, 4)
    y = lax.conv_general_dilated(
        g, turned(phases.reshape(*taps, c_out, sy * sx * c_in)), (1, 1), [(t - 1, t - 1) for t in taps],
        dimension_numbers=_LAYOUT, precision=geometry.precision,
    )  # fmt: skip
    return _interleaved(y.reshape(*y.shape[:3], sy, sx, c_in).transpose(0, 1, 3, 2, 4, 5), geometry)


def depthwise_native(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, geometry.strides, geometry.pads, dimension_numbers=_LAYOUT, feature_group_count=x.shape[-1],
        precision=geometry.precision,
    )  # fmt: skip


def depthwise_shifts(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    shifts = zip(_taps(geometry), _shifted(x, geometry), strict=True)
    return functools.reduce(jnp.add, (shifted * kernel[*at, 0] for at, shifted in shifts))


def _interleaved(phases: jax.Array, geometry: Geometry) -> jax.Array:
    """Phases [b, h, sy, w, sx, in] of the padded images to images [b, *image, in]."""
    b, h, sy, w, sx, c_in = phases.shape
    y = phases.reshape(b, h * sy, w * sx, c_in)
    edges = [(-low, n + low - m, 0) for n, (low, _), m in zip(geometry.image, geometry.pads, y.shape[1:3], strict=True)]
    return lax.pad(y, jnp.zeros((), y.dtype), [(0, 0, 0), *edges, (0, 0, 0)])


def _patches(x: jax.Array, geometry: Geometry) -> jax.Array:
    """[b, *out, *kernel, in]."""
    stacked = jnp.stack(_shifted(x, geometry), axis=3)
    return stacked.reshape(*stacked.shape[:3], *geometry.kernel, x.shape[-1])


def _shifted(x: jax.Array, geometry: Geometry) -> list[jax.Array]:
    """What each tap of the kernel sees, [b, *out, in]."""
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*pads, 0) for pads in geometry.pads), (0, 0, 0)])
    found = []
    for at in _taps(geometry):
        stop = [i + s * (o - 1) + 1 for i, s, o in zip(at, geometry.strides, geometry.out, strict=True)]
        found.append(lax.slice(x, (0, *at, 0), (len(x), *stop, x.shape[-1]), (1, *geometry.strides, 1)))
    return found


def _taps(geometry: Geometry) -> list[tuple[int, int]]:
    return [(y, x) for y in range(geometry.kernel[0]) for x in range(geometry.kernel[1])]


def turned(kernel: jax.Array) -> jax.Array:
    return kernel[::-1, ::-1]
