"""Which metrics an evaluation computes, each made with the switches that it knows, checked before anything is read."""

import inspect
import math
import numbers
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gan_probe import metrics, types
from gan_probe.metrics import metric

__all__ = ["Selection", "select", "switches"]


class Selection(NamedTuple):
    """metrics: by name, in the order asked for. named: those asked for by name, which must not be skipped."""

    metrics: dict[str, metric.Metric]
    named: frozenset[str]


_ELSEWHERE = {"fid": "frechet", "fd": "frechet", "is": "inception", "authpct": "memorization", "c_t": "memorization"}


def select(names: str | Iterable[str], given: Mapping[str, Any]) -> Selection:
    """The metrics of a list of names, or of one text with commas; `all` stands for every one.

    Args:
      names: what was asked for.
      given: switches by name.

    Raises:
      UserError: an unknown metric or switch, with the nearest name, or a switch of the wrong kind.
    """
    table = metrics.METRICS
    words = (str(n).strip() for n in (names.split(",") if isinstance(names, str) else names))
    wanted = [word for word in words if word]
    if not wanted:
        raise types.UserError("--metrics names none: give all, or names with commas; see gan-probe list metrics")
    for name in wanted:
        if name != "all" and name not in table:
            word = name.lower()
            near = types.hint(_ELSEWHERE.get(word, word), ["all", *table])
            raise types.UserError(f"--metrics={name}: unknown metric{near}; see gan-probe list metrics")
    known = switches()
    for name in given:
        if name not in known:
            near = types.hint(name, known)
            raise types.UserError(f"{name}: no metric has this switch{near}; see gan-probe evaluate --help")
    values = {name: _of_kind(name, value, known[name].default) for name, value in given.items()}
    chosen = dict.fromkeys(n for name in wanted for n in (table if name == "all" else [name]))
    made = {n: table[n](**{s: v for s, v in values.items() if n in known[s].metrics}) for n in chosen}
    for name, value in values.items():
        if not chosen.keys() & known[name].metrics:
            _sensible(name, value, known[name].metrics)
    return Selection(made, frozenset(wanted) - {"all"})


def _sensible(name: str, value: Any, owners: Iterable[str]) -> None:
    """UserError where none of the metrics that have the switch takes its value."""
    errors = []
    for owner in owners:
        try:
            metrics.METRICS[owner](**{name: value})
            return
        except types.UserError as error:
            errors.append(error)
    raise errors[0]


class Switch(NamedTuple):
    """default: its value where none is given. metrics: who has it. about: what the docstring says."""

    default: Any
    metrics: tuple[str, ...]
    about: str


def switches() -> dict[str, Switch]:
    """Every keyword of the metrics' factories."""
    out: dict[str, Switch] = {}
    for name, make in metrics.METRICS.items():
        for switch, parameter in inspect.signature(make).parameters.items():
            held = out.get(switch) or Switch(parameter.default, (), _about(make, switch))
            out[switch] = held._replace(metrics=(*held.metrics, name))
    return out


def _about(make: Any, switch: str) -> str:
    """The lines on a switch in the Args of a factory's docstring, as one."""
    found = re.search(rf"^  {switch}: (.*(?:\n    .*)*)", inspect.getdoc(make) or "", re.MULTILINE)
    return " ".join(found[1].split()).removesuffix(".") if found else ""


def _of_kind(name: str, value: Any, default: Any) -> Any:
    """The value as its default's kind of thing; its range is the metric's to judge."""
    if name == "bandwidth":  # a text, a number or several: the metric reads them all
        return tuple(value) if isinstance(value, list | tuple) else value
    if name == "scale":
        if isinstance(value, list | tuple):
            return tuple(_of_kind(name, part, default) for part in value)
        if isinstance(value, str):
            return value
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise types.UserError(f"--{name}={value}: must be a word")
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if isinstance(default, int):
        if number and isinstance(value, numbers.Integral):
            return int(value)
        raise types.UserError(f"--{name}={value}: must be a whole number")
    if number and (math.isfinite(value) or (name == "q" and value > 0)):
        return float(value)
    raise types.UserError(f"--{name}={value}: must be a finite number")
