"""Float64 on the host: true distances of chosen pairs, and the pairs that rounding leaves in doubt."""

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax
import numpy as np

from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["WORKERS", "Screened", "screened_pairs", "squared_distances"]

_NUMBERS = 1 << 17  # numbers of one piece of work: fits the cache
_PIECE = 4096  # numbers of a row summed at once
WORKERS = 2  # gathering rows holds the lock, and keeps more from helping


class Screened(NamedTuple):
    """What the screening of a few rows left in doubt, and what it didn't.

    rows: int [m] positions of the rows.
    row, col: int [q] positions of the pairs whose squared distance may lie in the range.
    nearer: int64 [m], columns that are nearer than the range for certain. It goes with these pairs: a multiply of
      another shape rounds otherwise and would leave others in doubt.
    """

    rows: np.ndarray
    row: np.ndarray
    col: np.ndarray
    nearer: np.ndarray


def squared_distances(x: np.ndarray, i: np.ndarray, y: np.ndarray, j: np.ndarray) -> np.ndarray:
    """|x[i] - y[j]|^2 by direct differences, float64 [len(i)]: the same number for the same two rows, always."""
    out = np.empty(len(i))
    step = max(1, min(len(i), _NUMBERS // x.shape[1]))

    def fill(starts: range) -> None:
        room = [np.empty((step, x.shape[1]), np.float32) for _ in range(2)]  # once: fresh memory is slow
        wide = np.empty((step, x.shape[1]))
        for at in starts:
            s = slice(at, min(at + step, len(i)))
            a, b = (
                np.take(z, n[s], axis=0, out=r[: s.stop - at], mode="wrap")  # "raise" would go through a copy
                for z, n, r in zip((x, y), (i, j), room, strict=True)
            )
            difference = wide[: s.stop - at]
            np.copyto(difference, a)
            difference -= b
            # einsum cuts what is longer than its buffer by where it stands in memory: a sum of fixed pieces doesn't.
            pieces = np.split(difference, range(_PIECE, x.shape[1], _PIECE), axis=1)
            out[s] = sum(np.einsum("nd,nd->n", piece, piece) for piece in pieces)

    workers = min(WORKERS, -(-len(i) // step))
    shares = [range(w * step, len(i), workers * step) for w in range(workers)]
    if workers < 2:
        for starts in shares:
            fill(starts)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(fill, shares))
    return out


def screened_pairs(
    rows: layout_lib.Layout,
    at: np.ndarray,
    cols: layout_lib.Layout,
    *,
    between: np.ndarray,
    balls: str,
    contents: bool = False,
    block: int | None = None,
) -> Iterator[Screened]:
    """Pairs whose squared distance may lie in a range, as far as float32 can tell, a few rows at a time.

    Args:
      rows, cols: layouts with one centre.
      at: int [m] positions of the rows to screen.
      between: float32 [m, 2] or [p_cols, 2], the range of squared distances.
      balls: "rows" or "cols": whose ranges these are.
      contents: look only at the first copy of every content.
      block: look only at the columns of this block.
    """
    places = cols.panel_slices(block)
    width = sum(place.stop - place.start for place in places)
    step = min(1024 if len(at) > 128 else 128, max(16, (1 << 25) // width // 16 * 16))
    for start in range(0, len(at), step):
        chosen = at[start : start + step]
        padded = np.resize(chosen, step)
        x = rows.features[rows.first[padded]] - rows.centre
        limits = np.resize(between[start : start + step], (step, 2))[:, None] if balls == "rows" else between[None]
        found_r, found_c = [], []
        nearer = np.zeros(len(chosen), np.int64)
        for place in places:
            panel = cols.load(place)
            norm = panel.reach if contents else panel.norm
            limit = limits if balls == "rows" else limits[:, place]
            near, inside = _between(
                x, rows.norm[padded], panel.x, norm, limit[..., 0], limit[..., 1], panel.weight,
                spread=tile_lib.spread(rows.dim),
            )  # fmt: skip
            near = np.asarray(near)[: len(chosen)]
            nearer += np.asarray(inside, np.int64)[: len(chosen)]
            r, c = np.nonzero(near & (panel.weight > 0))
            found_r.append(chosen[r])
            found_c.append(c + place.start)
        r, c = np.concatenate(found_r), np.concatenate(found_c)
        order = np.argsort(r, kind="stable")
        yield Screened(chosen, r[order], c[order], nearer)


@functools.partial(jax.jit, static_argnames="spread")
def _between(x, norm_x, y, norm_y, low, high, weight, *, spread):
    """Which pairs may lie in the range, and the weight of those nearer."""
    lower = _bounds(x, norm_x, y, norm_y, 1 - spread)
    upper = _bounds(x, norm_x, y, norm_y, 1 + spread)
    inside = upper < low
    return (lower <= high) & ~inside, jax.numpy.where(inside, weight, 0).sum(axis=1)


def _bounds(x, norm_x, y, norm_y, factor):
    dot = jax.lax.dot_general(x, y, (((1,), (1,)), ((), ())), precision=jax.lax.Precision.HIGHEST)
    return norm_x[:, None] * np.float32(factor) + norm_y[None, :] * np.float32(factor) - 2 * dot
