"""The 97.5 % points that 95 % intervals are made of: the normal law's, and Student's (Student 1908)."""

from typing import TypeVar

import numpy as np
from scipy import special

__all__ = ["Z", "student"]

T = TypeVar("T", float, np.ndarray)

Z = float(special.ndtri(0.975))


def student(freedom: T) -> T:
    """Of t with this many degrees of freedom, one or many; infinitely many are the normal law."""
    return special.stdtrit(freedom, 0.975)
