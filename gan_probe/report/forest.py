"""Inline interval plots: where a value and its interval stand on the common axis of a metric, in per cent."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Axis", "Mark", "axis", "mark"]


class Axis(NamedTuple):
    """The range that all rows of a metric share; `log` where positive estimates span more than a factor 30."""

    low: float
    high: float
    log: bool


class Mark(NamedTuple):
    """Places in per cent of the axis: the interval from `left` over `width`, the value at `dot`; open ends flagged."""

    left: float
    width: float
    dot: float | None
    open_low: bool
    open_high: bool


def axis(rows: Iterable[Sequence[float | None]]) -> Axis | None:
    """The axis that holds every (value, low, high) of `rows`; None without a single number."""
    rows = [tuple(row) for row in rows]
    known = [x for row in rows for x in row if x is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    anchors = [next(x for x in row if x is not None) for row in rows if any(x is not None for x in row)]
    log = low > 0 and max(anchors) / min(anchors) > 30
    bounded = [(lo, hi) for _, lo, hi in rows if lo is not None or hi is not None]
    if any(lo is None for lo, _ in bounded):  # room in which an open end is seen to go on
        low = low * (low / high) ** 0.25 if log else low - 0.25 * (high - low)
    if any(hi is None for _, hi in bounded):
        high = high * (high / low) ** 0.25 if log else high + 0.25 * (high - low)
    return Axis(low, high, log)


def mark(on: Axis | None, value: float | None, low: float | None, high: float | None) -> Mark | None:
    """Where one row stands on the axis `on`; an open end reaches the edge."""
    if on is None or (value is None and low is None and high is None):
        return None
    dot = None if value is None else _place(on, value)
    if low is None and high is None:  # a number without an interval: the dot alone
        return Mark(dot or 0.0, 0.0, dot, False, False)
    left = 0.0 if low is None else _place(on, low)
    right = 100.0 if high is None else _place(on, high)
    return Mark(left, round(right - left, 2), dot, low is None, high is None)


def _place(on: Axis, x: float) -> float:
    if on.high == on.low:
        return 50.0
    share = math.log(x / on.low) / math.log(on.high / on.low) if on.log else (x - on.low) / (on.high - on.low)
    return round(2 + 96 * share, 2)  # a margin, so that end caps are seen
