"""k-nearest fold: candidates from the stream, then exact neighbours from float64 on the host.

On the device the columns of a tile are cut into small groups and only each group's least distance goes on (XLA:CPU
takes minima twenty times faster than it ranks); its place within the group rides in the low bits of the float. The
least groups are chosen once a panel. What a group hides is bounded by its second least value. On the host the
candidates get their true distances; a row whose k-th true distance isn't below everything that was passed over is
screened again, completely.
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

__all__ = ["Neighbours", "group_size", "nearest"]

_SPARE = 4  # candidates kept beyond k: few rows then need a second look
_BUFFER = 4  # lists of candidates that the host collects for a row before it prunes them
_LARGEST_GROUP = 16
_LAST = np.int32(np.iinfo(np.int32).max)
_CHUNK = 1 << 22  # numbers held at once while duplicates are expanded


class Neighbours(NamedTuple):
    """The k nearest columns of every row, nearest first, ties to the lowest index, a row's own index left out.

    distance2: float64 [n, k] squared Euclidean distance.    indices: int64 [n, k].
    """

    distance2: np.ndarray
    indices: np.ndarray


class _Candidates(NamedTuple):
    """bound: float32 [p, m] lower bounds; position: int32 [p, m]; hidden: float32 [p] below all that was dropped;
    filled: int [panels] slots in use."""

    bound: np.ndarray
    position: np.ndarray
    hidden: np.ndarray
    filled: np.ndarray


def group_size(*, k: int, columns: int) -> int:
    """The largest group that makes two of the k nearest meet in one of them for at most one row in a hundred."""
    most = columns // (50 * k * k)
    return max(1, min(_LARGEST_GROUP, 1 << max(most, 1).bit_length() - 1))


@functools.cache
def nearest(*, k: int, group: int = 1) -> fold_lib.Fold:
    """Result: Neighbours. `group` (a power of two up to 16) trades ranking against second looks: `group_size`."""
    keep = k + _SPARE
    bits = np.int32(group - 1)
    far = np.float32(layout_lib.FAR)

    def packed(tile):
        """Lower bounds [r, group, c / group] as bits: floats >= 0 order like theirs, the lowest hold the place."""
        d = jnp.minimum(tile_lib.lower_bound_reach(tile), far)
        if tile.same:
            d = jnp.where(tile.rows.content[:, None] == tile.cols.content[None, :], far, d)
        place = jnp.arange(group, dtype=jnp.int32)[None, :, None]
        return (lax.bitcast_convert_type(d, jnp.int32).reshape(d.shape[0], group, -1) & ~bits) | place

    def init(rows, blocks):
        del blocks
        return jnp.zeros_like(rows.content) + np.float32(far).view(np.int32)

    def update(hidden, tile, numbers):
        del numbers
        if group == 1:
            return hidden
        all_bounds = packed(tile)
        rest = jnp.where(all_bounds == all_bounds.min(axis=1, keepdims=True), _LAST, all_bounds)
        return jnp.minimum(hidden, rest.min(axis=(1, 2)))

    def leave(hidden, least, tile):
        # Ranked by value with the slot in the low bits, so that no two are equal: the next is the least that is above.
        least = jnp.pad(least, ((0, 0), (0, max(0, keep - least.shape[1]))), constant_values=far.view(np.int32))
        slots = least.shape[1]
        slot = np.int32((1 << (slots - 1).bit_length()) - 1)
        ranked = (least & ~slot) | jnp.arange(slots, dtype=jnp.int32)

        def next_least(last, _):
            following = jnp.where(ranked > last[:, None], ranked, _LAST).min(axis=1)
            return following, following

        last, chosen = lax.scan(next_least, jnp.full_like(hidden, -1), length=keep)
        hidden = jnp.minimum(hidden, jnp.where(ranked > last[:, None], least, _LAST).min(axis=1))
        at = chosen.T & slot
        least = jnp.take_along_axis(least, at, axis=1)
        width = tile // group
        position = at // width * tile + (least & bits) * width + at % width
        bound, hidden = (lax.bitcast_convert_type(a & ~bits, jnp.float32) for a in (least, hidden))
        return bound, jnp.where(bound < 0.5 * far, position, 0), jnp.minimum(hidden, far)

    def start(rows, cols):
        del cols
        p = len(rows.first)
        slots = keep * _BUFFER
        return _Candidates(
            np.full((p, slots), far), np.zeros((p, slots), np.int32), np.full(p, far), np.zeros(rows.panels, int)
        )

    def merge(result, state, place):
        bound, position, hidden = (np.asarray(a) for a in state)
        at, panel = place.rows, place.rows.start // (place.rows.stop - place.rows.start)
        if result.filled[panel] == result.bound.shape[1]:
            order = np.argpartition(result.bound[at], keep - 1, axis=1)[:, :keep]
            result.bound[at, :keep] = np.take_along_axis(result.bound[at], order, axis=1)
            result.position[at, :keep] = np.take_along_axis(result.position[at], order, axis=1)
            result.bound[at, keep:] = far
            result.filled[panel] = keep
            result.hidden[at] = np.minimum(result.hidden[at], result.bound[at, :keep].max(axis=1))
        slots = slice(result.filled[panel], result.filled[panel] + keep)
        result.bound[at, slots] = bound
        result.position[at, slots] = position + place.cols.start
        result.filled[panel] = slots.stop
        result.hidden[at] = np.minimum(result.hidden[at], hidden)
        return result

    def finish(result, rows, cols, job):
        del job
        order = np.argpartition(result.bound, keep - 1, axis=1)[:, :keep]
        bound = np.take_along_axis(result.bound, order, axis=1)
        position = np.take_along_axis(result.position, order, axis=1)
        # Where all k nearest are nearer for certain, a candidate needs no true distance.
        rounding = 2.5 * tile_lib.spread(rows.dim) * (rows.norm[:, None] + cols.norm[position])
        certain = np.partition(bound * (1 + 2.0**-18) + rounding, k - 1, axis=1)[:, k - 1 : k]
        column = np.where((bound <= certain) & (bound < 0.5 * far), cols.first[position], -1)
        hidden = np.minimum(result.hidden, bound.max(axis=1))
        return _finish(column, hidden, rows, cols, k)

    def least(tile):
        return packed(tile).min(axis=1)

    return fold_lib.Fold(
        f"nearest(k={k})", Neighbours, init, update, fold_lib.no_numbers, start, merge, finish, least, leave, group
    )


def _finish(column, hidden, rows, cols, k) -> Neighbours:
    """Exact neighbours from candidates `column` [p, m] (content index, -1 if none) and what bounds all others [p]."""
    own_copies = rows is cols and rows.has_duplicates
    # With copies of itself in the set, a row's neighbours depend on its own index; else they belong to its position.
    at = rows.position if own_copies else np.flatnonzero(rows.first >= 0)
    own = np.arange(len(rows)) if own_copies else np.full(len(at), -1)

    distance2 = np.full(column.shape, np.inf)
    r, c = np.nonzero((column >= 0) & (rows.first >= 0)[:, None])
    distance2[r, c] = exact.squared_distances(rows.features, rows.first[r], cols.features, column[r, c])
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
        kept = rank < min(k, column.shape[1])
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
