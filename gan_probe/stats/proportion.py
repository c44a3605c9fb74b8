"""Shares and class fractions: Wilson and Clopper-Pearson intervals, and two vectors of class counts compared."""

from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import types
from gan_probe.stats import quantiles

__all__ = [
    "TOGETHER",
    "ClassComparison",
    "clopper_pearson",
    "compare_classes",
    "faint",
    "multinomial",
    "variation",
    "wilson",
]


TOGETHER = "Clopper-Pearson at 5 % / K, all K classes together"


class Together(NamedTuple):
    """Fractions [K] of K classes, and the ends [K] of intervals that hold for all of them at once."""

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


class ClassComparison(NamedTuple):
    """How two vectors of class counts differ.

    total_variation: plug-in 1/2 sum |p - q|; biased upwards near zero.
    null_expectation: what the plug-in would show on average if both laws were the pooled one: print it beside the
    value. interval: of the true total variation, conservative.
    squared_distance: unbiased estimate of sum (p - q)^2; may be negative.
    chi_square: Pearson's statistic of homogeneity, rare classes merged; dof: its degrees of freedom; p_value.
    """

    total_variation: float
    null_expectation: float
    interval: types.Interval
    squared_distance: float
    chi_square: float
    dof: int
    p_value: float


def wilson(successes: float, trials: float) -> types.Interval:
    """Score interval of a binomial share (Wilson 1927; Brown, Cai and DasGupta 2001 on its coverage).

    Args:
      successes: successes, 0 <= successes <= trials; with a design effect both are divided by it and need not be whole.
      trials: number of trials, > 0.
    """
    p = successes / trials
    shrink = 1 + quantiles.Z**2 / trials
    centre = (p + quantiles.Z**2 / (2 * trials)) / shrink
    half = quantiles.Z / shrink * np.sqrt(p * (1 - p) / trials + quantiles.Z**2 / (4 * trials**2))
    low = 0.0 if successes == 0 else max(0.0, float(centre - half))
    high = 1.0 if successes == trials else min(1.0, float(centre + half))
    return types.Interval(low, high, float(np.sqrt(p * (1 - p) / trials)), "Wilson", "exact")


def clopper_pearson(counts: np.ndarray, level: float = 0.05) -> Together:
    """Intervals of K class fractions that hold all together: Clopper and Pearson 1934, each at level / K (Bonferroni).

    Args:
      counts: int [K] rows of each class.
      level: chance that any of the K intervals misses.

    Returns:
      Fractions and ends.
    """
    counts = np.asarray(counts)
    total, tail = counts.sum(), level / len(counts) / 2
    low = np.where(counts > 0, special.betaincinv(np.maximum(counts, 1), total - counts + 1, tail), 0.0)
    high = np.where(counts < total, special.betainccinv(counts + 1, np.maximum(total - counts, 1), tail), 1.0)
    return Together(counts / total, low, high)


def faint(*, real: Together, fake: Together) -> tuple[np.ndarray, np.ndarray]:
    """bool [K] twice, with 95 % confidence over all classes together: faint, missing.

    Faint: the share of fake is below half its share of real, by the interval of the difference that Zou and Donner 2008
    make of the intervals of both (MOVER). Missing: besides, nothing shows that it isn't 0.
    """
    reach = np.hypot(fake.high - fake.values, (real.values - real.low) / 2)
    below = fake.values - real.values / 2 + reach < 0
    return below, below & (fake.low == 0)


