"""Screening in bfloat16, for folds that settle their answer in float64 anyway.

Where a machine multiplies bfloat16 several times faster than float32, candidates are found at that speed. Rounding the
centred rows is one more error of the dot product, and a certain one: a row loses at most `Layout.coarse_loss` of its
norm, so |x.y - x'.y'| <= (a + b + a b) |x| |y| for losses a and b, a share of |x|^2 + |y|^2 as `tile.spread` is.
"""

import functools
import math
import time

import jax
import jax.numpy as jnp
import numpy as np

from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["pays", "spread"]

_STEP = 2.0**-12  # spreads are multiples of it, so that few programs are compiled
_LEAST_WORK = 1e10  # products below which neither the choice nor another program is earned back
_LEAST_DIM = 256  # below, the multiply is a small part of the work
_SAMPLE = 64
_MOST_DOUBTFUL = 0.1
_GAIN = 1.3


def spread(rows: layout_lib.Layout, cols: layout_lib.Layout) -> float:
    """`tile.spread` of two layouts whose rows are rounded to bfloat16 before they are multiplied."""
    a, b = rows.coarse_loss, cols.coarse_loss
    loss = a + b + a * b + (1 + a) * (1 + b) * tile_lib.spread(rows.dim)
    return math.ceil(loss / _STEP) * _STEP


def pays(rows: layout_lib.Layout, cols: layout_lib.Layout, *, k: int, keep: int) -> bool:
    """Whether bfloat16 is likely to find the k nearest columns of a row sooner, `keep` candidates a row.

    The answer changes the time that a pass takes, not what it finds.
    """
    work = len(rows) * len(cols) * rows.dim
    if work < _LEAST_WORK or rows.dim < _LEAST_DIM or not _multiplies_faster():
        return False
    return _doubtful(rows, cols, k, keep) <= _MOST_DOUBTFUL


def _doubtful(rows: layout_lib.Layout, cols: layout_lib.Layout, k: int, keep: int) -> float:
    """Share of a few rows that have more than `keep` columns which rounding can't tell from the k-th nearest."""
    filled = np.flatnonzero(rows.first >= 0)
    at = filled[:: max(1, len(filled) // _SAMPLE)]
    first = rows.first[at]
    x = rows.features[first] - rows.centre
    both = spread(rows, cols)
    least, lower = [], []
    for p in range(cols.panels):
        panel = cols.load(cols.rows(p))
        norms = rows.norm[at][:, None] + panel.reach
        d2 = norms - 2 * (x @ panel.x.T)
        if rows is cols:
            d2 = np.where(rows.content[first][:, None] == panel.content, layout_lib.FAR, d2)
        low = d2 - both * norms
        m = min(keep + 1, low.shape[1])
        least.append(np.partition(d2, min(k, m) - 1, axis=1)[:, :k])
        lower.append(np.partition(low, m - 1, axis=1)[:, :m])
    kth = np.sort(np.concatenate(least, axis=1), axis=1)[:, k - 1]
    candidates = (np.concatenate(lower, axis=1) <= kth[:, None]).sum(axis=1)
    return float(np.mean(candidates > keep))


@functools.cache
def _multiplies_faster() -> bool:
    """One small multiply of either kind, timed once a process: no platform says what its units are good for."""
    numbers = np.ones((2048, 1024), np.float32)
    multiply = jax.jit(functools.partial(jnp.matmul, preferred_element_type=jnp.float32, precision="highest"))

    def seconds(dtype) -> float:
        a, b = jnp.asarray(numbers[:1536], dtype), jnp.asarray(numbers.T, dtype)
        multiply(a, b).block_until_ready()
        times = []
        for _ in range(3):
            started = time.perf_counter()
            multiply(a, b).block_until_ready()
            times.append(time.perf_counter() - started)
        return min(times)

    return seconds(jnp.float32) > _GAIN * seconds(jnp.bfloat16)
