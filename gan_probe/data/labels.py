"""Class labels as they come, to int32 codes with the names of the classes."""

import numpy as np

from gan_probe import types

__all__ = ["encode"]

# Beyond this an integer is an identifier, not the number of a class.
_MOST_CLASSES = 100_000


def encode(labels: object, n: int, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes int32 [n] and the name of each code.

    Integers from 0 are their own codes (so that they agree with columns of logits and with other sets); other integers
    and strings are numbered in sorted order.

    Raises:
      types.UserError: where labels are not [n] integers or strings.
    """
    values = np.asarray(labels)
    if values.ndim != 1 or len(values) != n:
        raise types.UserError(f"{source}: labels have shape {list(values.shape)}, want one for each of the {n} rows")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind not in "iuU":
        raise types.UserError(f"{source}: labels are {values.dtype}; give integers or strings, one for each row")
    if values.dtype.kind in "iu" and values.min() >= 0 and values.max() < _MOST_CLASSES:
        return values.astype(np.int32), tuple(str(code) for code in range(int(values.max()) + 1))
    names, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int32), tuple(str(name) for name in names)
