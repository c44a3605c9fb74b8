"""Range-count fold: for every row, how many columns lie within a radius, kept apart for every block of columns.

The radius belongs to the column (the ball around it) or to the row. A pair is counted at once when even the upper
bound of its distance is inside; where only the lower bound is, the pair is borderline and settled in float64 after.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_probe.ops import exact
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["Counts", "count_within"]

_MOST_SETTLED = 20_000_000  # borderline pairs settled in float64; beyond, they are reported


class Counts(NamedTuple):
    """counts: int64 [blocks, n], columns of each block within the radius of each row.
    borderline: int64 [], pairs within rounding of their radius that were too many to settle (half are counted).
    """

    counts: np.ndarray
    borderline: np.ndarray


@functools.cache
def count_within(*, ties: str, balls: str) -> fold_lib.Fold:
    """Result: Counts. A row's own column, in a pass of a set with itself, is counted too.

    Args:
      ties: '<' or '<=', whether a column at the radius is within.
      balls: 'rows' or 'cols', whose radius it is.
    """

    def init(lanes):
        return tuple(lanes.full(0.0).astype(jnp.int32) for _ in range(2))

    def prepare(rows, cols, numbers, spread):
        limits, ball, other = (numbers[0], rows, cols) if balls == "rows" else (numbers[1], cols, rows)
        factors = np.float32(1 + spread), np.float32(1 - spread)
        low, high, holds_zero = limits.T
        room = [limit - ball.norm * factor for limit, factor in zip((low, high), factors, strict=True)]
        taken = tuple(other.norm * factor for factor in factors)
        of_ball = (*room, holds_zero > 0)
        return fold_lib.Prepared(of_ball, taken) if balls == "rows" else fold_lib.Prepared(taken, of_ball)

    def update(state, tile, prepared):
        def within(piece, i):
            (*room, holds_zero), taken = (piece.rows, piece.cols) if balls == "rows" else (piece.cols, piece.rows)
            distance = piece.product + taken[i]
            hit = distance < room[i] if i == 0 else distance <= room[i]
            hit = piece.at_equal(holds_zero, hit)  # decided by index, never by value
            return jnp.where(hit, np.float32(1), np.float32(0))

        return tuple(
            s + tile_lib.total(tile, lambda p, i=i: within(p, i), *prepared).astype(jnp.int32)
            for i, s in enumerate(state)
        )

    def leave(state, rows, lanes):
        del rows
        return tuple(lanes.flat(s).sum(axis=1) for s in state)

    def numbers(job, side, layout):
        if side != balls:
            return None
        radius2 = np.where(layout.first >= 0, _radius2(job, layout)[layout.first], 0.0)
        radius2 = np.minimum(radius2, 0.5 * layout_lib.FAR)  # padding is outside of every ball
        low, high = (
            np.nextafter(radius2.astype(np.float32), end, dtype=np.float32) for end in np.float32([-np.inf, np.inf])
        )
        holds_zero = radius2 > 0 if ties == "<" else radius2 >= 0
        return np.stack([low, high, holds_zero], axis=-1)

    def start(rows, cols):
        return np.zeros((2, cols.block_slots, len(rows.first)), np.int64)

    def merge(result, state, place):
        result[:, place.blocks, place.rows] += np.stack(state).transpose(0, 2, 1)
        return result

    def finish(result, rows, cols, job):
        sure, maybe = result[:, : cols.blocks]
        open_pairs = maybe - sure
        open_pairs[:, rows.first < 0] = 0
        # Copies are settled together: a row has no more open pairs in a block than the block has contents.
        contents = np.bincount(cols.block[cols.first[cols.first >= 0]], minlength=cols.blocks)
        to_settle = int(np.minimum(open_pairs, contents[:, None]).sum())
        if to_settle <= _MOST_SETTLED:
            limits = numbers(job, balls, cols if balls == "cols" else rows)[:, :2]
            for block, found in _screened(rows, cols, open_pairs, limits, balls):
                r, c = found.row, found.col
                sure[block, found.rows] = found.nearer
                d2 = exact.squared_distances(rows.features, rows.first[r], cols.features, cols.first[c])
                limit = _radius2(job, cols)[cols.first[c]] if balls == "cols" else _radius2(job, rows)[rows.first[r]]
                hit = d2 < limit if ties == "<" else d2 <= limit
                weight = cols.weight[c[hit]].astype(np.int64)
                np.add.at(sure[block], r[hit], weight)
            borderline = 0
        else:
            sure = sure + open_pairs // 2
            borderline = int(open_pairs.sum(axis=0) @ rows.weight.astype(np.int64))
        return Counts(rows.expand(sure.T).T, np.asarray(borderline))

    name = f"count_within(ties={ties},balls={balls})"
    return fold_lib.Fold(name, Counts, init, update, leave, numbers, prepare, start, merge, finish)


def _screened(rows, cols, open_pairs, limits, balls) -> Iterator[tuple[int, exact.Screened]]:
    """Block by block, the rows that have open pairs [blocks, p] with its columns."""
    for block in np.flatnonzero(open_pairs.any(axis=1)).tolist():
        at = np.flatnonzero(open_pairs[block])
        between = limits if balls == "cols" else limits[at]
        for found in exact.screened_pairs(rows, at, cols, between=between, balls=balls, block=block):
            yield block, found


def _radius2(job: fold_lib.Job, layout: layout_lib.Layout) -> np.ndarray:
    return np.broadcast_to(np.asarray(job.radius2, np.float64), len(layout))
