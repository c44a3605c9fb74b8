"""Simulated coverage of every metric's 95 % interval, as a user gets it: `evaluate` on arrays, again and again.

    python -m benchmarks.coverage [--replications=200] [--law=a,b] [--metric=a,b] [--sizes=500x500,500x1000] [--out=F]

Prints the tables of docs/coverage.md and writes all that was seen as JSON.
"""

import argparse
import collections
import dataclasses
import datetime
import functools
import json
import math
import pathlib
import sys
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks import laws, truth
from benchmarks import quantities as quantities_lib
from gan_probe import data, evaluation, reference
from gan_probe import metrics as metrics_lib

__all__ = ["SIZES", "Cell", "simulate", "tables"]

SIZES = ((500, 500), (500, 1000))
_TRAIN = 500
_MEDIAN = ("correlated",)  # each median of real is a scale of its own, compiled anew


class Cell(NamedTuple):
    """What was seen of one quantity under one law at one pair of sizes.

    replications: those with a known truth. coverage, error: share that held it, its Monte-Carlo standard error.
    kind: the one that most intervals claimed. promise: holds | fails, 3 errors allowed.
    truth, value, deviation: mean truth, mean and standard deviation of the value. width: median width of the intervals.
    """

    quantity: str
    law: str
    n: int
    m: int
    replications: int
    coverage: float
    error: float
    kind: str
    promise: str
    truth: float
    value: float
    deviation: float
    width: float


def simulate(
    law: str,
    sizes: tuple[int, int],
    replications: int,
    names: Iterable[str] = tuple(quantities_lib.QUANTITIES),
    *,
    seed: int = 0,
) -> list[Cell]:
    """Coverage of quantities under a law.

    Args:
      law: name in laws.LAWS.
      sizes: rows of real and of fake.
      replications: pairs of sets drawn.
      names: of quantities.QUANTITIES; those that the law has no truth for are left out of the answer.
      seed: of the draws.
    """
    true = _truth(law)
    wanted = {name: quantities_lib.QUANTITIES[name] for name in names if _defined(name, law, true.law)}
    found: dict[str, list[tuple[quantities_lib.Found, float]]] = {name: [] for name in wanted}
    for replication in range(replications):
        rng = np.random.default_rng([seed, zlib.crc32(law.encode()), *sizes, replication])
        entries = _evaluate(true, sizes, rng, wanted.values())
        for name, quantity in wanted.items():
            entry = entries[quantity.call][quantity.metric]
            found[name].append((quantity.read(entry), quantity.true(true, entry) if quantity.true else math.nan))
    at_n = {name: wanted[name].true is None for name in wanted}
    known = [name for name in wanted if at_n[name] or not all(math.isnan(true) for _, true in found[name])]
    return [_cell(name, law, sizes, found[name], at_n[name]) for name in known]


