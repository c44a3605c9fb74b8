"""Settings of a system, from its preset and what the user gave: the flags of `gan-probe train`."""

import dataclasses
import difflib
import math
from collections.abc import Mapping
from typing import Any

from gan_probe import types
from gan_probe.gans import gan

__all__ = ["PRESETS", "given_as_flags", "make", "named", "widths"]

PRESETS = ("smoke", "cpu", "paper")
_WIDEST = 100_000


def named(settings: Any) -> dict[str, dataclasses.Field]:
    """Fields by name of a settings dataclass and of its heuristics, each with the default it has there."""
    out: dict[str, dataclasses.Field] = {}
    for field in dataclasses.fields(settings):
        if dataclasses.is_dataclass(field.default):
            out |= {
                inner.name: _with_default(inner, getattr(field.default, inner.name))
                for inner in dataclasses.fields(field.default)
            }
        else:
            out[field.name] = field
    return out


def make(name: str, system: gan.System, preset: str, given: Mapping[str, Any]) -> Any:
    """The system's settings: its defaults, changed by the preset, changed by what was given.

    Raises:
      UserError: an unknown preset or setting, or a value of the wrong kind or out of range.
    """
    if preset not in PRESETS:
        raise types.UserError(f"--preset={preset}: unknown{types.hint(preset, PRESETS)}; one of {', '.join(PRESETS)}")
    known = named(system.settings)
    values = {**system.presets.get(preset, {}), **given}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" (did you mean --{near[0]}?)" if near else ""
            raise types.UserError(f"--{key}: {name} has no such setting{hint}; see gan-probe list gans")
        _check(key, value, known[key])
    plain, groups = {}, {}
    for field in dataclasses.fields(system.settings):
        default: Any = field.default
        if dataclasses.is_dataclass(type(default)):
            inner = {f.name: values[f.name] for f in dataclasses.fields(default) if f.name in values}
            groups[field.name] = dataclasses.replace(default, **inner)
        elif field.name in values:
            plain[field.name] = values[field.name]
    return system.settings(**plain, **groups)


def given_as_flags(settings: Any) -> dict[str, Any]:
    """Every value by the name of its flag; `make` with these gives the settings back."""
    out: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        out |= dataclasses.asdict(value) if dataclasses.is_dataclass(type(value)) else {field.name: value}
    return out


def widths(text: str, name: str, *, least: int = 1) -> tuple[int, ...]:
    """Units of hidden layers, given with commas as the setting `name`.

    Raises:
      UserError: something else than whole numbers of at least `least`.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and least <= int(part) <= _WIDEST for part in parts):
        raise types.UserError(f"--{name}={text}: give whole numbers up to {_WIDEST:,} with commas, such as 64,256")
    return tuple(int(part) for part in parts)


def _with_default(field: dataclasses.Field, default: Any) -> dataclasses.Field:
    """The same field, with the default that the system gives it."""
    made = dataclasses.field(default=default, metadata=field.metadata)
    made.name = field.name
    return made


def _check(name: str, value: Any, field: dataclasses.Field) -> None:
    kind, about = type(field.default), field.metadata
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
        raise types.UserError(f"--{name}={value}: must be {kinds[kind]}")
    if about["choices"] and value not in about["choices"]:
        near = types.hint(str(value), about["choices"])
        raise types.UserError(f"--{name}={value}: unknown{near}; one of {', '.join(about['choices'])}")
    if kind in (int, float) and not about["least"] <= value <= about["most"]:
        upper = "" if math.isinf(about["most"]) else f" and at most {about['most']:g}"
        raise types.UserError(f"--{name}={value}: must be at least {about['least']:g}{upper}")
