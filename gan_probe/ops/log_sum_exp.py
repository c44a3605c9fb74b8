"""Log-sum-exp fold: log sum_y exp(-D(x, y) / s) for every row x, kept apart for every block of columns.

Several scales share the running minimum of the distance, one a lane, so that the largest exponential of every lane and
scale is 1 (thesis 004, eq 3.3 to 3.5). Where no exponential can be too small for float32, nobody else wants the
products and rows are of few numbers, squared differences are summed without a multiply and no minimum is taken: on a
CPU that halves the time, as differences, exponentials and their sum are one kernel.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_probe.ops import exponential
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["log_sum_exp"]

_LEAST_EXPONENT = -87.0
"""Exponentials below this one may be zero in float32."""

_FEW = 12  # numbers a row up to which differences are sooner than the multiply
_MOST_LOADS = 240  # of a kernel: beyond about 250 XLA:CPU leaves the vector registers


@functools.cache
def log_sum_exp(*, scales: tuple[float, ...], squared: bool) -> fold_lib.Fold:
    """Result: float64 [scales, blocks, n], -inf for an empty block. D is squared Euclidean or plain Euclidean.

    In a pass of a set with itself a row's own column counts too, and equal rows are at distance 0 exactly.
    """
    rates = [np.float32(exponential.LOG2_E / s) for s in scales]

    def init(lanes):
        return lanes.full(layout_lib.FAR), tuple(lanes.full(0.0) for _ in scales)

    def prepare(rows, cols, numbers, spread):
        del numbers, spread
        return fold_lib.Prepared((rows.norm,), (jnp.where(cols.weight > 0, cols.norm, np.float32(np.inf)),))

    def distance(piece):
        """Less the row's own norm where D is squared: the host gives it back, what all columns share isn't rounded."""
        (norm,), (other,) = piece.rows, piece.cols
        d = piece.at_equal(-norm, piece.product + other)  # by index: rounding would show at small scales
        return d if squared else jnp.sqrt(jnp.maximum(d + norm, 0))

    def update(state, tile, prepared):
        old, totals = state
        floor = -tile.lanes.of_rows(tile.rows.norm) if squared else np.float32(0)
        new = jnp.maximum(jnp.minimum(old, tile_lib.least(tile, distance, *prepared)), floor)

        def terms(rate):
            return tile_lib.total(
                tile, lambda p: exponential.exp2(jnp.minimum((new - distance(p)) * rate, 0)), *prepared
            )

        return new, tuple(
            total * exponential.exp2((new - old) * rate) + terms(rate)
            for rate, total in zip(rates, totals, strict=True)
        )

    def leave(state, rows, lanes):
        least, *totals = (lanes.flat(a) for a in (state[0], *state[1]))
        new = least.min(axis=1, keepdims=True)
        joined = [
            (total * exponential.exp2((new - least) * rate)).sum(axis=1)
            for rate, total in zip(rates, totals, strict=True)
        ]
        return new[:, 0], jnp.stack(joined, axis=1), rows.norm if squared else jnp.zeros_like(rows.norm)

    def alone(rows, cols):
        few = rows.dim <= _FEW and jax.default_backend() == "cpu"
        if len(scales) > 1 or not squared or not few or not _within_reach(rows, cols, scales[0]):
            return None
        return _by_differences(scales[0], rows.dim, rows.lanes)

    def start(rows, cols):
        return np.full((len(scales), cols.block_slots, len(rows.first)), -np.inf)

    def merge(result, state, place):
        least, total, taken = (np.asarray(a, np.float64) for a in state)
        with np.errstate(divide="ignore"):
            log = np.log(total.transpose(2, 1, 0)) - (least + taken).T / np.asarray(scales)[:, None, None]
        result[:, place.blocks, place.rows] = np.logaddexp(result[:, place.blocks, place.rows], log)
        return result

    def finish(result, rows, cols, job):
        del job
        return np.moveaxis(rows.expand(np.moveaxis(result[:, : cols.blocks], -1, 0)), 0, -1)

    name = f"log_sum_exp(scales={list(scales)},squared={squared})"
    return fold_lib.Fold(
        name, lambda a: a, init, update, leave, fold_lib.no_numbers, prepare, start, merge, finish, alone=alone
    )  # fmt: skip


@functools.cache
def _by_differences(scale: float, dim: int, width: int) -> fold_lib.Fold:
    """The fold of one squared scale that sums squared differences itself, of rows of few numbers.

    A tile's columns are slices [dim, width], read one group of slices after another: XLA:CPU makes one kernel of a
    group, in vector registers unless it loads too much.
    """
    unit = np.float32((exponential.LOG2_E / scale) ** 0.5)
    far = np.float32(layout_lib.FAR**0.5)

    def init(lanes):
        return jnp.zeros((lanes.rows, width))

    def prepare(rows, cols, numbers, spread):
        del numbers, spread
        slices = jnp.where(cols.weight[:, None] > 0, cols.x * unit, far).reshape(-1, width, dim)
        return fold_lib.Prepared((rows.x * unit,), (slices.swapaxes(1, 2).reshape(-1, dim),))

    def update(state, tile, prepared):
        (x,), (y,) = prepared
        slices, weight = y.reshape(-1, dim, width), tile.cols.weight.reshape(-1, 1, width)
        each = dim + 1 if tile.weighted else dim
        count = -(-len(slices) * each // (_MOST_LOADS - dim))
        size = -(-len(slices) // count)

        def grouped(a, filler):
            more = ((0, count * size - len(a)), (0, 0), (0, 0))
            return jnp.pad(a, more, constant_values=filler).reshape(count, size, *a.shape[1:])

        groups = grouped(slices, far), grouped(weight, np.float32(0))

        def taken(i):
            return tuple(lax.dynamic_index_in_dim(a, i, keepdims=False) for a in groups)

        def step(carry, i):
            total, (group, weight) = carry
            for nth in range(size):
                apart = sum((x[:, k, None] - group[nth, k]) ** 2 for k in range(dim))
                term = exponential.exp2(-apart)
                total += weight[nth] * term if tile.weighted else term
            return (total, taken((i + 1) % count)), None  # taken a step ahead, as the stream takes its tiles

        (state, _), _ = lax.scan(step, (state, taken(jnp.int32(0))), jnp.arange(count, dtype=jnp.int32))
        return state

    def leave(state, rows, lanes):
        del rows, lanes
        return state.sum(axis=1)

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
        init=init, update=update, leave=leave, prepare=prepare, start=start, merge=merge, finish=finish, alone=None
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
