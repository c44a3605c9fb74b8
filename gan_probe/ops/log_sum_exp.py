"""Log-sum-exp fold: log sum_y exp(-D(x, y) / s) for every row x, kept apart for every block of columns.

Several scales share the running minimum of the distance, so that the largest exponential of every scale is 1
(thesis 004, eq 3.3 to 3.5).
"""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["log_sum_exp"]


@functools.cache
def log_sum_exp(*, scales: tuple[float, ...], squared: bool) -> fold_lib.Fold:
    """Result: float64 [scales, blocks, n], -inf for an empty block. D is squared Euclidean or plain Euclidean.

    In a pass of a set with itself a row's own column counts too, and equal rows are at distance 0 exactly.
    """

    def init(rows, blocks):
        nothing = jnp.zeros_like(rows.norm)[:, None]
        least = jnp.broadcast_to(nothing + layout_lib.FAR, (nothing.shape[0], blocks))
        total = jnp.broadcast_to(nothing[..., None], (nothing.shape[0], blocks, len(scales)))
        return least, total

    def update(state, tile, numbers):
        del numbers
        least, total = state
        d = tile_lib.squared_distance(tile)
        if tile.same:  # a row meets itself at 0, by index: rounding would show at small scales
            d = jnp.where(tile.rows.content[:, None] == tile.cols.content[None, :], 0, d)
        d = d if squared else jnp.sqrt(d)
        at = tile.cols.block[0]
        old = lax.dynamic_slice_in_dim(least, at, 1, axis=1)
        new = jnp.minimum(old, d.min(axis=1, keepdims=True))
        sums = [jnp.sum(tile.cols.weight * jnp.exp((new - d) / np.float32(s)), axis=1, keepdims=True) for s in scales]
        before = lax.dynamic_slice_in_dim(total, at, 1, axis=1)
        shrink = jnp.stack([jnp.exp((new - old) / np.float32(s)) for s in scales], axis=-1)
        after = before * shrink + jnp.stack(sums, axis=-1)
        return (
            lax.dynamic_update_slice_in_dim(least, new, at, axis=1),
            lax.dynamic_update_slice_in_dim(total, after, at, axis=1),
        )

    def start(rows, cols):
        return np.full((len(scales), cols.block_slots, len(rows.first)), -np.inf)

    def merge(result, state, place):
        least, total = (np.asarray(a, np.float64) for a in state)
        with np.errstate(divide="ignore"):
            log = np.log(total.transpose(2, 1, 0)) - least.T / np.asarray(scales)[:, None, None]
        result[:, place.blocks, place.rows] = np.logaddexp(result[:, place.blocks, place.rows], log)
        return result

    def finish(result, rows, cols, job):
        del job
        return np.moveaxis(rows.expand(np.moveaxis(result[:, : cols.blocks], -1, 0)), 0, -1)

    name = f"log_sum_exp(scales={list(scales)},squared={squared})"
    return fold_lib.Fold(name, lambda a: a, init, update, fold_lib.no_numbers, start, merge, finish)
