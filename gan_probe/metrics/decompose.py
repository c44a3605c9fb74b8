"""Dense decompositions of the order of the features (or of the rows, where those are fewer), counted and timed.

What the definitions need, at the least, and what is done: of a set one of its covariance (spectrum, gaussian_kl and
frechet share it) and one of the second moment of its rows scaled to length 1, which is another matrix (vendi); of a
pair one of the product of their covariances, whose eigenvalues don't follow from those of its factors (frechet). The
halves of frechet_limit need the eigenvalues of such a product, no vectors. Nothing else is decomposed.
"""

import functools
import time
from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
import scipy.linalg

__all__ = ["Spent", "eigh", "nonnegative", "product_eigenvalues", "spent", "svd"]

P = ParamSpec("P")
T = TypeVar("T")


class Spent(NamedTuple):
    """Decompositions of this process so far, and their seconds."""

    decompositions: int
    seconds: float


_spent = Spent(0, 0.0)


def spent() -> Spent:
    """So far, by all threads."""
    return _spent


def _timed(work: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(work)
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        global _spent
        started = time.perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            _spent = Spent(_spent.decompositions + 1, _spent.seconds + time.perf_counter() - started)

    return timed


@_timed
def eigh(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues [d], ascending, and eigenvectors [d, d] of a symmetric matrix."""
    return scipy.linalg.eigh(matrix)


@_timed
def svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u [n, r], s [r], v' [r, m] of a matrix [n, m], which is overwritten."""
    return scipy.linalg.svd(matrix, full_matrices=False, overwrite_a=True)


@_timed
def product_eigenvalues(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Eigenvalues [d], at least 0, of a b, both positive semidefinite; at once, as a pencil, where a is definite."""
    try:
        w = scipy.linalg.eigh(b, a, type=2, eigvals_only=True, driver="gv")
    except scipy.linalg.LinAlgError:
        values, vectors = scipy.linalg.eigh(a)
        factor = vectors * np.sqrt(np.maximum(values, 0))
        w = scipy.linalg.eigvalsh(factor.T @ b @ factor)
    return nonnegative(w)


def nonnegative(eigenvalues: np.ndarray) -> np.ndarray:
    """Of a semidefinite matrix: 0 for those that are rounding, whose roots would not be small."""
    least = eigenvalues.max(initial=0.0) * len(eigenvalues) * np.finfo(np.float64).eps
    return np.where(eigenvalues > least, eigenvalues, 0.0)
