"""Straight walks between two latents, and how the images on the way differ from blends of the end images.

Radford et al. (2016), as papers 000 and 002 cite them: the images of a walk are semantically meaningful rather than
convex combinations of the ends. All distances are Euclidean, of whatever numbers the images are given as.
"""

import numpy as np
from sklearn import metrics

__all__ = ["between", "length", "nearest", "off_segment"]


def between(ends: np.ndarray, points: int) -> np.ndarray:
    """Points at equal steps from ends [n, 2, ...], the ends among them: [n, points, ...], of latents or of pixels."""
    t = np.linspace(0, 1, points, dtype=np.float32).reshape(-1, *(1,) * (ends.ndim - 2))
    return (1 - t) * ends[:, :1] + t * ends[:, 1:]


def length(walks: np.ndarray) -> np.ndarray:
    """Length of walks [n, points, d] over the distance of their ends: [n], 1 for blends; NaN where the ends are one."""
    steps = np.linalg.norm(np.diff(walks, axis=1), axis=2).sum(axis=1)
    apart = np.linalg.norm(walks[:, -1] - walks[:, 0], axis=1)
    return np.where(apart > 0, steps / np.where(apart > 0, apart, 1), np.nan)


def off_segment(walks: np.ndarray) -> np.ndarray:
    """Largest distance of a walk [n, points, d] from blends of its ends, over that of the ends: [n]; NaN as above."""
    start, along = walks[:, :1], walks[:, -1:] - walks[:, :1]
    square = (along**2).sum(axis=2)
    square = np.where(square > 0, square, np.nan)
    share = np.clip(((walks - start) * along).sum(axis=2) / square, 0, 1)
    return np.linalg.norm(walks - start - share[..., None] * along, axis=2).max(axis=1) / np.sqrt(square[:, 0])


def nearest(walks: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Distance of points [..., d] to the nearest of real [m, d]: [...]."""
    _, found = metrics.pairwise_distances_argmin_min(walks.reshape(-1, walks.shape[-1]), real)
    return found.reshape(walks.shape[:-1])