def compare_classes(*, real: np.ndarray, fake: np.ndarray) -> ClassComparison:
    """Total variation and its relatives between the class counts of two sets.

    The standard error of `variation` uses fractions shrunk as Agresti and Coull 1998 (z^2 rows spread over the
    classes), so that sets of a single class do not get an interval of no width.

    Args:
      real: int [K] rows of each class; fake: the same, the same classes.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    n, m = real.sum(), fake.sum()
    if n < 2 or m < 2:
        raise types.UserError(f"comparing class fractions needs two labelled rows a side, got {n:.0f} and {m:.0f}")
    p, q = real / n, fake / m
    total_variation = float(np.abs(p - q).sum() / 2)
    squared = np.sum(real * (real - 1)) / (n * (n - 1)) + np.sum(fake * (fake - 1)) / (m * (m - 1)) - 2 * np.sum(p * q)
    chi_square, dof, p_value = _homogeneity(real, fake)
    return ClassComparison(
        total_variation,
        _null_expectation(real + fake, n, m),
        variation(p - q, _pooled_sd(real + fake, n, m), _covariance(real) + _covariance(fake)),
        float(squared),
        chi_square,
        dof,
        p_value,
    )


def variation(difference: np.ndarray, sd: np.ndarray, covariance: np.ndarray) -> types.Interval:
    """Interval of the total variation 1/2 sum |p - q| around its plug-in, which is biased upwards near 0.

    [TV - b - z se, TV + z se] with b half the sum, over classes whose difference is below two deviations, of
    sqrt(2/pi) sd: TV = p(A) - q(A) on the set A of classes where p exceeds q.

    Args:
      difference: [K] p - q.   sd: [K] its deviations if both laws were the pooled one.   covariance: [K, K] its own.
    """
    value = float(np.abs(difference).sum() / 2)
    bias = float(np.sum(np.sqrt(2 / np.pi) * sd, where=np.abs(difference) < 2 * sd) / 2)
    inside = difference > 0
    if not inside.any():
        inside = np.arange(len(difference)) == np.argmax(np.diag(covariance))
    stderr = float(np.sqrt(max(covariance[np.ix_(inside, inside)].sum(), 0.0)))
    low, high = max(0.0, value - bias - quantiles.Z * stderr), min(1.0, value + quantiles.Z * stderr)
    return types.Interval(low, high, stderr, "delta, lower end less the bias of near-equal classes", "conservative")


def multinomial(p: np.ndarray, n: float) -> np.ndarray:
    """Covariance [K, K] of the shares of n draws from p [K]."""
    return (np.diag(p) - np.outer(p, p)) / n


def _covariance(counts: np.ndarray) -> np.ndarray:
    """That of the shares of counts, shrunk."""
    return multinomial((counts + quantiles.Z**2 / len(counts)) / (counts.sum() + quantiles.Z**2), counts.sum())


def _null_expectation(pooled: np.ndarray, n: float, m: float) -> float:
    """E 1/2 sum |p - q| when both laws are the pooled one, in the normal approximation E|Z| = sqrt(2/pi) sd."""
    return float(np.sum(np.sqrt(2 / np.pi) * _pooled_sd(pooled, n, m)) / 2)


def _pooled_sd(pooled: np.ndarray, n: float, m: float) -> np.ndarray:
    """Deviation of p - q of each class if both laws were the pooled one, steady where one is empty."""
    share = pooled / pooled.sum()
    return np.sqrt(share * (1 - share) * (1 / n + 1 / m))


def _homogeneity(real: np.ndarray, fake: np.ndarray) -> tuple[float, int, float]:
    """Pearson's two-sample test; the rarest classes are merged until each expected count reaches 5 (Cochran 1954)."""
    pooled = real + fake
    keep = np.argsort(-pooled, kind="stable")[: np.count_nonzero(pooled)]
    table = np.stack([real[keep], fake[keep]])
    smaller = min(real.sum(), fake.sum()) / pooled.sum()
    while table.shape[1] > 1 and table[:, -1].sum() * smaller < 5:
        merged = table[:, -2:].sum(axis=1, keepdims=True)
        table = np.concatenate([table[:, :-2], merged], axis=1)
        table = table[:, np.argsort(-table.sum(axis=0), kind="stable")]
    if table.shape[1] == 1:
        return 0.0, 0, 1.0
    expected = table.sum(axis=0) * table.sum(axis=1, keepdims=True) / table.sum()
    chi_square = float(np.sum((table - expected) ** 2 / expected))
    dof = table.shape[1] - 1
    return chi_square, dof, float(special.chdtrc(dof, chi_square))
