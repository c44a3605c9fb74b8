"""Two-way delete-block intervals of precision, recall, density and coverage.

Such a number depends on two samples, and on one of them through the radii of its balls. Two jackknifes are added:
blocks of one sample and blocks of the other. Both hold the interaction of the two and both err upwards: conservative.

Radii stay those of the full set where a share is concerned (one pass yields all the hits): recomputing them in every
replicate was simulated beside it and is wider still. Density is different. A row that many others count among their k
neighbours shrinks their balls, and with fixed radii the interval covers down to 81 % in high dimension. To first order,
a ball that loses j of its k neighbours grows until it holds (k + j) / k of its hits, which takes no second pass.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from gan_probe import types
from gan_probe.stats import blocks, proportion

__all__ = ["Replicates", "density", "hit_share", "interval"]


class Replicates(NamedTuple):
    """A statistic with its delete-block replicates.

    value: at full size.
    without_rows: [B] without each block of rows; without_columns: [B] without each block of columns.
    rows: number of rows n.
    """

    value: float
    without_rows: np.ndarray
    without_columns: np.ndarray
    rows: int


def hit_share(hits: np.ndarray, row_blocks: np.ndarray) -> Replicates:
    """Share of rows hit by at least one column.

    precision: rows fake, columns real (a hit: the fake lies in the real's ball). recall: rows real, columns fake (the
    real lies in the fake's ball). coverage: rows real, columns fake (the fake lies in the real's ball).

    Args:
      hits: int [B, n] columns of block b that hit each row.
      row_blocks: int [n] block of each row.
    """
    total = hits.sum(axis=0)
    inside = (total > 0).astype(np.float64)
    return Replicates(
        float(inside.mean()),
        _without_rows(inside, row_blocks, len(hits)),
        np.mean(total - hits > 0, axis=1),
        len(inside),
    )


def density(
    hits: np.ndarray, fake_counts: np.ndarray, *, neighbours: np.ndarray, real_blocks: np.ndarray
) -> Replicates:
    """Density: mean number of real balls around a fake, over k (Naeem et al. 2020, eq. 3).

    Args:
      hits: int [B, N] fakes of block b in the ball of each real row, the input of coverage.
      fake_counts: int [B] fakes in each block.
      neighbours: int [N, k] the k nearest other real rows of each real row.
      real_blocks: int [N] block of each real row.
    """
    size, (n, k) = len(hits), neighbours.shape
    total, fakes = hits.sum(axis=0), int(np.sum(fake_counts))
    by_block = hits.sum(axis=1)
    without_fakes = (by_block.sum() - by_block) / (k * np.maximum(fakes - fake_counts, 1))
    lost = np.zeros((n, size))
    np.add.at(lost, (np.arange(n)[:, None], real_blocks[neighbours]), 1)
    remains = real_blocks[:, None] != np.arange(size)
    without_reals = (total[:, None] * remains * (1 + lost / k)).sum(axis=0) / (k * fakes)
    return Replicates(float(total.sum() / (k * fakes)), without_fakes, without_reals, fakes)


def interval(replicates: Replicates, *, share: bool) -> types.Interval:
    """value +- t_{B-1} sqrt(JK rows + JK columns), joined with Wilson's interval of the rows.

    The union keeps shares near 0 and 1, where all replicates may agree, from an interval of no width. Density is
    joined at zero only: without any hit its upper end is that of a share, with a density of one around each hit row.

    Args:
      replicates: from `hit_share` or `density`.
      share: True for a share, clipped to [0, 1]; False for density.
    """
    value, without_rows, without_columns, rows = replicates
    stderr = float(np.sqrt(blocks.jackknife(without_rows) + blocks.jackknife(without_columns)))
    half = float(stats.t.ppf(0.975, len(without_rows) - 1)) * stderr
    low, high = max(value - half, 0.0), value + half
    if share or value == 0:
        wilson = proportion.wilson(value * rows, rows)
        assert wilson.low is not None and wilson.high is not None
        low, high = min(low, wilson.low), min(max(high, wilson.high), 1.0)
    return types.Interval(low, high, stderr, "two-way delete-block jackknife, t", "conservative")


def _without_rows(values: np.ndarray, row_blocks: np.ndarray, size: int) -> np.ndarray:
    """Mean of the values without each block of rows: [B]; the full mean where all rows are in one block."""
    counts = np.bincount(row_blocks, minlength=size)
    sums = np.bincount(row_blocks, weights=values, minlength=size)
    left = len(values) - counts
    return np.divide(values.sum() - sums, left, out=np.full(size, values.mean()), where=left > 0)
