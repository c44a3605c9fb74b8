"""DDM of normal laws in closed form: its least value over generators, and what finitely many samples add to it.

Thesis 004, equation 3.4 with squared distances and scale 1. Real rows are N(0, real^2 I), generated ones N(0, fake^2 I)
in d dimensions; the mean of exp(-|x - y|^2) over y is that of a normal density with 1/2 added to fake^2.
"""

import numpy as np
from jaxtyping import Float
from scipy import special

__all__ = ["best", "ddm", "excess"]

Numbers = Float[np.ndarray, "..."]


def ddm(real: float, fake: Numbers | float, d: int) -> Numbers:
    """DDM of the laws themselves, nats, for standard deviations `real` and `fake`."""
    widened = 1 + 2 * np.square(fake)
    return d * (np.log(widened) / 2 + real**2 / widened)


def best(real: float) -> float:
    """The standard deviation of the normal generator with the least DDM: sqrt(real^2 - 1/2), or 0 for one point."""
    return float(np.sqrt(max(real**2 - 0.5, 0.0)))


def excess(rows: Float[np.ndarray, "n d"], generated: Float[np.ndarray, "m d"], fake: float) -> float:
    """DDM of rows and generated points, less that of the same rows and the law N(0, fake^2 I) of the points."""
    square = ((rows[:, None] - generated[None]) ** 2).sum(axis=2)
    seen = np.log(len(generated)) - special.logsumexp(-square, axis=1)
    widened = 1 + 2 * fake**2
    of_law = rows.shape[1] * np.log(widened) / 2 + (rows**2).sum(axis=1) / widened
    return float((seen - of_law).mean())
