"""k-nearest fold: groups of columns from the stream, then exact neighbours from float64 on the host.

On the device the columns that share a lane of a tile are a group, and only each group's least lower bound goes on:
ranks would cost twenty times as much. The least groups are chosen once a panel. On the host one small multiply a group
looks inside those that may hold one of the k nearest, and what float32 can't tell apart there gets its true distance. A
row whose k-th true distance isn't below every group passed over is screened again, completely.
"""

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import threadpoolctl
from jax import lax

from gan_probe.ops import coarse as coarse_lib
from gan_probe.ops import exact
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["Neighbours", "nearest"]

_SPARE = 4  # groups kept of every panel beyond k in bfloat16, 1 in float32: few rows then need a second look
_BUFFER = 4  # lists of groups that the host collects for a row before it prunes them
_LAST = np.int32(np.iinfo(np.int32).max)
_CHUNK = 1 << 22  # numbers held at once while duplicates are expanded
_ROWS = 1 << 15  # rows whose groups are looked into at once
_CACHED = 512  # rows ranked at once on the device


class Neighbours(NamedTuple):
    """The k nearest columns of every row, nearest first, ties to the lowest index, a row's own index left out.

    distance2: float64 [n, k] squared Euclidean distance.    indices: int64 [n, k].
    """

    distance2: np.ndarray
    indices: np.ndarray


class _Groups(NamedTuple):
    """bound: float32 [p, m] lower bounds; group: int32 [p, m], as `Layout.columns` counts them; hidden: float32 [p]
    below all that was dropped; filled: int [panels] slots in use."""

    bound: np.ndarray
    group: np.ndarray
    hidden: np.ndarray
    filled: np.ndarray


