"""Seconds a stage of an evaluation took; passes with their rate, against the bare matrix multiply of the same run."""

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from gan_probe.metrics import decompose, plan
from gan_probe.ops import compiling

__all__ = ["Timer"]

_YARDSTICK = (4096, 20_000)  # rows of the bare matrix multiply that passes are compared with
_WORTH = 0.02  # of the pairs of all passes, that it may take
_LEAST_SHARE = 0.25  # of its rows: the product of fewer stays in a cache, and goes faster than any other
_MOST_BYTES = 1 << 28  # of its two factors


class Timer:
    """Collects the `timings` of results.json."""

    def __init__(self):
        self._compiled = compiling.seconds()
        self._seconds: dict[str, float] = {}
        self._passes: dict[str, plan.Pass] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what runs inside; what it decomposes is a line of its own, and part of the stage."""
        started, before = time.perf_counter(), decompose.spent()
        yield
        self._seconds[name] = time.perf_counter() - started
        count, seconds = (now - then for now, then in zip(decompose.spent(), before, strict=True))
        if count:
            self._seconds[f"{name}, {count} decompositions"] = seconds

    def passes(self, fake: str, took: list[plan.Pass]) -> None:
        """Adds the passes of one fake."""
        for p in took:
            rows, cols = (fake if role == "fake" else role for role in (p.rows, p.cols))
            name = f"pass {rows} x {cols}"
            while name in self._passes:
                name += " again"
            self._passes[name] = p

    def sweeps(self, title: str, took: list[plan.Pass]) -> None:
        """Adds the passes that a metric ran itself, as one line."""
        for dim in dict.fromkeys(p.dim for p in took):
            of = [p for p in took if p.dim == dim]
            seconds, pairs = sum(p.seconds for p in of), sum(p.pairs for p in of)
            self._passes[f"{title}, {len(of)} passes, d={dim}"] = plan.Pass("", "", seconds, pairs, dim)

    def table(self) -> dict[str, Any]:
        """By stage: seconds, pairs, gflop_per_s, fraction_of_matmul; compiling is part of the stages, not of passes."""
        stages = self._seconds | {"compiling": compiling.seconds() - self._compiled}
        out = {name: _line(seconds, None, None, None) for name, seconds in stages.items()}
        if self._passes:
            dim = max(p.dim for p in self._passes.values())
            bare = _bare_matmul(dim, sum(p.pairs for p in self._passes.values()))
            for name, p in self._passes.items():
                rate = 2 * p.dim * p.pairs / max(p.seconds, 1e-9) / 1e9
                out[name] = _line(p.seconds, p.pairs, rate, rate / bare)
        return out


@jax.jit
def _multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    return a @ b.T


def _line(seconds: float, pairs: int | None, rate: float | None, fraction: float | None) -> dict[str, Any]:
    return {"seconds": seconds, "pairs": pairs, "gflop_per_s": rate, "fraction_of_matmul": fraction}


def _bare_matmul(dim: int, pairs: int) -> float:
    """GFLOP/s of a @ b.T of [4096, d] and [20000, d]; of down to a quarter of the rows where it would take too long."""
    share = min(max(_LEAST_SHARE, (_WORTH * pairs / math.prod(_YARDSTICK)) ** 0.5), 1.0)
    share = min(share, _MOST_BYTES / (4 * dim * sum(_YARDSTICK)))
    share = 2.0 ** math.floor(math.log2(share))  # few shapes to compile
    rows, cols = (max(16, int(n * share)) for n in _YARDSTICK)
    a, b = (jnp.ones((n, dim), jnp.float32) for n in (rows, cols))
    multiply = _multiply.lower(a, b).compile()
    took = []
    for _ in range(2):
        started = time.perf_counter()
        multiply(a, b).block_until_ready()
        took.append(time.perf_counter() - started)
    return 2 * dim * rows * cols / max(min(took), 1e-9) / 1e9
