"""Intervals for means over rows of log-mean-exps over columns (ddm, gmm_kl, parzen, ddm_relative, ddm_sum).

Such a number is random on both sides: rows alone give down to 86 % coverage. With f_x = log mean_y exp(.), the variance
has a part of the rows, a part of the columns and an interaction (Hoeffding's decomposition); the row variance V_r and
the delete-block jackknife over columns V_c each hold the interaction V_i once, so V = V_r + V_c - V_i, floored at V_r.
"""

from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.stats import blocks, quantiles

__all__ = [
    "LeaveBlockOut",
    "leave_block_out",
    "mean_interval",
    "relative_interval",
    "self_relative_interval",
    "sum_interval",
]


class LeaveBlockOut(NamedTuple):
    """A log-mean-exp over the columns for each row, and without each block of columns.

    f: [n] log mean_y exp(e(x, y)).
    without: [B, n] the same without the columns of block b.
    """

    f: np.ndarray
    without: np.ndarray


def leave_block_out(log_partial: np.ndarray, counts: np.ndarray) -> LeaveBlockOut:
    """Log-mean-exps from the log-sum-exps of each block of columns.

    Each leave-block-out sum is formed from the remaining blocks (prefixes and suffixes), never by subtraction: where
    one block holds nearly all of the sum a difference would be noise.

    Args:
      log_partial: [B, n] log of the (weighted) sum over the columns of block b; -inf for an empty block.
      counts: [B] number (total weight) of columns in each block.
    """
    log_partial = np.asarray(log_partial, np.float64)
    counts = np.asarray(counts, np.float64)
    if np.count_nonzero(counts) < 2:
        raise types.UserError("an interval over columns needs at least two of them: give a larger set")
    none = np.full((1, log_partial.shape[1]), -np.inf)
    prefix = np.logaddexp.accumulate(np.concatenate([none, log_partial]), axis=0)
    suffix = np.logaddexp.accumulate(np.concatenate([none, log_partial[::-1]]), axis=0)[::-1]
    f = prefix[-1] - np.log(counts.sum())
    without = np.logaddexp(prefix[:-1], suffix[1:]) - np.log(counts.sum() - counts)[:, None]
    return LeaveBlockOut(f, without)


def mean_interval(columns: LeaveBlockOut, sign: float = 1.0) -> types.Interval:
    """Interval of sign * mean_x f_x around its expectation at these sizes (ddm has sign -1)."""
    value = sign * columns.f.mean()
    return _interval(value, rows=columns.f, columns=[columns])


def relative_interval(*, real: LeaveBlockOut, fake: LeaveBlockOut) -> types.Interval:
    """Interval of ddm_relative = mean_r (f_r^real - f_r^fake), its rows r the training set (004 eq 3.5).

    Args:
      real: log-mean-exps over the columns of `real`, [n] and [B, n] over the n training rows.
      fake: the same over the columns of `fake`.
    """
    difference = real.f - fake.f
    return _interval(difference.mean(), rows=difference, columns=[real, fake])


def self_relative_interval(*, real: LeaveBlockOut, fake: LeaveBlockOut, real_blocks: np.ndarray) -> types.Interval:
    """Interval of gmm_kl = mean_x (f_x^real - f_x^fake): the rows x and the columns of the first term are one sample.

    A block of real is dropped as rows and as columns at once, a block of fake as columns; the two jackknifes are added.
    Both hold the interaction, which stays: without it, or with the columns of real taken as independent of the rows,
    the simulated coverage fell to 91 and 87 %; with it 92 to 99 %. Where a cluster of real meets hardly any fakes the
    logarithm jumps and 84 % were seen.

    Args:
      real: log-mean-exps of the rows over the columns of `real` itself, each row's own column included: [N], [B, N].
      fake: the same over the columns of `fake`.
      real_blocks: int [N] block of each real row, the blocks of `real`.
    """
    difference = real.f - fake.f
    kept = real_blocks != np.arange(len(real.without))[:, None]
    without_real = np.where(kept, real.without - fake.f, 0).sum(axis=1) / kept.sum(axis=1)
    jk_real = float(blocks.jackknife(without_real))
    jk_fake = float(blocks.jackknife(fake.without.mean(axis=1)))
    variance = max(jk_real + jk_fake, _variance_of_mean(difference))
    dof = blocks.satterthwaite([jk_real, jk_fake], [len(real.without) - 1, len(fake.without) - 1])
    kind: types.Kind = "conservative" if _kind(difference) == "exact" else "approximate"
    return _student(difference.mean(), variance, dof, kind)


