"""Mixture fold: for every row, log sum_y exp(a + a_y - b b_y D(x, y)) and the mean of D under these weights.

D is squared Euclidean; (a, b) belong to the row and (a_y, b_y) to the column, so one fold serves both halves of an EM
step on a mixture of Gaussians with bandwidths of their own: over the components of every row (log-likelihood), and over
the rows of every component (responsibilities and the mean squared distance they give).
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_probe.ops import exponential
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["Mixture", "mixture"]


class Mixture(NamedTuple):
    """log: float64 [blocks, n], the log-sum over the columns of each block, -inf for an empty one.
    distance2: float64 [blocks, n], mean of D under the weights of the sum, 0 for an empty block.
    """

    log: np.ndarray
    distance2: np.ndarray


@functools.cache
def mixture() -> fold_lib.Fold:
    """Result: Mixture. The job gives `rows` [n, 2] and `cols` [m, 2]: the a and b of each, equal for equal rows."""
    rate = np.float32(exponential.LOG2_E)

    def init(lanes):
        return lanes.full(-layout_lib.FAR), lanes.full(0.0), lanes.full(0.0)

    def prepare(rows, cols, numbers, spread):
        del spread
        (_, b), (a_col, b_col) = (n.T for n in numbers)  # a row's own a is added last
        a_col = jnp.where(cols.weight > 0, a_col, -np.float32(np.inf))
        held = jnp.where(rows.weight > 0, rows.norm, 0)  # FAR times a sum overflows
        return fold_lib.Prepared((held, b), (cols.norm, a_col, b_col))

    def squared_distance(piece):
        return jnp.maximum(piece.product + piece.cols[0] + piece.rows[0], 0)

    def exponent(piece):
        (_, b), (_, a_col, b_col) = piece.rows, piece.cols
        return a_col - b * (b_col * squared_distance(piece))

    def update(state, tile, prepared):
        top, total, moment = state
        new = jnp.maximum(top, -tile_lib.least(tile, lambda p: -exponent(p), *prepared))

        def weight(piece):
            return exponential.exp2(jnp.minimum((exponent(piece) - new) * rate, 0))

        shrink = exponential.exp2((top - new) * rate)
        return (
            new,
            total * shrink + tile_lib.total(tile, weight, *prepared),
            moment * shrink + tile_lib.total(tile, lambda p: weight(p) * squared_distance(p), *prepared),
        )

    def leave(state, rows, lanes):
        del rows
        top, total, moment = (lanes.flat(s) for s in state)
        new = top.max(axis=1, keepdims=True)
        shrink = exponential.exp2((top - new) * rate)
        return new[:, 0], (total * shrink).sum(axis=1), (moment * shrink).sum(axis=1)

    def numbers(job, side, layout):
        given = np.asarray(job.rows if side == "rows" else job.cols, np.float64)
        padded = np.array([-layout_lib.FAR, 0.0])
        return np.where(layout.first[:, None] >= 0, given[layout.first], padded).astype(np.float32)

    def start(rows, cols):
        shape = (cols.block_slots, len(rows.first))
        return Mixture(np.full(shape, -np.inf), np.zeros(shape))

    def merge(result, state, place):
        top, total, moment = (np.asarray(s, np.float64).T for s in state)
        here = (place.blocks, place.rows)
        some = total > 0
        log = np.log(total, out=np.full_like(total, -np.inf), where=some) + top
        distance2 = np.divide(moment, total, out=np.zeros_like(total), where=some)
        both = np.logaddexp(result.log[here], log)
        share = np.exp(np.subtract(log, both, out=np.full_like(log, -np.inf), where=some))
        result.distance2[here] += share * (distance2 - result.distance2[here])
        result.log[here] = both
        return result

    def finish(result, rows, cols, job):
        log, distance2 = (rows.expand(part[: cols.blocks].T).T for part in result)
        return Mixture(log + np.asarray(job.rows, np.float64)[:, 0], distance2)

    return fold_lib.Fold("mixture", Mixture, init, update, leave, numbers, prepare, start, merge, finish)
