"""Kernel sums fold: of every row x the sum over columns y of k(x, y) and of powers of it.

Polynomial kernels are of the raw, uncentred dot product (Binkowski 2018), the tile's centred one gets its means back;
Gaussian kernels are of the squared distance.
"""

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from gan_probe.ops import exponential
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["MEDIAN", "diagonal", "gaussian_sum", "kernel_sum"]

MEDIAN = "median"
"""The bandwidth that the job brings, squared, as its radius: it differs between sets, the program does not."""


@functools.cache
def kernel_sum(*, degree: int, gamma: float, coef: float) -> fold_lib.Fold:
    """k = (gamma x.y + coef)^degree. Result: float64 [2, n], the sums of k and of k squared, own column included."""

    def prepare(rows, cols, numbers, spread):
        del numbers, spread
        g = np.float32(gamma)
        return fold_lib.Prepared((g * rows.shift + np.float32(coef),), (g * cols.shift, jnp.sign(cols.weight)))

    def kernel(piece, i):
        del i
        (own,), (other, filled) = piece.rows, piece.cols
        raw = piece.product * np.float32(-gamma / 2) + own + other  # of a product that is -2 x.y
        return (raw * filled) ** degree

    name = f"kernel_sum(degree={degree},gamma={gamma},coef={coef})"
    return _sums(name, prepare, kernel, powers=(1, 2), count=1, numbers=fold_lib.no_numbers)


@functools.cache
def gaussian_sum(*, bandwidths: tuple[float | str, ...]) -> fold_lib.Fold:
    """k = exp(-|x-y|^2 / 2 sigma^2) of every bandwidth sigma, one of which may be MEDIAN.

    Result: float64 [3 * bandwidths, n], for each the sums of k, k^2 and k^4, own column included.
    """

    def prepare(rows, cols, numbers, spread):
        del spread
        rates = (numbers[0][:, 0] if s == MEDIAN else jnp.full_like(rows.norm, _rate(s)) for s in bandwidths)
        held = jnp.where(rows.weight > 0, rows.norm, 0)
        norms = jnp.where(cols.weight > 0, cols.norm, np.float32(np.inf))
        return fold_lib.Prepared((held, *rates), (norms,))

    def kernel(piece, i):
        norm, rate = piece.rows[0], piece.rows[1 + i]
        d = piece.product + piece.cols[0] + norm
        d = piece.at_equal(jnp.where(jnp.isinf(piece.cols[0]), np.float32(np.inf), 0), d)
        return exponential.exp2(jnp.minimum(-d * rate, 0))

    def numbers(job, side, layout):
        if side != "rows" or MEDIAN not in bandwidths:
            return None
        return np.full((len(layout.first), 1), _rate(float(job.radius2) ** 0.5), np.float32)

    name = f"gaussian_sum(bandwidths={list(bandwidths)})"
    return _sums(name, prepare, kernel, powers=(1, 2, 4), count=len(bandwidths), numbers=numbers)


def _rate(bandwidth: float | str) -> float:
    """log2(e) / 2 sigma^2, above 0 and finite in float32."""
    return float(np.clip(0.5 * exponential.LOG2_E / np.float64(bandwidth) ** 2, 1e-37, 1e37))


def _sums(
    name: str, prepare: Callable, kernel: Callable, *, powers: tuple[int, ...], count: int, numbers: Callable
) -> fold_lib.Fold:
    """The fold of `count` kernels, kernel(piece, i) of the i-th, 0 at padding, and of their powers."""

    def init(lanes):
        return tuple(lanes.full(0.0) for _ in range(count * len(powers)))

    def update(state, tile, prepared):
        terms = ((i, power) for i in range(count) for power in powers)
        return tuple(
            s + tile_lib.total(tile, lambda p, i=i, power=power: kernel(p, i) ** power, *prepared)
            for s, (i, power) in zip(state, terms, strict=True)
        )

    def leave(state, rows, lanes):
        del rows
        return tuple(lanes.flat(s).sum(axis=1) for s in state)

    def start(rows, cols):
        del cols
        return np.zeros((count * len(powers), len(rows.first)))

    def merge(result, state, place):
        result[:, place.rows] += np.stack(state).astype(np.float64).sum(axis=-1)
        return result

    def finish(result, rows, cols, job):
        del cols, job
        return rows.expand(result.T).T

    return fold_lib.Fold(name, lambda a: a, init, update, leave, numbers, prepare, start, merge, finish)


def diagonal(features: np.ndarray, *, degree: int, gamma: float, coef: float) -> np.ndarray:
    """The polynomial k(x, x) of every row, float64 [n]: what a row's own column contributed."""
    square = np.einsum("nd,nd->n", features, features, dtype=np.float64)
    return (gamma * square + coef) ** degree