def sum_interval(
    *,
    real_fake: LeaveBlockOut,
    train_real: LeaveBlockOut,
    train_fake: LeaveBlockOut,
    real_blocks: np.ndarray,
) -> types.Interval:
    """Interval of ddm_sum = -mean_x f_x^fake + mean_r (f_r^real - f_r^fake) (004 3.2.2).

    `fake` is the columns of both terms and `real` the rows of one and the columns of the other, so each role is dropped
    jointly: JK over blocks of fake in both terms at once, JK over blocks of real as rows and as columns at once, plus
    the variance over training rows. The three pairwise interactions are each counted twice and leave once. Simulated:
    94 to 99 %.

    Args:
      real_fake: rows `real` [N], columns fake.
      train_real: rows `train` [R], columns real.
      train_fake: rows `train` [R], columns fake.
      real_blocks: int [N] block of each real row, the blocks of `train_real`.
    """
    size = len(train_real.without)
    counts = np.bincount(real_blocks, minlength=size)
    sums = np.bincount(real_blocks, weights=real_fake.f, minlength=size)
    rows_without = (sums.sum() - sums) / (counts.sum() - counts)
    jk_real = float(blocks.jackknife(train_real.without.mean(axis=1) - rows_without))
    jk_fake = float(blocks.jackknife(-real_fake.without.mean(axis=1) - train_fake.without.mean(axis=1)))
    difference = train_real.f - train_fake.f
    v_train = _variance_of_mean(difference)
    interaction = sum(_interaction(part) for part in (real_fake, train_real, train_fake))
    value = difference.mean() - real_fake.f.mean()
    floor = max(v_train + _variance_of_mean(real_fake.f), jk_real, jk_fake)
    variance = max(v_train + jk_real + jk_fake - interaction, floor)
    dofs = [len(difference) - 1, size - 1, len(real_fake.without) - 1]
    return _student(
        value,
        variance,
        blocks.satterthwaite([v_train, jk_real, jk_fake], dofs),
        "conservative" if _kind(difference) == _kind(real_fake.f) == "exact" else "approximate",
    )


def _interval(value: float, *, rows: np.ndarray, columns: list[LeaveBlockOut]) -> types.Interval:
    v_rows = _variance_of_mean(rows)
    v_columns = [float(blocks.jackknife(part.without.mean(axis=1))) for part in columns]
    variance = max(v_rows + sum(v_columns) - sum(_interaction(part) for part in columns), v_rows)
    dofs = [len(rows) - 1, *(len(part.without) - 1 for part in columns)]
    return _student(value, variance, blocks.satterthwaite([v_rows, *v_columns], dofs), _kind(rows))


def _kind(rows: np.ndarray) -> types.Kind:
    """Approximate where one row carries much of the variance: a law without four moments, which no interval covers."""
    square = (rows - rows.mean()) ** 2
    heavy = square.max() > max(0.2, 20 / len(rows)) * square.sum()
    return "approximate" if heavy and len(rows) > 100 else "exact"


def _variance_of_mean(f: np.ndarray) -> float:
    if len(f) < 2:
        raise types.UserError("an interval over rows needs at least two of them: give a larger set")
    return float(np.var(f, ddof=1) / len(f))


def _interaction(part: LeaveBlockOut) -> float:
    """V_i = (1/n) mean_x JK_b(f_x,-b): the part of the variance that V_r and V_c both hold."""
    return float(blocks.jackknife(part.without).mean() / len(part.f))


def _student(value: float, variance: float, dof: float, kind: types.Kind = "exact") -> types.Interval:
    stderr = float(np.sqrt(variance))
    half = quantiles.student(dof) * stderr
    method = "two-sided block jackknife, Satterthwaite t"
    return types.Interval(float(value) - half, float(value) + half, stderr, method, kind)
