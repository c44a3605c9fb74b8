"""Means and second moments of a set, in float64 sums of float32 products of centred (or normalised) rows."""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["Moments", "block_moments", "by_block", "row_mean", "second_moment"]

_ROWS = 4096


class Moments(NamedTuple):
    """rows: their number; mean: float64 [d]; scatter: float64 [d, d], the sum of (x - mean)(x - mean)'."""

    rows: int
    mean: np.ndarray
    scatter: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance (ddof 1)."""
        return self.scatter / (self.rows - 1)


def row_mean(features: np.ndarray) -> np.ndarray:
    """Mean of the rows, float32 [d], summed in float64 by pieces."""
    total = np.zeros(features.shape[1])
    for start in range(0, len(features), _ROWS):
        total += features[start : start + _ROWS].sum(axis=0, dtype=np.float64)
    return (total / len(features)).astype(np.float32)


def second_moment(features: np.ndarray, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """float64 [e, e], the mean of z z' over z = of(x), where `of` takes float32 [b, d] to float32 [b, e]."""
    total = np.zeros(())
    for start in range(0, len(features), _ROWS):
        total = total + np.asarray(_gram(_padded(of(features[start : start + _ROWS]))), np.float64)
    return total / len(features)


def by_block(block: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks int32 [n], each with the indices of some of its rows, no more than fit in memory as float64."""
    for b in np.unique(block):
        rows = np.flatnonzero(block == b)
        for start in range(0, len(rows), _ROWS):
            yield b, rows[start : start + _ROWS]


def block_moments(features: np.ndarray, block: np.ndarray, halves: np.ndarray) -> tuple[Moments, list[Moments]]:
    """Moments of all rows, and of both halves of every halving of the blocks.

    Args:
      features: float32 [n, d].
      block: int32 [n].
      halves: bool [h, B], the blocks of the first half of each halving.

    Returns:
      Moments of all rows, and 2h Moments: first and second half of each halving.
    """
    d = features.shape[1]
    centre = row_mean(features)  # near every mean, so that float32 products don't cancel
    parts = [_Sums(d) for _ in range(1 + len(halves))]
    for b, at in by_block(block):
        x = features[at] - centre
        product = np.asarray(_gram(_padded(x))).astype(np.float64)
        total = x.sum(axis=0, dtype=np.float64)
        for part in [parts[0]] + [p for p, half in zip(parts[1:], halves, strict=True) if half[b]]:
            part.add(len(at), total, product)
    whole = parts[0]
    both = [m for part in parts[1:] for m in (part, whole.less(part))]
    return whole.finish(centre), [m.finish(centre) for m in both]


class _Sums:
    """Count, sum and sum of outer products of centred rows."""

    def __init__(self, d: int):
        self.count, self.total, self.product = 0, np.zeros(d), np.zeros((d, d))

    def add(self, count: int, total: np.ndarray, product: np.ndarray) -> None:
        self.count += count
        self.total += total
        self.product += product

    def less(self, other: "_Sums") -> "_Sums":
        rest = _Sums(len(self.total))
        rest.add(self.count - other.count, self.total - other.total, self.product - other.product)
        return rest

    def finish(self, centre: np.ndarray) -> Moments:
        mean = self.total / max(self.count, 1)
        return Moments(self.count, mean + centre, self.product - self.count * np.outer(mean, mean))


def _padded(x: np.ndarray) -> np.ndarray:
    """Rows of zeros up to a power of two, so that few shapes compile; they add nothing to a product."""
    rows = 1 << max(len(x) - 1, 15).bit_length()
    return np.concatenate([x, np.zeros((rows - len(x), x.shape[1]), x.dtype)])


@functools.partial(jax.jit)
def _gram(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
    return jnp.matmul(x.T, x, precision=jax.lax.Precision.HIGHEST)
