"""Principal components in float64, from the smaller of the two Gram matrices."""

from typing import NamedTuple

import numpy as np

from gan_probe import types

__all__ = ["Components", "components", "project"]

_ROWS = 4096
_LARGEST = 6144  # order of the matrix that is decomposed: beyond, minutes and gigabytes


class Components(NamedTuple):
    """mean: float64 [d]. directions: float64 [k, d], orthonormal, leading first."""

    mean: np.ndarray
    directions: np.ndarray


def components(features: np.ndarray, share: float) -> Components:
    """As few components as hold at least `share` of the variance of the rows, and at least one.

    Args:
      features: float32 [n, d], n >= 2.
      share: of the variance, above 0 and at most 1.

    Raises:
      UserError: n and d both exceed 6144, or all rows are equal.
    """
    n, d = features.shape
    if min(n, d) > _LARGEST:
        raise types.UserError(f"principal components of {n} rows of {d} features are too many: use --embed=pca:K")
    mean = np.asarray(np.mean(features, axis=0, dtype=np.float64))
    if n < d:
        centred = features - mean
        values, vectors = np.linalg.eigh(centred @ centred.T)
    else:
        scatter = np.zeros((d, d))
        for start in range(0, n, _ROWS):
            centred = features[start : start + _ROWS] - mean
            scatter += centred.T @ centred
        values, vectors = np.linalg.eigh(scatter)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    if values[0] <= 0:
        raise types.UserError("principal components need rows that differ: all are equal")
    kept = np.cumsum(values) / values.sum()
    k = int(np.searchsorted(kept, share * (1 - 1e-12))) + 1
    directions = vectors[:, :k].T
    if n < d:
        directions = directions @ (features - mean) / np.sqrt(values[:k, None])
    return Components(mean, directions)


def project(features: np.ndarray, onto: Components) -> np.ndarray:
    """Coordinates of the rows, float32 [n, k]."""
    out = np.empty((len(features), len(onto.directions)), np.float32)
    for start in range(0, len(features), _ROWS):
        at = slice(start, start + _ROWS)
        out[at] = (features[at] - onto.mean) @ onto.directions.T
    return out
