"""Collisions among samples of a discrete law: exact chances, and the bounds of Arora, Risteski and Zhang 2018.

With M samples of p, P(no collision) = M! e_M(p), e_M the elementary symmetric polynomial; beta = 1 / sum p^2 is the
effective support. Paper 003, theorems 1 and 2 and appendix A; Wiener 2005, "Bounds on birthday attack times".
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from gan_probe import types
from gan_probe.stats import collisions, first_collision, proportion

__all__ = [
    "Law", "all_pairs", "batch_rule", "beta", "carriers", "draw", "expected", "half", "inside", "no_collision",
    "provable_1", "theorem_1", "theorem_2", "wiener", "zipf",
]  # fmt: skip

_BLOCKS = 20


class Law(NamedTuple):
    """A discrete law: atoms [a] with a probability each; what is left is spread evenly over `broad` other points.

    broad may be inf: a rest that never collides.
    """

    atoms: np.ndarray
    broad: float

    @property
    def rest(self) -> float:
        """The mass of the broad part."""
        return 1 - float(self.atoms.sum()) if self.broad else 0.0


def zipf(points: int, exponent: float) -> Law:
    """p of the k-th point proportional to k^-exponent."""
    weight = np.arange(1.0, points + 1) ** -exponent
    return Law(weight / weight.sum(), 0)


def beta(law: Law) -> float:
    """Effective support 1 / sum p^2."""
    broad = law.rest**2 / law.broad if law.broad else 0.0
    return 1 / (float(np.sum(law.atoms**2)) + broad)


def no_collision(law: Law, most: int) -> np.ndarray:
    """P(all distinct) among 0, 1, ..., `most` samples: [most + 1]. Adds one atom at a time; no term is negative."""
    k = np.arange(1.0, most + 1)
    each = law.rest * np.maximum(1 - (k - 1) / law.broad, 0) if law.broad else np.zeros(most)
    distinct = np.concatenate([[1.0], np.cumprod(each)])
    for p in law.atoms:
        distinct[1:] += p * k * distinct[:-1]
    return distinct


def inside(atoms: np.ndarray, most: int) -> np.ndarray:
    """P(no collision within a set of atoms): [most + 1], whatever the rest of the law."""
    return no_collision(Law(atoms, math.inf), most)


def half(law: Law) -> int:
    """s: the fewest samples that hold a collision with a chance of 50 %."""
    most = 4 + math.ceil(2 * math.sqrt(beta(law)))
    while (distinct := no_collision(law, most))[-1] > 0.5:
        most *= 2
    return int(np.argmax(distinct <= 0.5))


def carriers(law: Law, rho: float) -> float:
    """Points of the smallest set that carries at least the mass rho."""
    broad_first = law.broad > 0 and law.atoms.size > 0 and law.rest / law.broad > law.atoms.min()
    assert not broad_first, "atoms are the likelier points of these laws"
    mass = np.cumsum(np.sort(law.atoms)[::-1])
    if mass.size and mass[-1] >= rho:
        return int(np.searchsorted(mass, rho)) + 1
    atoms = float(mass[-1]) if mass.size else 0.0
    return law.atoms.size + math.ceil((rho - atoms) / law.rest * law.broad)


def theorem_1(samples: int, points: float, rho: float) -> float:
    """P(collision) among M samples as theorem 1 prints its lower bound: 1 - exp(-(M^2 - M) rho / (2 N))."""
    return -math.expm1(-samples * (samples - 1) * rho / (2 * points))


def provable_1(samples: int, points: float, rho: float) -> float:
    """The bound that can be proved: 1 - E exp(-J (J - 1) / (2 N)), J ~ Bin(M, rho) samples that fall into the set."""
    j = np.arange(samples + 1.0)
    return float(1 - stats.binom.pmf(j, samples, rho) @ np.exp(-j * (j - 1) / (2 * points)))


def theorem_2(samples: int, gamma: float, rho: float) -> float:
    """The points that carry the mass rho, at most, as theorem 2 prints it; inf where it bounds nothing."""
    excess = -3 + math.sqrt(9 - 24 / samples * math.log1p(-gamma)) - 2 * samples * (1 - rho) ** 2
    return 2 * samples * rho**2 / excess if excess > 0 else math.inf


def wiener(samples: np.ndarray, beta: float) -> np.ndarray:
    """ln of the lower bound on P(no collision before sample M): -M^2 / (2 beta) - M^3 / (6 beta^2).

    For beta > 1000 and M <= 2 sqrt(beta ln beta).
    """
    return -(samples**2) / (2 * beta) - samples**3 / (6 * beta**2)


def draw(rng: np.random.Generator, law: Law, samples: int) -> np.ndarray:
    """Which points came: int64 [samples]."""
    index = np.searchsorted(np.cumsum(law.atoms), rng.random(samples), side="right")
    broad = index == law.atoms.size
    if law.broad:
        return np.where(broad, law.atoms.size + rng.integers(0, int(law.broad), samples), index)
    return np.minimum(index, law.atoms.size - 1)  # a sum that rounds to less than one


def all_pairs(points: np.ndarray) -> collisions.Collisions:
    """Collisions over all pairs of samples, as the birthday metric counts them.

    Args:
      points: int [s], from `draw`.
    """
    _, index, counts = np.unique(points, return_inverse=True, return_counts=True)
    often = np.flatnonzero(counts > 1)
    place = np.full(len(counts), -1)
    place[often] = np.arange(len(often))
    block = np.arange(len(points)) % _BLOCKS
    table = np.zeros((len(often), _BLOCKS))
    shared = place[index] >= 0
    np.add.at(table, (place[index][shared], block[shared]), 1)
    pairs = table.T @ table
    np.fill_diagonal(pairs, (table * (table - 1) / 2).sum(axis=0))
    without = collisions.leave_block_out(pairs, np.bincount(block, minlength=_BLOCKS))
    return collisions.count(counts[index] - 1, without)


def expected(law: Law, samples: int) -> collisions.Collisions:
    """What all pairs of so many samples show on average: C = P / beta, with the dispersion of that law."""
    pairs, mean = samples * (samples - 1) // 2, 1 / beta(law)
    thrice = float(np.sum(law.atoms**3)) + (law.rest**3 / law.broad**2 if law.broad else 0.0)
    variance = pairs * (mean * (1 - mean) + 2 * (samples - 2) * max(thrice - mean**2, 0.0))
    dispersion = max(1.0, variance / (pairs * mean))
    found = max(1, round(pairs * mean))
    return collisions.Collisions(samples, found, pairs, mean, dispersion, dispersion / found, math.inf)


def batch_rule(hits: float, batches: float, size: int) -> types.Interval:
    """beta from the share of batches of `size` samples with a collision: beta* of Wilson's ends of that share."""
    share = proportion.wilson(hits, batches)
    assert share.low is not None and share.high is not None
    low, high = (first_collision.beta_star(size, g) if 0 < g < 1 else None for g in (share.high, share.low))
    return types.Interval(low or 0.0, high, None, "beta* of Wilson's ends", "approximate")
