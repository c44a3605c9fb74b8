"""What an experiment is, and how the claims of a paper are judged."""

import dataclasses
import math
import pathlib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe.stats import proportion, student

__all__ = [
    "PRESETS", "Experiment", "Found", "Judged", "Table", "averaged", "difference", "judge", "mean", "overall",
    "setting", "share", "wilson",
]  # fmt: skip

PRESETS = ("smoke", "cpu", "paper")

Outcome = Literal["holds", "does not hold", "cannot tell"]


class Judged(NamedTuple):
    """A claim (its id in claims.csv) with what was measured here.

    measured: in words, with its unit. value, low, high: the number and its 95 % interval (equal ends where it is exact
    up to rounding). rule: what was asked of the interval. outcome: whether it held.
    """

    claim: str
    measured: str
    value: float
    low: float
    high: float
    rule: str
    outcome: Outcome


class Table(NamedTuple):
    """What a figure plots, as a CSV file."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Found(NamedTuple):
    """What an experiment gives: judged claims, the figure in the paper's form, its numbers, and JSON-ready details.

    files: others by name, such as an animation. timings: of parts that matter, seconds that passed and those of all
    processors.
    """

    claims: Sequence[Judged]
    figure: figure.Figure
    tables: Mapping[str, Table]
    detail: Mapping[str, Any]
    files: Mapping[str, bytes] = types.MappingProxyType({})
    timings: Mapping[str, tuple[float, float]] = types.MappingProxyType({})


class Experiment(NamedTuple):
    """One line of EXPERIMENTS.

    paper, place: such as "002", "figures 1 and 2". about: one line. presets: settings (a frozen dataclass) by name in
    PRESETS. minutes: about how long each takes on two cores. main: the driver, (settings, mesh, folder) -> Found; the
    folder, which it may have to make, keeps what it trains until the results are written: a killed run goes on there.
    """

    paper: str
    place: str
    about: str
    presets: Mapping[str, Any]
    minutes: Mapping[str, float]
    main: Callable[[Any, Mesh, pathlib.Path], Found]


def judge(
    claim: str,
    measured: str,
    value: float,
    interval: tuple[float, float] | None = None,
    *,
    at_least: float = -math.inf,
    at_most: float = math.inf,
) -> Judged:
    """Judges a claim that a number lies in [at_least, at_most].

    It holds where the whole interval does, does not hold where none of it does, and can't be told else. Without an
    interval the number is exact, up to rounding.
    """
    low, high = (value, value) if interval is None else interval
    if math.isnan(low) or math.isnan(high):
        outcome: Outcome = "cannot tell"
    elif at_least <= low and high <= at_most:
        outcome = "holds"
    elif high < at_least or low > at_most:
        outcome = "does not hold"
    else:
        outcome = "cannot tell"
    rule = f"in [{at_least:g}, {at_most:g}]"
    if math.isinf(at_most):
        rule = f"at least {at_least:g}"
    elif math.isinf(at_least):
        rule = f"at most {at_most:g}"
    return Judged(claim, measured, float(value), float(low), float(high), rule, outcome)


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """A claim's verdict from those of its parts: it holds where all do, and does not where one does not."""
    found = set(outcomes)
    return "does not hold" if "does not hold" in found else "holds" if found == {"holds"} else "cannot tell"


def share(
    claim: str, measured: str, hits: np.ndarray, *, at_least: float = -math.inf, at_most: float = math.inf
) -> Judged:
    """Judges a claim about a share by the Wilson interval of hits, bool [n]; of none it can't be told."""
    value, low, high = wilson(hits)
    return judge(claim, measured, value, (low, high), at_least=at_least, at_most=at_most)


def wilson(hits: np.ndarray) -> tuple[float, float, float]:
    """Share of hits, bool [n], with the ends of Wilson's interval; NaN where n = 0."""
    if not hits.size:
        return math.nan, math.nan, math.nan
    found = proportion.wilson(hits.sum(), hits.size)
    return float(hits.mean()), found.low or 0.0, found.high or 0.0


def difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, tuple[float, float]]:
    """Difference of two estimates (value, low, high) with its interval: end against end, which is conservative."""
    return one[0] - other[0], (one[1] - other[2], one[2] - other[1])


def mean(
    claim: str, measured: str, values: np.ndarray, *, at_least: float = -math.inf, at_most: float = math.inf
) -> Judged:
    """Judges a claim about a mean, by Student's interval over independent runs [n]; fewer than 2 can't tell."""
    value, low, high = averaged(values)
    return judge(claim, measured, value, (low, high), at_least=at_least, at_most=at_most)


def averaged(values: np.ndarray) -> tuple[float, float, float]:
    """Mean of independent values [n] with the ends of Student's interval; NaN where there are too few."""
    values = np.asarray(values, np.float64)
    found = student.mean_interval(values)
    low, high = (math.nan if end is None else end for end in (found.low, found.high))
    return float(values.mean()) if values.size else math.nan, low, high


def setting(default: Any, about: str, *, least: float | None = None, choices: Sequence[str] = ()) -> Any:
    """A field of an experiment's settings: its default, its line in --help, and the least that a number may be.

    By default that is 1, or any share above 0, and for a seed 0. choices: what a word may be, anything if empty.
    """
    return dataclasses.field(default=default, metadata={"about": about, "least": least, "choices": tuple(choices)})
