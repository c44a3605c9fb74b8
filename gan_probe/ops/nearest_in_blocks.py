"""Nearest-in-blocks fold: how far the nearest columns of every block are, and which are nearest of all.

A classifier by nearest neighbours wants as many columns of either set. So the fold looks at `draw` columns only: every
(n / draw)-th row in the order of the layout (blocks, then content hashes), which is random, the same in any order of
the rows, and thins copies of a row as it thins others.

On the device the least lower bounds of every block are kept; on the host those of these candidates that may be asked
for get their true distances, and a row of which a block may hide one of its k nearest is screened again. Within a block
the candidates are those of float32: distances that differ by less than its rounding may pass for one another there,
which design effects do not feel.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_probe.ops import exact
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["MERGED", "InBlocks", "nearest_in_blocks"]

MERGED = 2
"""Blocks of the layout that make one block of this fold."""

_CHUNK = 4096  # rows whose neighbours' copies are listed at once


class InBlocks(NamedTuple):
    """Of the columns drawn, a row's own left out; what is said of a row that isn't drawn itself means nothing.

    block2: float64 [blocks, n] squared distance to the `rank`-th nearest column of each merged block, inf without one.
    distance2: float64 [n, k] squared distances of the k nearest of all.   indices: int64 [n, k], ties to the lowest.
    drawn: bool [n], whether the row is drawn where it is a column.
    """

    block2: np.ndarray
    distance2: np.ndarray
    indices: np.ndarray
    drawn: np.ndarray


class _Candidates(NamedTuple):
    """bound: float32 [p, blocks, rank + 1] least lower bounds in every block; position: int32, of the same shape.
    cols: whose positions they are."""

    bound: np.ndarray
    position: np.ndarray
    cols: layout_lib.Layout


@functools.cache
def nearest_in_blocks(*, k: int, rank: int, draw: int) -> fold_lib.Fold:
    """Result: InBlocks.

    Args:
      k: neighbours among all columns.
      rank: neighbour within a block.
      draw: columns drawn, and rows of a set that is larger; all of a set that isn't.
    """
    keep = rank + 1  # one may be the row itself
    far = np.float32(layout_lib.FAR)

    def init(lanes):
        return (lanes.full(0.0).astype(jnp.int32),) * keep

    def prepare(rows, cols, numbers, spread):
        shrink = np.float32(1 - spread)
        return fold_lib.Prepared((rows.norm * shrink,), (jnp.where(numbers[1][:, 0] > 0, cols.norm * shrink, far),))

    def update(state, tile, prepared):
        del state  # one of every tile

        def bound(piece):
            return jnp.clip(piece.product + piece.cols[0] + piece.rows[0], 0, far)

        return tile_lib.lowest(tile, bound, keep, *prepared)

    def leave(state, rows, lanes):
        del rows
        key = jnp.stack([lanes.flat(level) for level in state], axis=-1).reshape(lanes.rows, -1)
        _, where = lax.top_k(-lax.bitcast_convert_type(key, jnp.float32), keep)
        return jnp.take_along_axis(key, where, axis=1), where // keep

    def numbers(job, side, layout):
        del job
        return (_drawn(layout, draw) > 0).astype(np.float32)[:, None] if side == "cols" else None

    def start(rows, cols):
        shape = (len(rows.first), cols.block_slots, keep)
        return _Candidates(np.full(shape, far), np.zeros(shape, np.int32), cols)

    def merge(result, state, place):
        key, group = (np.asarray(a) for a in state)
        cols, tiles = result.cols, key.shape[1]
        low_bits = np.int32(tile_lib.slice_bits(cols.group))
        first = place.cols.start + (place.cols.stop - place.cols.start) // tiles * np.arange(tiles, dtype=np.int32)
        position = first[:, None] + cols.columns(group, key & low_bits)
        bound = tile_lib.bound(key, cols.group)
        blocks = cols.panel_block[first // cols.panel] + cols.local_block[first]
        for block in np.unique(blocks).tolist():
            at = (place.rows, block)
            of_block = [a[:, blocks == block].reshape(len(a), -1) for a in (bound, position)]
            found = [np.concatenate([old[at], new], axis=1) for old, new in zip(result, of_block, strict=False)]
            result.bound[at], result.position[at] = _least(*found, keep)
        return result

    def finish(result, rows, cols, job):
        del job
        p, weight = len(rows.first), _drawn(cols, draw)
        of_blocks = (a[:, : cols.blocks].reshape(p, -1, MERGED * keep) for a in result[:2])
        bound, column = _least(*of_blocks, keep)
        copies = np.where(bound < far, weight[column], 0)
        if rows is cols:
            copies -= (copies > 0) & (column == np.arange(p)[:, None, None])
        copies[rows.first < 0] = 0
        below, asked = _asked_for(bound, column, copies, rows, cols, k, rank)
        r, b, c = np.nonzero(asked)
        distance2 = np.full(bound.shape, np.inf)
        at = cols.first[column[r, b, c]]
        distance2[r, b, c] = exact.squared_distances(rows.features, rows.first[r], cols.features, at)

        # What is below the rank-th for certain needs no distance to be counted there.
        block2 = _nth(np.where(below, bound, distance2), copies, rank)
        flat = [a.reshape(p, -1) for a in (distance2, column, copies)]
        kth = _nth(flat[0], flat[2], k)
        hidden = bound.max(axis=-1).min(axis=-1)
        near2, near = _first(flat[0], flat[1], cols, k)
        doubtful = np.flatnonzero((kth >= hidden) & (rows.first >= 0))
        if doubtful.size:
            _second_look(near2, near, doubtful, kth[doubtful], weight, rows, cols)
        near2, near = _rows_at(near2, near, weight, rows, cols)
        return InBlocks(rows.expand(block2).T, near2, near, _first_copies(rows, _drawn(rows, draw)))

    name = f"nearest_in_blocks(k={k},rank={rank},draw={draw})"
    return fold_lib.Fold(
        name, InBlocks, init, update, leave, numbers, prepare, start, merge, finish, per_tile=True
    )  # fmt: skip


def _asked_for(bound, column, copies, rows, cols, k, rank) -> tuple[np.ndarray, np.ndarray]:
    """Of the candidates [p, blocks, m]: which are nearer than the rank-th of their block for certain, and which may be
    that one, or one of a row's k nearest."""
    norms = rows.norm[:, None, None] + cols.norm[column].astype(np.float64)
    high = tile_lib.above(bound, norms, cols.group, tile_lib.spread(rows.dim))
    low_of_rank, high_of_rank = (_nth(a, copies, rank)[..., None] for a in (bound, high))
    high_of_kth = _nth(high.reshape(len(high), -1), copies.reshape(len(high), -1), k)[:, None, None]
    below = high < low_of_rank
    return below, (copies > 0) & ((bound <= high_of_rank) & ~below | (bound <= high_of_kth))


