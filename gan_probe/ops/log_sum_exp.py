"""Log-sum-exp fold: log sum_y exp(-D(x, y) / s) for every row x, kept apart for every block of columns.

Several scales share the running minimum of the distance, so that the largest exponential of every scale is 1
(thesis 004, eq 3.3 to 3.5). Where no exponential can be too small for float32 and nobody else wants the products, the
exponent is itself the product, of rows with their norms appended, and no minimum is taken: in few dimensions that
halves the time, as XLA:CPU then multiplies, exponentiates and sums in one kernel.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["log_sum_exp"]

_LEAST_EXPONENT = -87.0
"""Exponentials below this one may be zero in float32."""


@functools.cache
def log_sum_exp(*, scales: tuple[float, ...], squared: bool) -> fold_lib.Fold:
    """Result: float64 [scales, blocks, n], -inf for an empty block. D is squared Euclidean or plain Euclidean.

    In a pass of a set with itself a row's own column counts too, and equal rows are at distance 0 exactly.
    """

    def init(rows, blocks):
        nothing = jnp.zeros_like(rows.norm)[:, None]
        least = jnp.broadcast_to(nothing + layout_lib.FAR, (nothing.shape[0], blocks))
        total = jnp.broadcast_to(nothing[..., None], (nothing.shape[0], blocks, len(scales)))
        return least, total, nothing[:, 0]

    def prepare(rows, cols, numbers, spread):
        del numbers, spread
        rates = [tile_lib.constant(1 / s, rows) for s in scales]
        ends = [tile_lib.constant(0.0, rows) for _ in scales]
        # The same norms where rows are, as the largest exponential must be 1; padding has none.
        norms = jnp.where(cols.weight > 0, cols.norm, np.float32(np.inf))
        return fold_lib.Prepared((rows.norm, *rates, *ends), (cols.norm, norms))

    def update(state, tile, prepared):
        least, total, _ = state
        norm, *rest = (a[:, None] for a in prepared.rows)
        rates, ends = rest[: len(scales)], rest[len(scales) :]
        col_norm, col_norm_or_inf = (a[None, :] for a in prepared.cols)
        at = tile.cols.block[0]
        old = lax.dynamic_slice_in_dim(least, at, 1, axis=1)
        # Distances less the row's own norm, which the host gives back: what all columns share needs no rounding.
        d, d_or_inf = tile.product + col_norm, tile.product + col_norm_or_inf
        if tile.same:  # a row meets itself at 0, by index: rounding would show at small scales
            equal = tile_lib.equal(tile)
            d, d_or_inf = jnp.where(equal, -norm, d), jnp.where(equal, -norm, d_or_inf)
        if squared:
            taken = norm
        else:
            d, d_or_inf = jnp.sqrt(jnp.maximum(d + norm, 0)), jnp.sqrt(jnp.maximum(d_or_inf + norm, 0))
            taken = jnp.zeros_like(norm)
        new = jnp.maximum(jnp.minimum(old, d.min(axis=1, keepdims=True)), -taken)
        terms = [jnp.exp(jnp.minimum((new - d_or_inf) * rate, end)) for rate, end in zip(rates, ends, strict=True)]
        if tile.weighted:
            terms = [tile.cols.weight * t for t in terms]
        before = lax.dynamic_slice_in_dim(total, at, 1, axis=1)
        shrink = jnp.stack([jnp.exp((new - old) * rate) for rate in rates], axis=-1)
        after = before * shrink + jnp.stack([t.sum(axis=1, keepdims=True) for t in terms], axis=-1)
        return (
            lax.dynamic_update_slice_in_dim(least, new, at, axis=1),
            lax.dynamic_update_slice_in_dim(total, after, at, axis=1),
            taken[:, 0],
        )

    def alone(rows, cols):
        if len(scales) > 1 or not squared or not _within_reach(rows, cols, scales[0]):
            return None
        return _unshifted(scales[0])

    def start(rows, cols):
        return np.full((len(scales), cols.block_slots, len(rows.first)), -np.inf)

    def merge(result, state, place):
        least, total, taken = (np.asarray(a, np.float64) for a in state)
        with np.errstate(divide="ignore"):
            log = np.log(total.transpose(2, 1, 0)) - (least.T + taken) / np.asarray(scales)[:, None, None]
        result[:, place.blocks, place.rows] = np.logaddexp(result[:, place.blocks, place.rows], log)
        return result

    def finish(result, rows, cols, job):
        del job
        return np.moveaxis(rows.expand(np.moveaxis(result[:, : cols.blocks], -1, 0)), 0, -1)

    name = f"log_sum_exp(scales={list(scales)},squared={squared})"
    return fold_lib.Fold(
        name, lambda a: a, init, update, fold_lib.no_numbers, prepare, start, merge, finish, alone=alone
    )  # fmt: skip


@functools.cache
def _unshifted(scale: float) -> fold_lib.Fold:
    """The fold of one scale whose tiles hold -|x - y|^2 / scale."""
    rate = np.float32(1 / scale)

    def operands(rows, cols):
        return tile_lib.appended(rows, cols, inner=2 * rate, outer=-rate)

    def init(rows, blocks):
        return jnp.broadcast_to(jnp.zeros_like(rows.norm)[:, None], (rows.norm.shape[0], blocks))

    def prepare(rows, cols, numbers, spread):
        del rows, cols, numbers, spread
        return fold_lib.Prepared()

    def update(total, tile, prepared):
        del prepared
        exponent = jnp.where(tile_lib.equal(tile), 0, tile.product) if tile.same else tile.product
        term = tile.cols.weight * jnp.exp(exponent) if tile.weighted else jnp.exp(exponent)
        at = tile.cols.block[0]
        after = lax.dynamic_slice_in_dim(total, at, 1, axis=1) + term.sum(axis=1, keepdims=True)
        return lax.dynamic_update_slice_in_dim(total, after, at, axis=1)

    def start(rows, cols):
        return np.zeros((cols.block_slots, len(rows.first)))

    def merge(result, total, place):
        result[place.blocks, place.rows] += np.asarray(total).T
        return result

    def finish(result, rows, cols, job):
        del job
        with np.errstate(divide="ignore"):
            return rows.expand(np.log(result[: cols.blocks]).T).T[None]

    whole = log_sum_exp(scales=(scale,), squared=True)
    return whole._replace(
        init=init, update=update, prepare=prepare, start=start, merge=merge, finish=finish, alone=None,
        operands=operands,
    )  # fmt: skip


def _within_reach(rows: layout_lib.Layout, cols: layout_lib.Layout, scale: float) -> bool:
    """Whether every row has a term in every block beside which all that float32 may lose is below its rounding.

    By the triangle inequality, the column nearest to the centre is at most that far from the row farthest from it.
    """
    nearest = np.full(cols.block_slots, np.inf)
    np.minimum.at(nearest, np.repeat(cols.panel_block, cols.panel) + cols.local_block, cols.norm)
    farthest = rows.norm[rows.first >= 0].max(initial=0)
    most = (float(farthest) ** 0.5 + float(nearest[: cols.blocks].max()) ** 0.5) ** 2 / scale
    beside = np.log(np.finfo(np.float32).eps / 2 / cols.block_sizes.max())
    return bool(most <= beside - _LEAST_EXPONENT)
