"""Polynomial kernel sums fold: sum_y k(x, y) and sum_y k(x, y)^2 of every row x, k = (gamma x.y + coef)^degree.

The kernel is of the raw, uncentred dot product (Binkowski 2018); the tile's centred one gets its means back.
"""

import functools

import jax.numpy as jnp
import numpy as np

from gan_probe.ops import fold as fold_lib

__all__ = ["diagonal", "kernel_sum"]


@functools.cache
def kernel_sum(*, degree: int, gamma: float, coef: float) -> fold_lib.Fold:
    """Result: float64 [2, n], the sums of k and of k squared over all columns, a row's own column included."""

    def init(rows, blocks):
        del blocks
        return jnp.zeros_like(rows.norm), jnp.zeros_like(rows.norm)

    def update(state, tile, numbers):
        del numbers
        raw = tile.dot + tile.rows.shift[:, None] + tile.cols.shift[None, :]
        k = (np.float32(gamma) * raw + np.float32(coef)) ** degree
        weighted = tile.cols.weight * k
        return state[0] + weighted.sum(axis=1), state[1] + (weighted * k).sum(axis=1)

    def start(rows, cols):
        del cols
        return np.zeros((2, len(rows.first)))

    def merge(result, state, place):
        result[:, place.rows] += np.stack(state)
        return result

    def finish(result, rows, cols, job):
        del cols, job
        return rows.expand(result.T).T

    name = f"kernel_sum(degree={degree},gamma={gamma},coef={coef})"
    return fold_lib.Fold(name, lambda a: a, init, update, fold_lib.no_numbers, start, merge, finish)


def diagonal(features: np.ndarray, *, degree: int, gamma: float, coef: float) -> np.ndarray:
    """k(x, x) of every row, float64 [n]: what a row's own column contributed."""
    square = np.einsum("nd,nd->n", features, features, dtype=np.float64)
    return (gamma * square + coef) ** degree