def _drawn(layout: layout_lib.Layout, draw: int) -> np.ndarray:
    """How many of the equal rows at each position are drawn, int64 [p]; `draw` in all."""
    weight = layout.weight.astype(np.int64)
    n, upto = len(layout), np.cumsum(weight)
    return weight if n <= draw else upto * draw // n - (upto - weight) * draw // n


def _first_copies(layout: layout_lib.Layout, drawn: np.ndarray) -> np.ndarray:
    """bool [n]: of the equal rows at a position, those of lowest index are drawn."""
    order, start = _by_position(layout)
    nth = np.empty(len(layout), np.int64)
    nth[order] = np.arange(len(layout)) - start[layout.position[order]]
    return nth < drawn[layout.position]


def _by_position(layout: layout_lib.Layout) -> tuple[np.ndarray, np.ndarray]:
    """Rows sorted by (position, index) [n], and where each position's begin [p]."""
    weight = layout.weight.astype(np.int64)
    return np.argsort(layout.position, kind="stable"), np.cumsum(weight) - weight


def _least(bound: np.ndarray, position: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """The `keep` least along the last axis."""
    order = np.argpartition(bound, keep - 1, axis=-1)[..., :keep]
    return np.take_along_axis(bound, order, axis=-1), np.take_along_axis(position, order, axis=-1)


def _nth(distance2: np.ndarray, copies: np.ndarray, nth: int) -> np.ndarray:
    """The nth least distance along the last axis, each as often as it has copies; inf where there are fewer."""
    order = np.argsort(distance2, axis=-1)
    enough = np.cumsum(np.take_along_axis(copies, order, axis=-1), axis=-1) >= nth
    at = np.take_along_axis(order, np.argmax(enough, axis=-1)[..., None], axis=-1)
    return np.where(enough[..., -1], np.take_along_axis(distance2, at, axis=-1)[..., 0], np.inf)


def _first(distance2, column, cols, k) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest positions, ties to the lowest index of a row there: distances [p, k] and positions [p, k]."""
    order = np.lexsort((cols.first[column], distance2))[:, :k]
    near2, near = np.full((len(order), k), np.inf), np.zeros((len(order), k), np.int64)
    near2[:, : order.shape[1]] = np.take_along_axis(distance2, order, axis=1)
    near[:, : order.shape[1]] = np.take_along_axis(column, order, axis=1)
    return near2, near


def _second_look(near2, near, at, kth, weight, rows, cols) -> None:
    """Fill the nearest positions of the positions `at` from all pairs that may lie within the k-th distance known."""
    k = near.shape[1]
    with np.errstate(over="ignore"):
        high = np.nextafter(kth.astype(np.float32), np.float32(np.inf))
    between = np.stack([np.full_like(high, -np.inf), high], axis=-1)
    for found in exact.screened_pairs(rows, at, cols, between=between, balls="rows"):
        own = (found.row == found.col) if rows is cols else 0
        there = weight[found.col] - own > 0
        r, c = found.row[there], found.col[there]
        d2 = exact.squared_distances(rows.features, rows.first[r], cols.features, cols.first[c])
        order = np.lexsort((cols.first[c], d2, r))
        r, c, d2 = r[order], c[order], d2[order]
        nth = np.arange(len(r)) - np.searchsorted(r, r)
        kept = nth < k
        near2[found.rows] = np.inf
        near2[r[kept], nth[kept]], near[r[kept], nth[kept]] = d2[kept], c[kept]


def _rows_at(near2, near, weight, rows, cols) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of every row from its k nearest positions: distances [n, k] and indices [n, k]."""
    k = near.shape[1]
    order, start = _by_position(cols)
    nth = np.arange(k + 1)
    out2, out = np.empty((len(rows), k)), np.empty((len(rows), k), np.int64)
    for begin in range(0, len(rows), _CHUNK):
        i = np.arange(begin, min(begin + _CHUNK, len(rows)))
        d2, position = near2[rows.position[i]], near[rows.position[i]]
        exists = nth < weight[position][..., None]
        index = order[np.where(exists, start[position][..., None] + nth, 0)]
        if rows is cols:
            exists &= index != i[:, None, None]
        spread = np.where(exists, d2[..., None], np.inf).reshape(len(i), -1)
        index = index.reshape(len(i), -1)
        by = np.lexsort((index, spread))[:, :k]
        out2[i], out[i] = np.take_along_axis(spread, by, axis=1), np.take_along_axis(index, by, axis=1)
    return out2, out