@functools.cache
def nearest(*, k: int, coarse: bool = False) -> fold_lib.Fold:
    """Result: Neighbours. `coarse` is the fold's own variant for rows in bfloat16."""
    keep = k + (_SPARE if coarse else 1)
    held = 2 * keep
    far = np.float32(layout_lib.FAR)

    def init(lanes):
        return lanes.full(0.0).astype(jnp.int32)

    def prepare(rows, cols, numbers, spread):
        del numbers
        shrink = np.float32(1 - spread)
        return fold_lib.Prepared((rows.norm * shrink,), (cols.reach * shrink,))

    def update(state, tile, prepared):
        del state  # one of every tile
        (norm,), others = prepared
        d = tile_lib.least(tile, lambda p: p.at_equal(far, p.product + p.cols[0]), (), others)
        d = jnp.clip(d + tile.lanes.of_rows(norm), 0, far)
        return lax.bitcast_convert_type(d, jnp.int32)

    def leave(state, rows, lanes):
        del rows
        return lanes.flat(state)

    def choose(least):
        least = jnp.pad(least, ((0, 0), (0, max(0, keep - least.shape[1]))), constant_values=far.view(np.int32))
        slot, hidden = _chosen(least, keep)
        bound, hidden = (
            lax.bitcast_convert_type(a, jnp.float32) for a in (jnp.take_along_axis(least, slot, axis=1), hidden)
        )
        return bound, jnp.where(bound < 0.5 * far, slot, 0), hidden

    def start(rows, cols):
        del cols
        p = len(rows.first)
        slots = keep * _BUFFER
        return _Groups(
            np.full((p, slots), far), np.zeros((p, slots), np.int32), np.full(p, far), np.zeros(rows.panels, int)
        )

    def merge(result, state, place):
        bound, slot, hidden = (np.asarray(a) for a in state)
        at, panel = place.rows, place.rows.start // (place.rows.stop - place.rows.start)
        if result.filled[panel] == result.bound.shape[1]:
            result.bound[at, :held], result.group[at, :held] = _least(result.bound[at], result.group[at], held)
            result.bound[at, held:] = far
            result.filled[panel] = held
            result.hidden[at] = np.minimum(result.hidden[at], result.bound[at, :held].max(axis=1))
        slots = slice(result.filled[panel], result.filled[panel] + keep)
        result.bound[at, slots] = bound
        result.group[at, slots] = slot + place.group
        result.filled[panel] = slots.stop
        result.hidden[at] = np.minimum(result.hidden[at], hidden)
        return result

    def finish(result, rows, cols, job):
        del job
        p = len(rows.first)
        column, distance2, hidden = np.full((p, k), -1, np.int64), np.full((p, k), np.inf), np.full(p, far)
        filled = np.flatnonzero(rows.first >= 0)

        def fill(at):
            bound, group = _least(result.bound[at], result.group[at], held)
            column[at], distance2[at], passed = _look_inside(at, bound, group, rows, cols, k)
            hidden[at] = np.minimum(np.minimum(result.hidden[at], passed), bound.max(axis=1))

        # The workers' own threads would wait for one another.
        with threadpoolctl.threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(exact.WORKERS) as pool:
            shares = min(len(filled), max(exact.WORKERS, len(filled) // _ROWS))
            list(pool.map(fill, np.array_split(filled, shares)))
        return _finish(column, distance2, hidden, rows, cols, k)

    def coarser(rows, cols):
        return nearest(k=k, coarse=True) if coarse_lib.pays(rows, cols, k=k, keep=2 * (k + _SPARE)) else None

    return fold_lib.Fold(
        f"nearest(k={k})", Neighbours, init, update, leave, fold_lib.no_numbers, prepare, start, merge, finish,
        True, choose, None if coarse else coarser,
    )  # fmt: skip


def _chosen(least, keep):
    """Slots [n, keep] of the least of int32 [n, slots] (bits of floats >= 0, ordered as these), and the next least [n].

    With the slot in the low bits no two are equal: the next is the least that is above the last. A few rows at a time
    stay in the cache, and minima over the leading axis are several numbers at once.
    """
    slots = least.shape[1]
    slot = np.int32((1 << (slots - 1).bit_length()) - 1)

    def choose(least):
        ranked = (least.T & ~slot) | jnp.arange(slots, dtype=jnp.int32)[:, None]

        def above(last):
            return jnp.where(ranked > last, ranked, _LAST).min(axis=0)

        _, chosen = lax.scan(lambda last, _: (above(last),) * 2, jnp.full_like(ranked[0], -1), length=keep)
        hidden = jnp.where(ranked > chosen[-1], least.T, np.int32(layout_lib.FAR.view(np.int32))).min(axis=0)
        return chosen.T & slot, hidden

    at_once = math.gcd(least.shape[0], _CACHED)
    chosen, hidden = lax.map(choose, least.reshape(-1, at_once, slots))
    return chosen.reshape(-1, keep), hidden.reshape(-1)


def _least(bound: np.ndarray, group: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray]:
    """The m least bounds of every row, with their groups."""
    order = np.argpartition(bound, m - 1, axis=1)[:, :m]
    return np.take_along_axis(bound, order, axis=1), np.take_along_axis(group, order, axis=1)


def _look_inside(at, bound, group, rows, cols, k) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The k nearest contents in the groups (bound, group [m, held]) of the rows at positions `at` [m].

    Returns their content indices [m, k] (-1 if none), true squared distances [m, k], and the least bound of the groups
    passed over [m].
    """
    order = np.argsort(bound, axis=1)
    bound, group = np.take_along_axis(bound, order, axis=1), np.take_along_axis(group, order, axis=1)
    low, high = np.full((2, *bound.shape, cols.group), layout_lib.FAR, np.float32)

    def look(into: np.ndarray) -> np.ndarray:
        """Fills the bounds of these groups; returns what the k-th nearest known is not beyond [m, 1]."""
        r, s = np.nonzero(into)
        low[r, s], high[r, s] = _bounds(at[r], group[r, s], rows, cols)
        known = high[:, : k if into is first else None].reshape(len(at), -1)
        return np.partition(known, k - 1, axis=1)[:, k - 1 : k]

    near = bound < 0.5 * layout_lib.FAR
    first = near & (np.arange(bound.shape[1]) < k)
    others = near & ~first & (bound <= look(first))
    reach = np.minimum(look(others), 0.5 * layout_lib.FAR)
    passed = np.where(near & ~first & ~others, bound, layout_lib.FAR).min(axis=1)

    r, s, j = np.nonzero(low <= reach[..., None])
    content = cols.first[cols.columns(group[r, s], j)]
    d2 = exact.squared_distances(rows.features, rows.first[at[r]], cols.features, content)
    by = np.lexsort((content, d2, r))
    r, content, d2 = r[by], content[by], d2[by]
    nth = np.arange(len(r)) - np.searchsorted(r, r)
    kept = nth < k
    column, distance2 = np.full((len(at), k), -1, np.int64), np.full((len(at), k), np.inf)
    column[r[kept], nth[kept]], distance2[r[kept], nth[kept]] = content[kept], d2[kept]
    return column, distance2, passed


def _bounds(at, group, rows, cols) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds [m, size] of the squared distances between each position `at` [m] and the columns of its
    `group` [m]: one multiply for all the rows of a group."""
    nth = np.arange(cols.group)
    dot = np.empty((len(at), cols.group), np.float32)
    by_group = np.argsort(group, kind="stable")
    pieces = np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1) if len(at) else []
    room = np.empty((max(map(len, pieces), default=0), rows.dim), np.float32)  # once: fresh memory is slow
    for piece in pieces:
        y = _centred(cols, cols.columns(group[piece[0]], nth), np.empty((cols.group, cols.dim), np.float32))
        dot[piece] = _centred(rows, at[piece], room[: len(piece)]) @ y.T
    column = cols.columns(group[:, None], nth)
    norms = rows.norm[at][:, None] + cols.reach[column]
    out = norms >= 0.5 * layout_lib.FAR
    if rows is cols:
        out |= rows.content[rows.first[at]][:, None] == cols.content[cols.first[column]]
    spread = np.float32(tile_lib.spread(rows.dim))
    low, high = (np.where(out, layout_lib.FAR, norms * (1 + s) - 2 * dot) for s in (-spread, spread))
    return low, high


def _centred(side: layout_lib.Layout, at: np.ndarray, out: np.ndarray) -> np.ndarray:
    """The centred rows at positions `at`, in `out`."""
    np.take(side.features, side.first[at], axis=0, out=out, mode="wrap")  # "raise" would go through a copy
    return np.subtract(out, side.centre, out=out)


def _finish(column, distance2, hidden, rows, cols, k) -> Neighbours:
    """Neighbours from the nearest contents found, `column` [p, k] at `distance2`, and what bounds all others [p]."""
    own_copies = rows is cols and rows.has_duplicates
    # With copies of itself in the set, a row's neighbours depend on its own index; else they belong to its position.
    at = rows.position if own_copies else np.flatnonzero(rows.first >= 0)
    own = np.arange(len(rows)) if own_copies else np.full(len(at), -1)

    found2, found = _select(distance2[at], column[at], own, cols, k)

    doubtful = np.unique(at[found2[:, -1] >= hidden[at]])
    if doubtful.size:
        bound = np.zeros(len(rows.first))
        bound[at] = found2[:, -1]
        column[doubtful], distance2[doubtful] = -1, np.inf
        _second_look(column, distance2, doubtful, bound, rows, cols, k)
        again = np.flatnonzero(np.isin(at, doubtful))
        found2[again], found[again] = _select(distance2[at[again]], column[at[again]], own[again], cols, k)

    if own_copies:
        return Neighbours(found2, found)
    by_position = np.zeros((2, len(rows.first), k))
    by_position[0, at], by_position[1, at] = found2, found
    return Neighbours(rows.expand(by_position[0]), rows.expand(by_position[1]).astype(np.int64))


def _second_look(column, distance2, at, bound, rows, cols, k) -> None:
    """Fill the candidates of positions `at` with their k nearest contents, out of all that may lie within `bound`."""
    high = np.nextafter(bound[at].astype(np.float32), np.float32(np.inf))
    between = np.stack([np.full_like(high, -np.inf), high], axis=-1)
    for found in exact.screened_pairs(rows, at, cols, between=between, balls="rows", contents=True):
        r, content = found.row, cols.first[found.col]
        if rows is cols:
            other = content != rows.content[rows.first[r]]
            r, content = r[other], content[other]
        d2 = exact.squared_distances(rows.features, rows.first[r], cols.features, content)
        order = np.lexsort((content, d2, r))
        r, content, d2 = r[order], content[order], d2[order]
        rank = np.arange(len(r)) - np.searchsorted(r, r)
        kept = rank < k
        column[r[kept], rank[kept]] = content[kept]
        distance2[r[kept], rank[kept]] = d2[kept]


def _select(distance2, column, own, cols, k) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows [m, k] among the copies of candidate contents, without index `own`; ties by index."""
    if not cols.has_duplicates:
        order = np.lexsort((column, distance2))[:, :k]
        return np.take_along_axis(distance2, order, axis=1), np.take_along_axis(column, order, axis=1)
    out2, out = np.empty((len(own), k)), np.empty((len(own), k), np.int64)
    sorted_rows, start, length = cols.copies
    nth = np.arange(k + 1)
    step = max(1, _CHUNK // ((column.shape[1] + 1) * (k + 1)))
    for begin in range(0, len(own), step):
        at = slice(begin, begin + step)
        i = own[at]
        mine = np.where(i >= 0, cols.content[i], -1)[:, None]
        content = np.concatenate([column[at], mine], axis=1)
        d2 = np.concatenate([distance2[at], np.where(mine >= 0, 0.0, np.inf)], axis=1)
        exists = (content >= 0)[..., None] & (nth < length[content][..., None])
        index = sorted_rows[np.where(exists, start[content][..., None] + nth, 0)]
        spread = np.where(exists & (index != i[:, None, None]), d2[..., None], np.inf).reshape(len(i), -1)
        index = index.reshape(len(i), -1)
        order = np.lexsort((index, spread))[:, :k]
        out2[at], out[at] = np.take_along_axis(spread, order, axis=1), np.take_along_axis(index, order, axis=1)
    return out2, out
