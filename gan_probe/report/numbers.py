"""Numbers as text: as many digits as the interval warrants, the same in the page, the summary and the picture."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Texts", "deciding", "estimate", "interval", "kind", "method", "number", "texts", "with_interval"]

_PLACES = 8  # decimals kept at most: beyond, scientific notation is shorter
_NOTHING = 1e-6  # what is smaller beside the width of an interval is 0
_LONGEST = 10  # characters of a number beside its interval: an interval then fits its column


class Texts(NamedTuple):
    """A value and the two ends of its interval as text; "-" for a missing value, "open" for an open end."""

    value: str
    low: str
    high: str


def number(value: float | None, *, digits: int = 3) -> str:
    """`value` with so many significant digits; "-" for None."""
    if value is None:
        return "-"
    return _fixed(value, _decimals(abs(value), digits))


def texts(value: float | None, low: float | None, high: float | None) -> Texts:
    """The three numbers with decimals that give the interval's width two significant digits."""
    three = (value, low, high)
    known = [x for x in three if x is not None]
    width = high - low if low is not None and high is not None else 0.0
    if width <= 0 or _multiplicative(value, low, high):
        shown = [number(x) for x in known]
    else:
        shown = _beside([x if abs(x) > _NOTHING * width else 0.0 for x in known], width)
    texts_left = iter(shown)
    return Texts(*(m if x is None else next(texts_left) for x, m in zip(three, ("-", "open", "open"), strict=True)))


def _beside(known: Sequence[float], width: float) -> list[str]:
    """Numbers with decimals that give a width above 0 two significant digits."""
    if max(map(abs, known)) < 1e-3:
        return [_scientific(x, min(5, 2 + _exponent(x) - _exponent(width))) if x else "0" for x in known]
    before = max(len(_fixed(x, 0)) for x in known)  # digits before the point, commas and sign
    return [_fixed(x, min(_decimals(width, 2), max(0, _LONGEST - 1 - before))) for x in known]


def interval(result: Mapping[str, Any]) -> str:
    """`[low, high]` of a result of results.json."""
    shown = texts(result["value"], *result["ci95"])
    return f"[{shown.low}, {shown.high}]"


def with_interval(value: float | None, ci95: Sequence[float | None] | None) -> str:
    """`value [low, high]`; `at least low` or `at most high` where the data only bound the value."""
    low, high = ci95 or (None, None)
    shown = texts(value, low, high)
    if low is None and high is None:
        return shown.value
    if value is None and high is None:
        return f"at least {shown.low}"
    if value is None and low is None:
        return f"at most {shown.high}"
    return f"{shown.value} [{shown.low}, {shown.high}]"


def estimate(result: Mapping[str, Any]) -> str:
    """`with_interval` of a result of results.json."""
    return with_interval(result["value"], result["ci95"])


def deciding(verdict: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """The metric and number that decided a verdict, "" where that metric has no result."""
    result = metrics.get(verdict["metric"])
    return "" if result is None else f"{verdict['metric']} {estimate(result)}"


def kind(result: Mapping[str, Any]) -> str:
    """exact | approximate | conservative."""
    return result["interval"].rpartition("; ")[2]


def method(result: Mapping[str, Any]) -> str:
    """The interval's method, without its kind."""
    return result["interval"].rpartition("; ")[0]


def _multiplicative(value: float | None, low: float | None, high: float | None) -> bool:
    """Whether an interval spans magnitudes around its value: then each number gets its own digits."""
    if low is None or high is None or low <= 0 or high / low <= 20:
        return False
    return value is None or (value > 0 and 0.2 < low * high / value**2 < 5)


def _exponent(x: float) -> int:
    return math.floor(math.log10(abs(x)))


def _decimals(size: float, digits: int) -> int:
    if size == 0 or not math.isfinite(size):
        return 0
    return min(_PLACES, max(0, digits - 1 - _exponent(size)))


def _fixed(value: float, places: int) -> str:
    if abs(value) >= 1e6 or 0 < abs(value) < 0.5 * 10.0**-_PLACES:
        return _scientific(value, 3)
    text = f"{value:,.{places}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def _scientific(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{max(0, digits - 1)}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"
