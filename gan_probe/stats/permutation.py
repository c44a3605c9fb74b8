"""Permutation p-value of two-sample statistics on a neighbour graph: labels are shuffled, the graph stays as it is.

Under equal laws the labels of the pooled rows are exchangeable, and the graph of their neighbours knows none of them:
the p-value (1 + number of shuffled statistics at or above the observed) / (1 + shuffles) is valid at any size
(Friedman and Rafsky 1979; Phipson and Smyth 2010 on the 1).
"""

import numpy as np

__all__ = ["p_value", "vote_accuracy"]

_NUMBERS = 1 << 24  # labels gathered at once


def vote_accuracy(labels: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Share of the rows whose label most of their neighbours have.

    Args:
      labels: bool [..., n], one or many labellings.
      neighbours: int [n, k], k odd.

    Returns:
      float64 [...].
    """
    k = neighbours.shape[1]
    votes = sum(labels[..., neighbours[:, j]].astype(np.int16) for j in range(k))
    return np.mean((2 * votes > k) == labels, axis=-1)


def p_value(labels: np.ndarray, neighbours: np.ndarray, *, permutations: int = 999, seed: int = 0) -> float:
    """Chance, were the labels shuffled, of a vote accuracy at least as high as the observed.

    Args:
      labels: bool [n], which set each of the pooled rows is from.
      neighbours: int [n, k], k odd, found without knowledge of the labels.
      permutations: shuffles; 1 / (permutations + 1) is the least p-value.
      seed: any non-negative integer.
    """
    rng = np.random.default_rng(seed)
    observed = vote_accuracy(labels, neighbours)
    at_once = max(1, _NUMBERS // labels.size)
    reached = 0
    for start in range(0, permutations, at_once):
        shuffled = rng.permuted(np.tile(labels, (min(at_once, permutations - start), 1)), axis=1)
        reached += int(np.sum(vote_accuracy(shuffled, neighbours) >= observed - 1e-12))
    return (1 + reached) / (1 + permutations)
