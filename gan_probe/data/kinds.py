"""What a kind of source is, and the options that every kind receives."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gan_probe import types
from gan_probe.data import geometry

__all__ = ["Kind", "Options", "number", "query"]


class Options(NamedTuple):
    """How a set is to be read: geometry of images, attributes that become labels, seed of embedded draws."""

    geometry: geometry.Geometry
    label: str | None
    seed: int


class Kind(NamedTuple):
    """One line of SOURCES.

    `accepts(src)` says whether this kind reads `src`; `load(src, options)` reads it. Both see SRC without its slice.
    """

    accepts: Callable[[str], bool]
    load: Callable[[str, Options], types.Samples]
    description: str
    example: str

    def __call__(self, src: str, options: Options) -> types.Samples:
        return self.load(src, options)


def query(src: str, defaults: Mapping[str, int | float]) -> tuple[str, dict[str, int | float]]:
    """Splits `name?key=value&key=value`; a value has the type of its default, `1e6` is an integer too.

    Raises:
      types.UserError: for an unknown key or a value that is no number.
    """
    name, _, text = src.partition("?")
    values = dict(defaults)
    for part in filter(None, text.split("&")):
        key, equals, value = part.partition("=")
        if key not in defaults or not equals:
            raise types.UserError(
                f"{src}: unknown option {part!r}{types.hint(key, defaults)}; use {', '.join(defaults)}"
            )
        values[key] = number(value, integer=isinstance(defaults[key], int), where=f"{src}: {key}")
    return name, values


def number(text: str, *, integer: bool, where: str) -> int | float:
    """The number that `text` writes; UserError where it is none, not finite or, for integers, not whole."""
    try:
        value = float(text)
        if not integer and abs(value) < float("inf"):
            return value
        if integer and value == int(value):
            return int(text) if text.strip("+-").isdigit() else int(value)
    except (ValueError, OverflowError):
        pass
    raise types.UserError(f"{where} must be {'a whole' if integer else 'a finite'} number, not {text!r}")
