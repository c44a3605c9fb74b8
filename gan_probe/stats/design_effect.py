"""Design effect of a classifier's accuracy: rows that share neighbours are right or wrong together.

Errors of a nearest-neighbour classifier are not independent: a row decides for all to whom it is near. How much that
inflates the variance shows in the accuracies of small classifiers, one for every pair of a block of real and a block of
fake: they vary over real blocks, over fake blocks, and by pair. The ratio of that variance to a binomial one is Kish's
design effect (Survey Sampling, 1965, section 8.2), and Wilson's interval of as many fewer rows the interval. The
variance of a cell is that of a two-way layout without replication (Searle, Casella and McCulloch 1992, section 4.3).
"""

import numpy as np

from gan_probe import types
from gan_probe.stats import proportion

__all__ = ["design_effect", "interval"]


def design_effect(accuracy: np.ndarray, rows: np.ndarray) -> float:
    """phi = variance of a cell over its binomial variance, at least 1.

    Args:
      accuracy: [S, S] share that is right, of a block of real and a block of fake.
      rows: [S, S] rows that each is a share of.
    """
    size = len(accuracy)
    by_real, by_fake = accuracy.mean(axis=1), accuracy.mean(axis=0)
    rest = accuracy - by_real[:, None] - by_fake[None, :] + accuracy.mean()
    error = np.sum(rest**2) / (size - 1) ** 2
    variance = by_real.var(ddof=1) + by_fake.var(ddof=1) + (1 - 2 / size) * error
    binomial = np.mean(accuracy * (1 - accuracy) / np.maximum(rows, 1))
    return max(1.0, float(variance / binomial)) if binomial > 0 else 1.0


def interval(accuracy: float, rows: int, effect: float) -> types.Interval:
    """Wilson's interval of rows / effect trials.

    Args:
      accuracy: share of all rows that is right.
      rows: of both sets together.
      effect: the design effect.
    """
    trials = rows / effect
    return proportion.wilson(accuracy * trials, trials)._replace(method="Wilson, design effect of blocks")
