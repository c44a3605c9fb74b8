"""Optimal transport between one-dimensional samples, many projections at once, and how far to trust its cost.

In one dimension the cheapest plan matches quantiles: W_p^p = int_0^1 |F^-1(u) - G^-1(u)|^p du (Villani 2003, theorem
2.18), exact for unequal sizes too. A row's influence on the cost is its Kantorovich potential, and
sqrt(n) (W_p^p - E W_p^p) is asymptotically normal with the potential's variance (del Barrio and Loubes 2019 for the
centring at the mean; Manole, Balakrishnan and Wasserman 2022 for means over projections).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.stats import influence

__all__ = ["Transport", "cost", "interval", "transport"]

_NUMBERS = 1 << 20  # projected rows that one piece of work sorts
_WORKERS = 4


class Transport(NamedTuple):
    """cost: mean over projections of W_p^p.   potential_x: [n], potential_y: [m], their mean Kantorovich potentials."""

    cost: float
    potential_x: np.ndarray
    potential_y: np.ndarray


def transport(x: np.ndarray, y: np.ndarray, order: int) -> Transport:
    """Mean cost over projections, and every row's mean influence on it.

    Args:
      x: float [projections, n], the rows seen along every direction.
      y: float [projections, m].
      order: p, 1 or more.
    """

    def piece(at: slice) -> tuple[float, np.ndarray, np.ndarray]:
        rank_x, rank_y = (np.argsort(z[at], axis=1, kind="stable") for z in (x, y))
        sorted_x, sorted_y = (
            np.take_along_axis(z[at], r, axis=1).astype(np.float64) for z, r in ((x, rank_x), (y, rank_y))
        )
        return (
            float(_matched(sorted_x, sorted_y, order).sum()),
            _unsorted(_potential(sorted_x, sorted_y, order), rank_x),
            _unsorted(_potential(sorted_y, sorted_x, order), rank_y),
        )

    total, of_x, of_y = (sum(part) for part in zip(*_pieces(piece, x, y), strict=True))
    return Transport(total / len(x), of_x / len(x), of_y / len(x))


def cost(x: np.ndarray, y: np.ndarray, order: int) -> float:
    """The cost alone."""

    def piece(at: slice) -> float:
        sorted_x, sorted_y = (np.sort(z[at], axis=1).astype(np.float64) for z in (x, y))
        return float(_matched(sorted_x, sorted_y, order).sum())

    return sum(_pieces(piece, x, y)) / len(x)


def interval(found: Transport, order: int) -> types.Interval:
    """95 % interval of (E cost)^(1/p): cost +- 1.96 sqrt(var(potential_x) / n + var(potential_y) / m), at least 0.

    For p = 1 it covered 93 to 99 % of the laws tried. For p = 2 the same, but 57 to 73 % of heavy tails: squares need
    four moments.
    """
    half = 1.96 * influence.variance(found.potential_x, found.potential_y) ** 0.5
    low, high = (float(max(found.cost + h, 0.0) ** (1 / order)) for h in (-half, half))
    kind: types.Kind = "conservative" if order == 1 else "approximate"
    return types.Interval(low, high, (high - low) / 3.92, "influence of rows (Kantorovich potential)", kind)


def _pieces(piece, x: np.ndarray, y: np.ndarray) -> list:
    step = max(1, _NUMBERS // (x.shape[1] + y.shape[1]))
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(piece, [slice(at, at + step) for at in range(0, len(x), step)]))


def _matched(x: np.ndarray, y: np.ndarray, order: int) -> np.ndarray:
    """W_p^p of sorted rows, [projections]: both quantile functions are constant between multiples of 1/n and 1/m."""
    n, m = x.shape[1], y.shape[1]
    if n == m:
        return np.mean(np.abs(x - y) ** order, axis=1)
    edges = np.union1d(np.arange(n) * m, np.arange(m) * n)
    width = np.diff(np.append(edges, n * m)) / (n * m)
    return np.abs(x[:, edges // m] - y[:, edges // n]) ** order @ width


def _potential(x: np.ndarray, y: np.ndarray, order: int) -> np.ndarray:
    """Potential at the sorted rows x, [projections, n], up to a constant.

    Between two rows it changes as the cost of a point does that is matched with y's quantile there; where that quantile
    jumps, the mean of both.
    """
    n, m = x.shape[1], y.shape[1]
    level = np.arange(1, n) * m
    step = 0.0
    for at in (-(-level // n) - 1, level // n):
        step = step + (np.abs(x[:, 1:] - y[:, at]) ** order - np.abs(x[:, :-1] - y[:, at]) ** order) / 2
    return np.concatenate([np.zeros((len(x), 1)), np.cumsum(step, axis=1)], axis=1)


def _unsorted(potential: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Sum over projections for every row, [n]."""
    centred = potential - potential.mean(axis=1, keepdims=True)
    return np.bincount(rank.ravel(), weights=centred.ravel(), minlength=rank.shape[1])
