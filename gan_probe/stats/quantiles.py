"""Points that intervals are made of: the normal law's, and Student's at 97.5 % (Student 1908)."""

from typing import TypeVar

import numpy as np
from scipy import special

__all__ = ["Z", "normal", "student"]

T = TypeVar("T", float, np.ndarray)

Z = float(special.ndtri(0.975))


def normal(level: float) -> float:
    """The normal law's point that leaves half of `level` beyond it; Z for 5 %."""
    return float(special.ndtri(1 - level / 2))


def student(freedom: T) -> T:
    """Of t with this many degrees of freedom, one or many; infinitely many are the normal law."""
    return special.stdtrit(freedom, 0.975)
