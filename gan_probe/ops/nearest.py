"""k-nearest fold: candidates from the stream, then exact neighbours from float64 on the host.

On the device the columns that share a lane of a tile are a group, and only each group's two least lower bounds go on,
the least with its column: ranks would cost twenty times as much. The least groups are chosen once a panel. On the host
the candidates get their true distances. A group whose second bound isn't beyond the k-th of these is looked into, with
one small multiply for all its rows; a row whose k-th true distance isn't below every group dropped is screened again,
completely.
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
_FAR_KEY = layout_lib.FAR.view(np.int32)
_HALFWAY_KEY = np.float32(0.5 * layout_lib.FAR).view(np.int32)
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
    """key, second: int32 [p, m], the two least lower bounds of a group, as tile.lowest has them; group: int32 [p, m],
    as `Layout.columns` counts them; hidden: int32 [p], key below all that was dropped; filled: int [panels] slots in
    use."""

    key: np.ndarray
    second: np.ndarray
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
        return (lanes.full(0.0).astype(jnp.int32),) * 2

    def prepare(rows, cols, numbers, spread):
        del numbers
        shrink = np.float32(1 - spread)
        return fold_lib.Prepared((rows.norm * shrink,), (cols.reach * shrink,))

    def update(state, tile, prepared):
        del state  # one of every tile

        def bound(piece):
            return jnp.minimum(piece.at_equal(far, piece.product + piece.cols[0] + piece.rows[0]), far)

        return tile_lib.lowest(tile, bound, 2, *prepared)

    def leave(state, rows, lanes):
        del rows
        return tuple(lanes.flat(level) for level in state)

    def choose(left):
        missing = max(0, keep - left[0].shape[1])
        least, second = (jnp.pad(a, ((0, 0), (0, missing)), constant_values=_FAR_KEY) for a in left)
        slot, hidden = _chosen(least, keep)
        key, second = (jnp.take_along_axis(a, slot, axis=1) for a in (least, second))
        return key, second, jnp.where(key < _HALFWAY_KEY, slot, 0), hidden

    def start(rows, cols):
        del cols
        p = len(rows.first)
        shape = p, keep * _BUFFER
        keys = (np.full(shape, _FAR_KEY) for _ in range(2))
        return _Groups(*keys, np.zeros(shape, np.int32), np.full(p, _FAR_KEY), np.zeros(rows.panels, int))

    def merge(result, state, place):
        key, second, slot, hidden = (np.asarray(a) for a in state)
        at, panel = place.rows, place.rows.start // (place.rows.stop - place.rows.start)
        groups = result[:3]
        if result.filled[panel] == result.key.shape[1]:
            for a, least in zip(groups, _least(*(a[at] for a in groups), held), strict=True):
                a[at, :held] = least
            result.key[at, held:] = _FAR_KEY
            result.filled[panel] = held
            result.hidden[at] = np.minimum(result.hidden[at], result.key[at, :held].max(axis=1))
        slots = slice(result.filled[panel], result.filled[panel] + keep)
        for a, new in zip(groups, (key, second, slot + place.group), strict=True):
            a[at, slots] = new
        result.filled[panel] = slots.stop
        result.hidden[at] = np.minimum(result.hidden[at], hidden)
        return result

    def finish(result, rows, cols, job):
        del job
        p = len(rows.first)
        column, distance2, hidden = np.full((p, k), -1, np.int64), np.full((p, k), np.inf), np.zeros(p, np.float32)
        filled = np.flatnonzero(rows.first >= 0)
        spread = coarse_lib.spread(rows, cols) if coarse else tile_lib.spread(rows.dim)

        def fill(at):
            groups = _least(*(a[at] for a in result[:3]), held)
            column[at], distance2[at] = _settled(at, *groups, rows, cols, k, spread)
            hidden[at] = tile_lib.bound(np.minimum(result.hidden[at], groups[0].max(axis=1)), cols.group)

        # The workers' own threads would wait for one another.
        with threadpoolctl.threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(exact.WORKERS) as pool:
            shares = min(len(filled), max(exact.WORKERS, len(filled) // _ROWS))
            list(pool.map(fill, np.array_split(filled, shares)))
        return _finish(column, distance2, hidden, rows, cols, k)

    def coarser(rows, cols):
        return nearest(k=k, coarse=True) if coarse_lib.pays(rows, cols, k=k, keep=2 * (k + _SPARE)) else None

    return fold_lib.Fold(
        f"nearest(k={k})", Neighbours, init, update, leave, fold_lib.no_numbers, prepare, start, merge, finish,
        per_tile=True, choose=choose, coarse=None if coarse else coarser,
    )  # fmt: skip


def _chosen(least, keep):
    """Slots [n, keep] of the least of keys [n, slots], and the next least [n].

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
        return chosen.T & slot, jnp.where(ranked > chosen[-1], least.T, _FAR_KEY).min(axis=0)

    at_once = math.gcd(least.shape[0], _CACHED)
    chosen, hidden = lax.map(choose, least.reshape(-1, at_once, slots))
    return chosen.reshape(-1, keep), hidden.reshape(-1)


