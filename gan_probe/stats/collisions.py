"""Effective support from collisions within one sample (birthday test), with over-dispersed Poisson intervals.

beta = P(two samples lie within the threshold) = sum p^2 for a discrete law, and 1/beta is the effective support. All
P = s (s - 1) / 2 pairs of s samples count. Pairs that share a sample are dependent: one heavy atom p makes about (s
p)^2 / 2 collisions at once, and plain Poisson intervals then cover 4 to 20 %; hence the dispersion phi >= 1.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import types
from gan_probe.stats import blocks, quantiles

__all__ = ["Collisions", "beta_interval", "count", "leave_block_out", "ratio_interval", "support_interval"]

_ENOUGH = 20  # collisions from which the plug-in dispersion is trusted
_ALPHA = 0.05


class Collisions(NamedTuple):
    """Collisions within one sample.

    size: number of samples s.
    collisions: colliding pairs C.
    pairs: P = s (s - 1) / 2.
    beta: C / P.
    dispersion: phi = max(1, Var C / C); 1 where C = 0.
    log_variance: variance of ln beta, inf where C = 0; dof: its degrees of freedom.
    """

    size: int
    collisions: int
    pairs: int
    beta: float
    dispersion: float
    log_variance: float
    dof: float


def leave_block_out(block_pairs: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """beta without each block of samples.

    Args:
      block_pairs: int [B, B] symmetric, colliding unordered pairs between blocks a and b (once in each triangle), and
        within block a on the diagonal.
      sizes: int [B] samples in each block.

    Returns:
      [B].
    """
    _check_size(int(sizes.sum()))
    touching = block_pairs.sum(axis=1)
    total = (block_pairs.sum() + np.trace(block_pairs)) / 2
    left = sizes.sum() - np.asarray(sizes, np.float64)
    return (total - touching) / (left * (left - 1) / 2)


def count(degrees: np.ndarray, without: np.ndarray) -> Collisions:
    """Collisions and their dispersion.

    Var C = P [beta (1 - beta) + 2 (s - 2) max(gamma - beta^2, 0)] with gamma = sum deg (deg - 1) / (s (s - 1) (s - 2))
    the chance that one sample collides with two others. Below 20 collisions that plug-in is too noisy and the
    log-variance is the block jackknife's, at least the Poisson one.

    Args:
      degrees: int [s] how many other samples lie within the threshold of each.
      without: [B] `leave_block_out`.
    """
    s = len(degrees)
    _check_size(s)
    degrees = np.asarray(degrees, np.int64)
    pairs, collisions = s * (s - 1) // 2, int(degrees.sum()) // 2
    if collisions == 0:
        return Collisions(s, 0, pairs, 0.0, 1.0, np.inf, np.inf)
    beta = collisions / pairs
    gamma = float(np.sum(degrees.astype(np.float64) * (degrees - 1))) / (s * (s - 1.0) * (s - 2.0))
    variance = pairs * (beta * (1 - beta) + 2 * (s - 2) * max(gamma - beta**2, 0.0))
    dispersion = max(1.0, variance / collisions)
    if collisions >= _ENOUGH:
        return Collisions(s, collisions, pairs, beta, dispersion, dispersion / collisions, np.inf)
    log_variance = max(float(blocks.jackknife(without)) / beta**2, 1 / collisions)
    return Collisions(s, collisions, pairs, beta, dispersion, log_variance, len(without) - 1.0)


def beta_interval(found: Collisions) -> types.Interval:
    """Interval of beta.

    C >= 20: Garwood's (1936) interval of C / phi, scaled back. 0 < C < 20: beta exp(+- t_19 sqrt(JK) / beta). C = 0:
    [0, 3.69 / P].
    """
    if found.collisions == 0:
        return types.Interval(
            0.0, -np.log(_ALPHA / 2) / found.pairs, None, "no collision: Poisson bound", "conservative"
        )
    stderr = found.beta * float(np.sqrt(found.log_variance))
    if found.collisions < _ENOUGH:
        factor = float(np.exp(quantiles.student(found.dof) * np.sqrt(found.log_variance)))
        high = min(1.0, found.beta * factor)
        return types.Interval(found.beta / factor, high, stderr, "log block jackknife, t", "conservative")
    effective, unit = found.collisions / found.dispersion, found.dispersion / found.pairs
    low = unit * special.gammaincinv(effective, _ALPHA / 2)
    high = min(1.0, unit * special.gammainccinv(effective + 1, _ALPHA / 2))
    return types.Interval(float(low), float(high), stderr, "over-dispersed Poisson (Garwood)", "exact")


def support_interval(found: Collisions) -> types.Interval:
    """Interval of the effective support 1 / beta.

    Where nothing collides the support is at least P / 3.69 and open above. That bound takes collisions as independent:
    if one heavy atom is possible only s^2 / 31 is safe (at most one of s draws hit it), which the method says.
    """
    beta = beta_interval(found)
    if found.collisions == 0:
        low = found.pairs / -np.log(_ALPHA / 2)
        method = f"no collision: P/3.69 (if one heavy atom is possible, s^2/31 = {found.size**2 / 31:.4g})"
        return types.Interval(float(low), None, None, method, beta.kind)
    assert beta.low is not None and beta.high is not None and beta.stderr is not None
    return types.Interval(1 / beta.high, 1 / beta.low, beta.stderr / found.beta**2, beta.method, beta.kind)


def ratio_interval(*, fake: Collisions, real: Collisions) -> types.Interval:
    """Interval of beta_fake / beta_real: log scale, the log-variances add, Student's t of their Satterthwaite dof.

    With no collision on one side the ratio has one finite end: the bound of that side over the far end of the other,
    each at 97.5 %, so that both hold at 95 % (Bonferroni). With none on either side nothing is known: [0, None].
    """
    if fake.collisions == 0 or real.collisions == 0:
        return _one_sided_ratio(fake, real)
    ratio = fake.beta / real.beta
    variances = [fake.log_variance, real.log_variance]
    dof = blocks.satterthwaite(variances, [fake.dof, real.dof])
    spread = float(np.sqrt(sum(variances)))
    factor = float(np.exp(quantiles.student(dof) * spread))
    kind: types.Kind = "exact" if min(fake.collisions, real.collisions) >= _ENOUGH else "conservative"
    return types.Interval(ratio / factor, ratio * factor, ratio * spread, "log ratio of collision rates", kind)


def _check_size(samples: int) -> None:
    if samples < 3:
        raise types.UserError(f"the birthday test needs at least three samples, got {samples}: give more samples")


def _one_sided_ratio(fake: Collisions, real: Collisions) -> types.Interval:
    top, bottom = beta_interval(fake), beta_interval(real)
    assert top.low is not None and top.high is not None and bottom.low is not None and bottom.high is not None
    high = top.high / bottom.low if real.collisions else None
    low = top.low / bottom.high if fake.collisions else 0.0
    return types.Interval(low, high, None, "no collision on a side: Poisson bound over the other's end", "conservative")
