"""One pass over the rows of a set: the next batch decodes and hashes in the background while this one is consumed."""

import concurrent.futures
import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.embed import hashing

__all__ = ["Content", "Progress", "scan"]

# Called as tqdm is: progress(total=rows, desc=text) gives an object with update(rows) and close().
Progress = Callable[..., Any] | None

_BATCH_BYTES = 1 << 25
_BATCH_ROWS = 1 << 14


class Content(NamedTuple):
    """hashes: uint64 [n] of the decoded rows; sha256: of dtype, shape and decoded rows in order."""

    hashes: np.ndarray
    sha256: str


def scan(
    samples: types.Samples,
    consume: Callable[[int, np.ndarray], None] | None = None,
    *,
    title: str,
    progress: Progress,
    row_bytes: int = 0,
    most: int | None = None,
) -> Content:
    """Decodes every row once, in order.

    Args:
      samples: the set.
      consume: called with (index of the first row, rows [b, ...]) for each batch.
      title: what the progress bar says.
      progress: see Progress.
      row_bytes: size of what `consume` makes of a row, where larger than the row.
      most: the largest batch that `consume` takes.
    """
    n = len(samples)
    dtype = samples.rows.dtype
    size = max(int(np.prod(samples.rows.shape)) * dtype.itemsize, row_bytes, 1)
    batch = max(1, min(_BATCH_BYTES // size, most or _BATCH_ROWS, n))
    hashes = np.empty(n, np.uint64)
    digest = hashlib.sha256(f"{dtype.newbyteorder('<').str} {[n, *samples.rows.shape]}".encode())

    def read(start: int) -> np.ndarray:
        stop = min(start + batch, n)
        rows = samples.rows.take(np.arange(start, stop))
        hashes[start:stop] = hashing.row_hashes(rows)
        digest.update(np.ascontiguousarray(rows, dtype.newbyteorder("<")).view(np.uint8).data)
        return rows

    bar = progress(total=n, desc=title) if progress else None
    try:
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
            pending = reader.submit(read, 0)
            for start in range(0, n, batch):
                rows = pending.result()
                if start + batch < n:
                    pending = reader.submit(read, start + batch)
                if consume is not None:
                    consume(start, rows)
                if bar is not None:
                    bar.update(len(rows))
    finally:
        if bar is not None:
            bar.close()
    return Content(hashes, digest.hexdigest())
