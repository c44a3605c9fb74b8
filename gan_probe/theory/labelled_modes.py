"""Sets whose labels are known exactly: rows of six Gaussian modes in 8 dimensions, two for each of three labels."""

import numpy as np
from scipy.spatial import distance

from gan_probe import types
from gan_probe.data import arrays

__all__ = ["LABELS", "MODES", "draw", "labelled"]

MODES, LABELS = 6, 3
_CENTRES = 8 * np.eye(MODES, 8)


def draw(rng: np.random.Generator, modes: np.ndarray) -> np.ndarray:
    """A row of each of these modes, float32 [n, 8]; unit variance."""
    return (_CENTRES[modes] + rng.standard_normal((len(modes), 8))).astype(np.float32)


def labelled(name: str, rows: np.ndarray) -> types.Samples:
    """Rows with the exact logits of their labels, in the place of a classifier's."""
    log_density = -distance.cdist(rows, _CENTRES, "sqeuclidean").reshape(-1, LABELS, MODES // LABELS) / 2
    return arrays.samples(rows, source=name, logits=np.logaddexp.reduce(log_density, axis=2).astype(np.float32))
