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


def part(rows: types.Rows, start: int, stop: int, *, source: str) -> types.Rows:
    """Rows start..stop-1 of a row store, nothing copied or decoded."""
    if isinstance(rows, ArrayRows):
        return ArrayRows(rows.array[start:stop], source=source)
    return _Part(rows, start, stop)


class _Part:
    def __init__(self, rows: types.Rows, start: int, stop: int):
        self._rows, self._start, self._length = rows, start, stop - start
        self.shape, self.dtype = rows.shape, rows.dtype

    def __len__(self) -> int:
        return self._length

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self._rows.take(np.asarray(indices, dtype=np.int64) + self._start)
