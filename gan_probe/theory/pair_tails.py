"""How far random memorising generators lie from their mean before one discriminator, and the m that p parameters need.

Paper 003, appendix D: a generator of m random images has a mean of phi(D(G(z), z)) within eps of its expectation but
for a share 2 exp(-m eps^2 / RANGE^2) of generators (McDiarmid; lemma D.2), and theorem 3 asks for m near-linear in p.
"""

import math
from collections.abc import Sequence

import numpy as np

from gan_probe.theory import pair_gap

__all__ = ["bound", "crossing", "enough", "growth", "off", "steepest"]


def off(values: np.ndarray, eps: float) -> np.ndarray:
    """Which values [n] of independent generators are further than eps from their mean."""
    return np.abs(values - values.mean()) > eps


def bound(m: int, eps: float) -> float:
    """McDiarmid's bound of their share, for generators of m images."""
    return min(2 * math.exp(-m * eps**2 / pair_gap.RANGE**2), 1.0)


def crossing(sizes: Sequence[int], gaps: np.ndarray, eps: float) -> float:
    """The m from which on gaps [sizes] stay below eps, between sizes on a straight line in logarithms.

    NaN where the first is already below, or the last is not.
    """
    above = np.flatnonzero(np.asarray(gaps) >= eps)
    if not above.size or above[-1] == len(sizes) - 1:
        return math.nan
    i = int(above[-1])
    (x, y), (far, low) = ((math.log(sizes[j]), math.log(max(gaps[j], 1e-9))) for j in (i, i + 1))
    return math.exp(x + (far - x) * (y - math.log(eps)) / (y - low))


def growth(
    rng: np.random.Generator, gaps: np.ndarray, counts: Sequence[int], sizes: Sequence[int], eps: float
) -> tuple[float, float, float]:
    """The exponent of p in the m that brings the mean gap below eps, with its bootstrap interval over games.

    Args:
      rng: of the bootstrap.
      gaps: found by discriminators of `counts` parameters on generators of `sizes` images, [counts, sizes, games].
      counts, sizes: p and m.
      eps: of the gap.

    Returns:
      Exponent, low, high; NaN where a mean does not cross eps, or for a single p.
    """

    def slope(chosen: np.ndarray) -> float:
        needed = [crossing(sizes, by_size[:, chosen].mean(axis=1), eps) for by_size in gaps]
        known = np.isfinite(needed).all() and len(counts) > 1
        return float(np.polyfit(np.log(counts), np.log(needed), 1)[0]) if known else math.nan

    n = gaps.shape[-1]
    low, high = np.quantile([slope(rng.integers(0, n, (n,))) for _ in range(1000)], [0.025, 0.975])
    return slope(np.arange(n)), float(low), float(high)


def enough(parameters: int, eps: float) -> float:
    """Theorem 3's m = p Delta^2 log^2(p Delta L_phi / eps) / eps^2 with 1 for the constant that it leaves open."""
    told = math.log(parameters * pair_gap.RANGE * pair_gap.LIPSCHITZ / eps)
    return parameters * (pair_gap.RANGE * told / eps) ** 2


def steepest(parameters: int, eps: float) -> float:
    """The exponent d ln m / d ln p of theorem 3's m = p log^2(p Delta L_phi / eps) at p = parameters, near-linear."""
    return 1 + 2 / math.log(parameters * pair_gap.RANGE * pair_gap.LIPSCHITZ / eps)
