"""Row stores over arrays, and parts of any row store."""

from collections.abc import Sequence

import numpy as np

from gan_probe import types

__all__ = ["ArrayRows", "part"]


class ArrayRows:
    """Rows of an array in memory or mapped from disk: uint8 images [n, h, w, c] or floats [n, d] given as float32.

    Attributes:
      array: the whole array as it was given, so that float32 features need no second copy.
    """

    def __init__(self, array: np.ndarray, *, source: str):
        self.array = array
        self.shape: tuple[int, ...] = array.shape[1:]
        self.dtype = np.dtype(np.uint8 if array.dtype == np.uint8 else np.float32)
        self._source = source

    def __len__(self) -> int:
        return len(self.array)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices, dtype=np.int64)
        with np.errstate(over="ignore"):  # too large for float32: reported below as infinite
            rows = np.ascontiguousarray(self.array[indices], dtype=self.dtype)
        if self.dtype == np.float32 and not np.isfinite(rows).all():
            bad = int(np.argmin(np.isfinite(rows).all(axis=1)))
            kind = "NaN" if np.isnan(rows[bad]).any() else "an infinite value"
            raise types.UserError(
                f"{self._source}: row {int(indices[bad])} holds {kind} in float32; remove or repair such rows"
            )
        return rows


def part(rows: types.Rows, at: slice | np.ndarray, *, source: str) -> types.Rows:
    """Some rows of a row store (a slice, or int64 [m] indices); nothing is decoded, and a slice copies nothing."""
    if isinstance(rows, ArrayRows) and isinstance(at, slice):
        return ArrayRows(rows.array[at], source=source)
    return _Part(rows, at)


class _Part:
    def __init__(self, rows: types.Rows, at: slice | np.ndarray):
        self._rows, self._at = rows, at if isinstance(at, np.ndarray) else range(len(rows))[at]
        self.shape, self.dtype = rows.shape, rows.dtype

    def __len__(self) -> int:
        return len(self._at)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = np.asarray(indices, dtype=np.int64)
        return self._rows.take(self._at[indices] if isinstance(self._at, np.ndarray) else indices + self._at.start)