def _least(key: np.ndarray, second: np.ndarray, group: np.ndarray, m: int) -> tuple[np.ndarray, ...]:
    """The m groups of the least bounds of every row."""
    order = np.argpartition(key, m - 1, axis=1)[:, :m]
    return tuple(np.take_along_axis(a, order, axis=1) for a in (key, second, group))


def _settled(at, key, second, group, rows, cols, k, spread) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest contents in the groups (key, second, group [m, held]) of the rows at positions `at` [m]: their
    indices [m, k] (-1 if none) and true squared distances [m, k]."""
    bits = tile_lib.slice_bits(cols.group)
    near = key < _HALFWAY_KEY
    nth, bound = np.where(near, key & bits, 0), tile_lib.bound(key, cols.group)
    position = cols.columns(group, nth)
    norms = rows.norm[at][:, None] + cols.reach[position].astype(np.float64)
    high = np.where(near, tile_lib.above(bound, norms, cols.group, spread), layout_lib.FAR)
    reach = np.minimum(np.partition(high, k - 1, axis=1)[:, k - 1 : k], 0.5 * layout_lib.FAR)

    def settle(r, position):
        content = cols.first[position]
        return r, content, exact.squared_distances(rows.features, rows.first[at[r]], cols.features, content)

    r, s = np.nonzero(near & (bound <= reach))
    found = settle(r, position[r, s])
    true2 = np.full(key.shape, np.inf)
    true2[r, s] = found[-1]
    kth = np.partition(true2, k - 1, axis=1)[:, k - 1 : k]

    # Another one of the group may be as near.
    r, s = np.nonzero(near & (second < _HALFWAY_KEY) & (tile_lib.bound(second, cols.group) <= kth))
    low = _lower_bounds(at[r], group[r, s], rows, cols)
    low[np.arange(len(r)), nth[r, s]] = layout_lib.FAR
    q, j = np.nonzero((low <= kth[r]) & (low < 0.5 * layout_lib.FAR))
    others = settle(r[q], cols.columns(group[r[q], s[q]], j))

    r, content, d2 = (np.concatenate(both) for both in zip(found, others, strict=True))
    by = np.lexsort((content, d2, r))
    r, content, d2 = r[by], content[by], d2[by]
    rank = np.arange(len(r)) - np.searchsorted(r, r)
    kept = rank < k
    column, distance2 = np.full((len(at), k), -1, np.int64), np.full((len(at), k), np.inf)
    column[r[kept], rank[kept]], distance2[r[kept], rank[kept]] = content[kept], d2[kept]
    return column, distance2


def _lower_bounds(at, group, rows, cols) -> np.ndarray:
    """Lower bounds [m, size] of the squared distances of each position `at` [m] from the columns of its `group` [m]:
    one multiply for all the rows of a group."""
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
    return np.where(out, layout_lib.FAR, norms * np.float32(1 - tile_lib.spread(rows.dim)) - 2 * dot)


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
