"""The birthday test as published: the sample size at which half of all batches hold a collision, and what it implies.

Arora, Risteski and Zhang 2018 (paper 003) draw batches of s samples, look for the smallest s at which at least 50 % of
them hold a duplicate, and read s^2 as the support. With the pairs of one large sample known, its random sub-batches are
that experiment: in a random order of the samples, the first collision appears at the smallest prefix that holds a
colliding pair.
"""

from typing import NamedTuple

import numpy as np
import scipy

from gan_probe import types

__all__ = ["HalfCollision", "beta_star", "half_collision_size"]


class HalfCollision(NamedTuple):
    """The batch size at which half the batches hold a collision.

    size: median first-collision size over random orders, None without a colliding pair.
    interval: of that median over random orders *of these samples*; what other samples would give is not in it.
    """

    size: float | None
    interval: types.Interval


def beta_star(size: float, gamma: float = 0.5) -> float:
    """Upper bound on the effective support 1 / sum p^2 when batches of M samples collide with chance gamma.

    beta* = 2 M / (-3 + sqrt(9 + (24 / M) ln(1 / (1 - gamma)))), from P(no collision) >= exp(-M^2/(2 beta) - M^3/(6
    beta^2)) (003, Theorem 2). Valid for beta > 1000 and M <= 2 sqrt(beta ln beta).

    Args:
      size: M, samples in a batch.
      gamma: share of the batches that hold a collision, in (0, 1).
    """
    excess = 24 / size * -np.log1p(-gamma)
    # -3 + sqrt(9 + e) = e / (3 + sqrt(9 + e)), without the cancellation.
    return float(2 * size * (3 + np.sqrt(9 + excess)) / excess)


def half_collision_size(edges: np.ndarray, size: int, *, seed: int = 0, permutations: int = 400) -> HalfCollision:
    """Median over random orders of the first prefix that holds a colliding pair (003 section 3).

    Args:
      edges: int [E, 2] colliding pairs among the samples 0..size-1.
      size: number of samples s.
      seed: of the random orders.
      permutations: number of random orders R; E R lookups.

    Returns:
      The median and its distribution-free interval between two order statistics (binomial with chance 1/2). Without
      edges the size is None and the interval [size, None]: all s samples together do not collide.
    """
    edges = np.asarray(edges).reshape(-1, 2)
    if len(edges) == 0:
        return HalfCollision(None, types.Interval(float(size), None, None, "no collision", "approximate"))
    rng = np.random.default_rng(seed)
    firsts = np.empty(permutations, np.int64)
    for r in range(permutations):
        position = rng.permutation(size)
        firsts[r] = position[edges].max(axis=1).min() + 1
    firsts.sort()
    rank = int(scipy.stats.binom.ppf(0.025, permutations, 0.5))  # P(firsts[rank - 1] <= median) >= 97.5 %
    low, high = float(firsts[max(rank - 1, 0)]), float(firsts[min(permutations - rank, permutations - 1)])
    interval = types.Interval(low, high, None, f"order statistics of {permutations} random orders", "approximate")
    return HalfCollision(float(np.median(firsts)), interval)
