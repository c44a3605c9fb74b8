"""Extrapolation of a statistic with bias c/n to infinite sample size, from random halves.

Chong and Forsyth 2020 fit a line in 1/n through many sizes; two sizes, n and n/2, give the same limit with less
variance when the halves are complementary: 2 F(n) - mean F(n/2). Halves are unions of blocks, so that block moments
suffice.
"""

import numpy as np

from gan_probe.stats import blocks

__all__ = ["block_halvings", "infinity"]


def infinity(full: float, halves: np.ndarray) -> float:
    """The limit 2 F(n) - mean F(n/2), free of the bias of order 1/n.

    Args:
      full: the statistic at the full size.
      halves: [...] the statistic on random halves; both halves of each halving, so that the noise of the split cancels.

    Returns:
      The extrapolated value; may fall below the statistic's range (a squared distance may come out negative).
    """
    return float(2 * full - np.mean(halves))


def block_halvings(count: int = 5, *, blocks: int = blocks.BLOCKS, seed: int = 0) -> np.ndarray:
    """Random halvings of B blocks: True marks the first half, False the second.

    Args:
      count: number of halvings.
      blocks: B; the first half has B // 2 of them.
      seed: any non-negative integer.

    Returns:
      bool [count, B].
    """
    rng = np.random.default_rng(seed)
    first = np.tile(np.arange(blocks) < blocks // 2, (count, 1))
    return rng.permuted(first, axis=1)
