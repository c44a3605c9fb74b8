"""The planner: merges the needs of all metrics and runs each pair of roles as few times as their order allows."""

from collections.abc import Callable, Container, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from gan_probe.metrics import metric
from gan_probe.ops import compiling, stream
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib

__all__ = ["Pass", "closure", "run", "schedule"]

_ORDER = (
    ("real", "real"),
    ("train", "train"),
    ("real", "train"),
    ("fake", "fake"),
    ("fake", "train"),
    ("fake", "real"),
)


class Pass(NamedTuple):
    """What one pass took: the two roles, seconds, products of rows computed, and features a row."""

    rows: str
    cols: str
    seconds: float
    pairs: int
    dim: int


def closure(needs: Iterable[metric.Need]) -> list[metric.Need]:
    """The needs, and before each the needs of its radius; every one once."""
    out: dict[metric.Need, None] = {}

    def add(need: metric.Need) -> None:
        if need.radius and need.radius.need:
            add(need.radius.need)
        out[need] = None

    for need in needs:
        add(need)
    return list(out)


def run(
    needs: Iterable[metric.Need],
    layouts: Mapping[str, layout_lib.Layout],
    known: MutableMapping[metric.Need, Any],
    *,
    mesh: Mesh,
    memory_bytes: int,
    advance: Callable[[int], None] = lambda pairs: None,
) -> list[Pass]:
    """Fill `known` with the results of all needs and of those they rest on; returns what each pass took.

    `layouts` by role, and by "role alone" where a set against itself has a layout of its own: centred on its own mean,
    so that a collapsed set far from real's mean keeps its small distances.
    """
    took = []
    for pair, now in schedule(needs, known):
        started = compiling.clock()
        rows, cols = (layouts[role] for role in pair)
        if pair[0] == pair[1]:
            rows = cols = layouts.get(f"{pair[0]} alone", rows)
        forward = [n for n in now if (n.rows, n.cols) == pair]
        backward = [n for n in now if n not in forward]
        found = stream.stream(
            rows, cols, [_job(n, known) for n in forward], [_job(n, known) for n in backward],
            mesh=mesh, memory_bytes=memory_bytes, advance=advance,
        )  # fmt: skip
        for n, result in zip(forward + backward, found[0] + found[1], strict=True):
            # In C order, as what the cache gives back: sums then run in the same order.
            known[n] = jax.tree.map(lambda a: np.asarray(a, order="C"), result)
        took.append(Pass(*pair, compiling.clock() - started, stream.products(rows, cols), rows.dim))
    return took


def schedule(
    needs: Iterable[metric.Need], known: Container[metric.Need]
) -> list[tuple[tuple[str, str], list[metric.Need]]]:
    """The passes in order: a pair of roles, and the needs that it serves."""
    pending = [n for n in closure(needs) if n not in known]
    out = []
    while pending:
        ready = [n for n in pending if not (n.radius and n.radius.need in pending)]
        pair = min((_pair(n) for n in ready), key=lambda p: (_blocked(p, pending, ready), _ORDER.index(p)))
        out.append((pair, [n for n in ready if _pair(n) == pair]))
        pending = [n for n in pending if n not in out[-1][1]]
    return out


def _pair(need: metric.Need) -> tuple[str, str]:
    roles = (need.rows, need.cols)
    return roles if roles in _ORDER else roles[::-1]


def _blocked(pair, pending, ready) -> int:
    """Needs of a pair that can't run yet: a pair with none is best run first."""
    return sum(_pair(n) == pair for n in pending) - sum(_pair(n) == pair for n in ready)


def _job(need: metric.Need, known: Mapping[metric.Need, Any]) -> fold_lib.Job:
    if need.radius is None:
        return fold_lib.Job(need.fold)
    found = known[need.radius.need] if need.radius.need else None
    return fold_lib.Job(need.fold, np.asarray(need.radius.of(found), np.float64))
