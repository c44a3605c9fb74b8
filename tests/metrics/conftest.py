"""Metrics on bare arrays: layouts, the planner's passes, and `finish`, with nothing of the command line."""

import contextlib
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from gan_probe import parallel, types
from gan_probe.embed import hashing
from gan_probe.metrics import metric as metric_lib
from gan_probe.metrics import plan
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import stream as stream_lib
from gan_probe.stats import blocks as blocks_lib


class Given:
    """metric.Inputs of arrays; `swept` lists the pairs of passes that metrics ran."""

    seed = 0
    blocks = blocks_lib.BLOCKS

    mesh = parallel.mesh(1)

    def __init__(self, *, classes=(), labels=None, logits=None, decoder=None, tile=1024, **sets: np.ndarray):
        self._sets = {role: np.asarray(x, np.float32) for role, x in sets.items() if x is not None}
        self._labels: Mapping[str, np.ndarray] = labels or {}
        self._logits: Mapping[str, np.ndarray] = logits or {}
        real = self._sets["real"].astype(np.float64)
        centre = real.mean(axis=0).astype(np.float32)
        self._decoder = decoder
        self._tile = tile
        self.layouts = {}
        for role, x in self._sets.items():
            hashes = hashing.row_hashes(x)
            self.layouts[role] = layout_lib.lay_out(
                x, hashes, blocks_lib.assign(hashes), blocks=self.blocks, centre=centre, tile=tile
            )
        self.swept: list[int] = []
        d2 = ((real[:200, None] - real[None, :200]) ** 2).sum(axis=-1)
        median = float(np.median(d2[np.triu_indices(len(d2), 1)]))
        self.shape = metric_lib.Shape(
            rows={r: len(x) for r, x in self._sets.items()},
            dim=real.shape[1],
            scale=median or 1.0,
            classes=classes,
            logits=self._logits["fake"].shape[1] if "fake" in self._logits else 0,
            decoder=decoder is not None,
        )
        self.known: dict[metric_lib.Need, object] = {}
        self._kept: dict[tuple[str, str], object] = {}

    def get(self, need):
        return self.known[need]

    def features(self, role):
        return self._sets[role]

    def block(self, role):
        return self.layouts[role].block

    def labels(self, role):
        return self._labels.get(role)

    def annotator(self):
        return None

    def logits(self, role):
        return self._logits.get(role)

    def decoder(self):
        return self._decoder

    def steps(self, total):
        return contextlib.nullcontext(lambda steps: None)

    def kept(self, role, name, make):
        if (role, name) not in self._kept:
            self._kept[role, name] = make()
        return self._kept[role, name]

    def lay_out(self, role, features, rows=None, *, blocked=True):
        rows = np.arange(len(features)) if rows is None else rows
        block = self.block(role)[rows] if blocked else np.zeros(len(rows), np.int32)
        return layout_lib.lay_out(
            features, hashing.row_hashes(self._sets[role])[rows], block, blocks=self.blocks if blocked else 1,
            centre=np.zeros(features.shape[1], np.float32), tile=self._tile,
        )  # fmt: skip

    def sweep(self, rows, cols, jobs, col_jobs=()):
        self.swept.append(stream_lib.products(rows, cols))
        return stream_lib.stream(rows, cols, jobs, col_jobs, mesh=parallel.mesh(1))

    def stream(self, *metrics: metric_lib.Metric) -> list[plan.Pass]:
        needs = [need for m in metrics for need in m.needs(self.shape)]
        return plan.run(needs, self.layouts, self.known, mesh=parallel.mesh(1), memory_bytes=1 << 28)


@pytest.fixture(scope="session")
def given() -> type[Given]:
    return Given


@pytest.fixture(scope="session")
def estimate() -> Callable[..., types.Estimate]:
    """estimate(metric, real=, fake=, train=, ...) -> Estimate."""

    def compute(metric, **sets):
        inputs = Given(**sets)
        assert metric.least(inputs.shape) is None
        inputs.stream(metric)
        return metric.finish(inputs)

    return compute


@pytest.fixture(scope="session")
def covers() -> Callable[[list[types.Interval], float], float]:
    """Share of intervals that hold the truth."""

    def share(intervals, truth):
        return float(np.mean([i.low <= truth <= i.high for i in intervals]))

    return share