def tables(cells: Sequence[Cell]) -> str:
    """One Markdown table a pair of sizes: quantities down, laws across."""
    out = []
    for sizes in dict.fromkeys((c.n, c.m) for c in cells):
        here = [c for c in cells if (c.n, c.m) == sizes]
        columns = list(dict.fromkeys(c.law for c in here))
        out += [f"N={sizes[0]}, M={sizes[1]}", "", f"| coverage % | {' | '.join(columns)} |"]
        out += ["|---" * (len(columns) + 1) + "|"]
        for name in dict.fromkeys(c.quantity for c in here):
            row = {c.law: _text(c) for c in here if c.quantity == name}
            out.append(f"| {name} | {' | '.join(row.get(law, '') for law in columns)} |")
        out.append("")
    return "\n".join(out)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description="Coverage of every interval.")
    parser.add_argument("--replications", type=int, default=200)
    parser.add_argument("--law", default=",".join(laws.LAWS), help="names with commas")
    parser.add_argument("--metric", default=",".join(metrics_lib.METRICS), help="names with commas")
    parser.add_argument("--sizes", default=",".join(f"{n}x{m}" for n, m in SIZES), help="rows of real x rows of fake")
    parser.add_argument("--out", default="coverage.json")
    chosen = parser.parse_args(arguments)
    wanted_laws, metrics = chosen.law.split(","), chosen.metric.split(",")
    for word, table in [(law, laws.LAWS) for law in wanted_laws] + [
        (metric, metrics_lib.METRICS) for metric in metrics
    ]:
        if word not in table:
            parser.error(f"{word}: none of {', '.join(table)}")
    names = [name for name, quantity in quantities_lib.QUANTITIES.items() if quantity.metric in metrics]
    cells: list[Cell] = []
    for law in wanted_laws:
        for pair in chosen.sizes.split(","):
            n, m = map(int, pair.split("x"))
            started = time.perf_counter()
            cells += simulate(law, (n, m), chosen.replications, names)
            print(f"{law} {pair}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
            record = {
                "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "replications": chosen.replications,
                "laws": {name: make().about for name, make in laws.LAWS.items()},
                "cells": [{k: _json(v) for k, v in c._asdict().items()} for c in cells],
            }
            pathlib.Path(chosen.out).write_text(json.dumps(record, indent=1) + "\n")
    print(tables(cells))


@functools.cache
def _truth(law: str) -> truth.Truth:
    return truth.Truth(laws.LAWS[law]())


def _defined(name: str, law_name: str, law: laws.Law) -> bool:
    """Whether the law has what the quantity needs: classes, third moments, training rows that are a draw of real."""
    metric, call = quantities_lib.QUANTITIES[name][:2]
    if metric == "modes":
        return law.fake.fractions is not None
    if metric == "kid":
        return law.fake.third is not None
    if metric in ("ddm_relative", "ddm_sum"):
        return law.train is None
    return call != "median" or law_name in _MEDIAN


def _evaluate(
    true: truth.Truth,
    sizes: tuple[int, int],
    rng: np.random.Generator,
    wanted: Iterable[quantities_lib.Quantity],
) -> dict[str, dict[str, Any]]:
    """Entries of the metrics of each call, on one draw of the sets."""
    drawn = {"real": true.law.real.draw(rng, sizes[0]), "fake": true.law.fake.draw(rng, sizes[1])}
    real, fake = (data.from_array(d.features, name=role, labels=d.labels) for role, d in drawn.items())
    fake = dataclasses.replace(fake, logits=drawn["fake"].features)
    calls: dict[str, dict[str, None]] = collections.defaultdict(dict)
    for quantity in wanted:
        calls[quantity.call][quantity.metric] = None
    against = reference.Reference(real=real, train=true.law.real.draw(rng, _TRAIN).features)
    entries = {}
    for call, metrics in calls.items():
        switches: dict[str, Any] = {"scale": "median"} if call == "median" else {}
        if call == "main" and {"ddm", "ddm_relative", "ddm_sum", "gmm_kl"} & set(metrics):
            switches["scale"] = (1.0, 8.0)
        if call == "main" and {"mmd_rbf", "rke"} & set(metrics):  # held, as their intervals hold it
            switches["bandwidth"] = math.sqrt(2 * np.trace(true.law.real.covariance))
        if call == "main" and "birthday" in metrics and true.law.threshold:
            switches["threshold"] = true.law.threshold
        chosen = reference.Reference(real=real, train=true.train) if call == "one train" else against
        results, _ = evaluation.evaluate_against(chosen, fake, metrics=list(metrics), **switches)
        entries[call] = results["results"]["fake"]
    return entries


def _cell(
    name: str, law: str, sizes: tuple[int, int], found: Sequence[tuple[quantities_lib.Found, float]], at_n: bool
) -> Cell:
    values = np.array([math.nan if value is None else value for (value, _, _), _ in found])
    mean = float(np.nanmean(values))
    known = [(ci, mean if at_n else true, method) for (_, ci, method), true in found if at_n or not math.isnan(true)]
    hits = [(low is None or low <= true) and (high is None or true <= high) for (low, high), true, _ in known]
    share, count = float(np.mean(hits)), len(hits)
    smoothed = (sum(hits) + 1) / (count + 2)  # an error above 0 where all intervals hold
    kind = collections.Counter(method.rsplit("; ", 1)[-1] for _, _, method in known).most_common(1)[0][0]
    edge = not any(true for _, true, _ in known)
    return Cell(
        quantity=name, law=law, n=sizes[0], m=sizes[1], replications=count, coverage=share,
        error=math.sqrt(smoothed * (1 - smoothed) / count), kind=kind, promise=_promise(kind, share, count, edge=edge),
        truth=float(np.mean([true for _, true, _ in known])), value=mean, deviation=float(np.nanstd(values)),
        width=float(np.median([_width(ci) for ci, _, _ in known])),
    )  # fmt: skip


def _width(ci: Sequence[float | None]) -> float:
    low, high = ci
    return math.inf if low is None or high is None else high - low


def _promise(kind: str, share: float, count: int, *, edge: bool) -> str:
    """Whether 92..98 % (exact; up to 100 where the truth is the end of its range) or >= 92 % (conservative) hold.

    An approximate interval promises nothing; below 85 % it is no interval either.
    """
    floor = 0.92 if kind in ("exact", "conservative") else 0.85
    least = floor - 3 * math.sqrt(floor * (1 - floor) / count)
    most = 0.98 + 3 * math.sqrt(0.98 * 0.02 / count) if kind == "exact" and not edge else 1.0
    return "holds" if least <= share <= most else "fails"


def _text(cell: Cell) -> str:
    """ "95.5 ±1.5 e": an exact, conservative or approximate interval; bold where it breaks its promise."""
    text = f"{100 * cell.coverage:.1f} ±{100 * cell.error:.1f} {cell.kind[0]}"
    return f"**{text}**" if cell.promise == "fails" else text


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
