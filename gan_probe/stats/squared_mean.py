"""How far the squared length of a mean spreads where the law's mean is 0 and first-order effects vanish (gaussian_kl).

The mean of n rows with covariance C then has a squared length of variance 2 tr C^2 / n^2, for it is nearly normal. The
sums of B random blocks are B vectors with that covariance, and tr C^2 is told, without bias, by the spread of the
eigenvalues of their products (Srivastava 2005, of a Wishart matrix of fewer degrees of freedom than dimensions).
"""

import numpy as np

__all__ = ["null_variance"]


def null_variance(products: np.ndarray, size: np.ndarray) -> float:
    """n^2 times the variance, 2 tr C^2.

    Args:
      products: float64 [B, B] of the sums of the rows of every two blocks.
      size: int [B], rows of each; empty blocks are left out.
    """
    some = size > 0
    products, size, blocks = products[np.ix_(some, some)], size[some], int(some.sum())
    less_mean = np.eye(blocks) - size[:, None] / size.sum()
    gram = less_mean @ products @ less_mean.T / np.sqrt(np.outer(size, size))
    spread = np.sum(gram**2) - np.trace(gram) ** 2 / (blocks - 1)
    return float(2 * spread / (blocks * (blocks - 1) - 2))
