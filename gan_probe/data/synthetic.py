"""Laws of known truth, drawn row by row: `synthetic:LAW?key=value&...`, features float32 [n, d].

Row i of a law is a function of (seed, i) alone, so that nothing is stored and a longer set begins with the shorter one.
Two sets of one law need different seeds to be independent draws.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.data import counter, geometry, kinds

__all__ = ["LAWS", "Law", "accepts", "load"]

Values = Mapping[str, int | float]

_PREFIX = "synthetic:"
# Streams of a seed, one a use.
_CENTRE, _NOISE, _ATOM = range(3)


class Law(NamedTuple):
    """A law with the values that it has unless told otherwise.

    `draw(values, index)` gives rows float64 [b, d]; `modes(values, index)` the mode of each row, None without modes.
    """

    description: str
    defaults: Values
    draw: Callable[[Values, np.ndarray], np.ndarray]
    modes: Callable[[Values, np.ndarray], np.ndarray] | None = None


def accepts(src: str) -> bool:
    return src.startswith(_PREFIX)


def load(src: str, options: kinds.Options) -> types.Samples:
    """Draws nothing but the modes of mixtures, which are their labels.

    Raises:
      types.UserError: for an unknown law or option, or a value out of range.
    """
    name = src.removeprefix(_PREFIX).partition("?")[0]
    if name not in LAWS:
        raise types.UserError(f"{src}: unknown law {name}{types.hint(name, LAWS)}; choose {', '.join(LAWS)}")
    law = LAWS[name]
    _, values = kinds.query(src, {**law.defaults, "seed": options.seed})
    for option in ("n", "d", "k", "modes"):
        most = law.defaults["modes"] if option == "modes" and option in values else 2**53
        if option in values and not 1 <= values[option] <= most:
            raise types.UserError(f"{src}: {option} must be from 1 to {most}")
    for option in ("seed", "law", "sigma", "scale"):
        if values.get(option, 0) < 0:
            raise types.UserError(f"{src}: {option} must not be negative")
    labels, classes = None, None
    if law.modes is not None:
        labels = law.modes(values, np.arange(int(values["n"]))).astype(np.int32)
        classes = tuple(f"mode {mode}" for mode in range(int(law.defaults["modes"])))
    rows = _Rows(law, values)
    samples = types.Samples(source=src, rows=rows, kind="features", labels=labels, classes=classes)
    return geometry.apply(samples, options.geometry)


class _Rows:
    def __init__(self, law: Law, values: Values):
        self._law, self._values = law, values
        self.shape: tuple[int, ...] = law.draw(values, np.arange(1)).shape[1:]
        self.dtype = np.dtype(np.float32)

    def __len__(self) -> int:
        return int(self._values["n"])

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self._law.draw(self._values, np.asarray(indices, np.int64)).astype(np.float32)


def _gaussian(values: Values, index: np.ndarray) -> np.ndarray:
    noise = counter.normals(counter.key(int(values["seed"]), _NOISE), index, int(values["d"]))
    return values["mean"] + values["scale"] * noise


def _atoms(values: Values, index: np.ndarray) -> np.ndarray:
    """Only the atoms that are drawn are ever computed; `law` chooses the atoms, `seed` the draws."""
    seed, dim = int(values["seed"]), int(values["d"])
    atom = counter.integers(counter.key(seed, _CENTRE), index, int(values["k"]))
    centre = counter.normals(counter.key(int(values["law"]), _ATOM), atom, dim)
    return centre + values["sigma"] * counter.normals(counter.key(seed, _NOISE), index, dim)


def _modes(values: Values, index: np.ndarray) -> np.ndarray:
    return counter.integers(counter.key(int(values["seed"]), _CENTRE), index, int(values["modes"]))


def _ring(values: Values, index: np.ndarray) -> np.ndarray:
    angle = 2.0 * np.pi * _modes(values, index) / 8
    return _around(2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1), values, index)


def _grid(values: Values, index: np.ndarray) -> np.ndarray:
    row, column = np.divmod(_modes(values, index), 5)
    return _around(2.0 * np.stack([row - 2.0, column - 2.0], axis=1), values, index)


def _pair(values: Values, index: np.ndarray) -> np.ndarray:
    side = 0.5 - _modes(values, index)
    return _around(np.stack([side, side], axis=1), values, index)


def _roll(values: Values, index: np.ndarray) -> np.ndarray:
    """scikit-learn's make_swiss_roll without its height."""
    share = counter.integers(counter.key(int(values["seed"]), _CENTRE), index, 2**53) * 2.0**-53
    angle = 1.5 * np.pi * (1 + 2 * share)
    return _around(angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), values, index)


def _around(centres: np.ndarray, values: Values, index: np.ndarray) -> np.ndarray:
    return centres + values["sigma"] * counter.normals(counter.key(int(values["seed"]), _NOISE), index, 2)


LAWS: Mapping[str, Law] = {
    "gaussian": Law("normal, every coordinate alike", {"n": 10_000, "d": 2, "mean": 0.0, "scale": 1.0}, _gaussian),
    "atoms": Law(
        "k equally likely atoms (themselves standard normal, chosen by law), each draw with noise sigma",
        {"n": 10_000, "d": 16, "k": 1_000, "sigma": 1e-4, "law": 0},
        _atoms,
    ),
    "pair": Law(
        "two modes, at (.5, .5) and (-.5, -.5) (Swiniarski, paper 001); the first `modes` of them are drawn",
        {"n": 10_000, "modes": 2, "sigma": 0.1},
        _pair,
        _modes,
    ),
    "ring8": Law(
        "eight modes on a circle of radius 2 (Metz et al., 2017); the first `modes` of them are drawn",
        {"n": 10_000, "modes": 8, "sigma": 0.02},
        _ring,
        _modes,
    ),
    "grid25": Law(
        "25 modes on a grid of spacing 2 (Lin et al., 2018); the first `modes` of them are drawn",
        {"n": 10_000, "modes": 25, "sigma": 0.05},
        _grid,
        _modes,
    ),
    "swissroll": Law("a spiral in the plane with noise (Gulrajani et al., 2017)", {"n": 10_000, "sigma": 0.25}, _roll),
}
