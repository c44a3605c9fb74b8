"""Sets laid out for streaming, and the dense float64 distances that every fold is compared with."""

import functools
from collections.abc import Callable

import numpy as np
import pytest

from gan_probe import parallel
from gan_probe.embed import hashing
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import stream as stream_lib
from gan_probe.stats import blocks as blocks_lib

BLOCKS = 6


@pytest.fixture
def mesh():
    return parallel.mesh(1)


@pytest.fixture
def run(mesh) -> Callable:
    """stream.stream on one device."""
    return functools.partial(stream_lib.stream, mesh=mesh)


@pytest.fixture
def laid() -> Callable[..., layout_lib.Layout]:
    """laid(x, centre=, **settings of lay_out) -> Layout, with the hashes and blocks that `evaluate` gives its sets."""

    def make(x, *, centre=None, blocks=BLOCKS, **settings):
        hashes = hashing.row_hashes(x)
        return layout_lib.lay_out(
            x, hashes, blocks_lib.assign(hashes, blocks), blocks=blocks,
            centre=np.zeros(x.shape[1], np.float32) if centre is None else centre, **settings,
        )  # fmt: skip

    return make


@pytest.fixture
def dense() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """dense(x, y) -> squared distances float64 [n, m], one direct difference after the other."""

    def distances(x, y):
        out = np.empty((len(x), len(y)))
        for i in range(len(x)):
            for j in range(len(y)):
                difference = x[i].astype(np.float64) - y[j].astype(np.float64)
                out[i, j] = np.dot(difference, difference)
        return out

    return distances


@pytest.fixture
def pair() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """pair(n, m, d, copies=) -> two float32 sets; with copies, rows recur within each set and across the two."""

    def draw(n, m, d, *, copies=False, seed=0, shift=0.5):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((n, d)).astype(np.float32) + np.float32(3)
        y = rng.standard_normal((m, d)).astype(np.float32) + np.float32(3 + shift)
        if copies:
            x = x[rng.integers(0, max(1, n // 3), n)]
            y = y[rng.integers(0, max(1, m // 3), m)]
            shared = min(n, m) // 3
            y[:shared] = x[rng.permutation(n)[:shared]]
        return x, y

    return draw
