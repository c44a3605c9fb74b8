"""What the metrics of means and covariances share: a set's moments and its principal directions, found once a set."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_probe.metrics import decompose, metric
from gan_probe.ops import moments
from gan_probe.stats import extrapolate

__all__ = [
    "LARGEST",
    "Principal",
    "by_rows",
    "chunks",
    "eigh",
    "fitted",
    "halvable",
    "principal",
    "squares",
    "too_large",
    "unequal",
]

LARGEST = 6144  # order of the matrices that are decomposed: beyond, minutes and gigabytes
_HALVINGS = 5
_ROWS = 4096
_COPIES = 1e-18  # variance over squared mean that rounding leaves to a set of copies


class Principal(NamedTuple):
    """Principal axes of a set: float64, eigenvalues descending.

    mean: [d]. eigenvalues: [r], of the covariance with ddof 1, all 0 for a set of copies.
    directions: [d, r], unit columns; zeros where there are fewer rows than features and an eigenvalue is 0.
    """

    mean: np.ndarray
    eigenvalues: np.ndarray
    directions: np.ndarray


def fitted(inputs: metric.Inputs, role: metric.Role) -> tuple[moments.Moments, list[moments.Moments]]:
    """Moments of a role: all rows, and both halves of every halving."""

    def make():
        halves = extrapolate.block_halvings(_HALVINGS, blocks=inputs.blocks, seed=inputs.seed)
        if not halvable(inputs.shape.rows[role], inputs.shape.dim):
            halves = halves[:0]
        return moments.block_moments(inputs.features(role), inputs.block(role), halves)

    return inputs.kept(role, "moments", make)


def halvable(rows: int, dim: int) -> bool:
    """Whether both halves of a halving have a covariance of full rank, and there is room for it."""
    return rows >= 2 * (dim + 2) + 20 and dim <= LARGEST


def eigh(inputs: metric.Inputs, role: metric.Role) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues [d], ascending, and eigenvectors [d, d] of a role's covariance (ddof 1)."""
    return inputs.kept(role, "covariance eigh", lambda: decompose.eigh(fitted(inputs, role)[0].covariance))


def principal(inputs: metric.Inputs, role: metric.Role) -> Principal:
    """Through the covariance, or through the products of centred rows where those are fewer than features."""

    def make():
        n, d = inputs.shape.rows[role], inputs.shape.dim
        if n > d:
            mean = fitted(inputs, role)[0].mean
            w, v = (a[..., ::-1] for a in eigh(inputs, role))
        else:
            x = inputs.features(role).astype(np.float64)
            mean = x.mean(axis=0)
            w, v = by_rows(x - mean)
            w = w / (n - 1)
        w = np.maximum(w, 0)
        return Principal(mean, w * (w.sum() > _COPIES * (mean @ mean)), v)

    return inputs.kept(role, "principal axes", make)


def by_rows(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues [n], descending, and eigenvectors [d, n] of x'x for x [n, d], n <= d; zeros where there is none."""
    w, u = decompose.eigh(x @ x.T)
    w = np.maximum(w[::-1], 0)
    real = w > w[0] * len(w) * np.finfo(np.float64).eps
    return w * real, x.T @ (u[:, ::-1] * np.where(real, 1 / np.sqrt(np.where(real, w, 1)), 0))


def unequal(shape: metric.Shape) -> dict[str, str]:
    """A warning where a number that grows with the rows is set beside real's."""
    n, m = shape.rows["real"], shape.rows["fake"]
    if max(n, m) <= 1.1 * min(n, m):
        return {}
    return {"warning": f"grows with the rows, of which real has {n} and fake {m}: compare equal sizes"}


def too_large(shape: metric.Shape) -> str | None:
    """Why the sets' covariances can't be decomposed, directly or through their rows; None where they can."""
    order = min(shape.dim, max(shape.rows["real"], shape.rows["fake"]))
    if order > LARGEST:
        return f"its decomposition of order {order} is too large: use --embed=pca:K"
    return metric.two_rows("real", "fake")(shape)


def chunks(features: np.ndarray):
    """Slices of the rows that fit in memory as float64, each with its rows."""
    for start in range(0, len(features), _ROWS):
        at = slice(start, start + _ROWS)
        yield at, features[at].astype(np.float64)


def squares(features: np.ndarray, directions: np.ndarray, of: Callable[[np.ndarray], np.ndarray]):
    """Slices of the rows, each with the squares of of(rows) @ directions, float32 [b, r].

    For influences: float32 rounds them to the seventh digit, of which a standard error shows three.
    """
    directions = directions.astype(np.float32)
    for start in range(0, len(features), _ROWS):
        at = slice(start, start + _ROWS)
        along = of(features[at]).astype(np.float32, copy=False) @ directions
        yield at, np.multiply(along, along, out=along)
