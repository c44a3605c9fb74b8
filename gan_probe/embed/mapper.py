"""What an embedding is to the pass that applies it, and what its factory may use."""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.embed import stream

__all__ = ["Context", "Mapper", "Mode", "check_shape", "flat_pixels", "no_argument"]


class Mapper(NamedTuple):
    """A map of decoded rows to features.

    Attributes:
      apply: rows [b, ...] to [b, dim] of `dtype`.
      dim: length of a feature vector.
      dear: worth keeping on disk, and identified by `embedding`, so that it may be.
      most: largest batch, None for any.
      notes: what a report says of it beside real, such as a warning.
      as_given: features are the rows themselves: an array of a source serves, without a copy.
    """

    embedding: types.Embedding
    apply: Callable[[np.ndarray], np.ndarray]
    dim: int
    dear: bool = False
    most: int | None = None
    notes: tuple[str, ...] = ()
    as_given: bool = False
    dtype: np.dtype = np.dtype(np.float32)


class Context:
    """The sets of one evaluation, checked to be alike, and where large or lasting things go."""

    def __init__(
        self,
        sets: dict[str, types.Samples],
        *,
        cache_dir: pathlib.Path | None,
        memory_gb: float,
        progress: stream.Progress,
    ):
        self.sets, self.cache_dir, self.memory_gb, self.progress = sets, cache_dir, memory_gb, progress
        self._contents: dict[str, stream.Content] = {}

    @property
    def first(self) -> types.Samples:
        return next(iter(self.sets.values()))

    def replace(self, name: str, samples: types.Samples) -> None:
        """Put a set under a name; what was known of an earlier one is forgotten."""
        self.sets[name] = samples
        self._contents.pop(name, None)

    def content(self, name: str) -> stream.Content:
        """Hashes of a set; reads it at most once."""
        if name not in self._contents:
            title = f"{name}: reading"
            self._contents[name] = stream.scan(self.sets[name], title=title, progress=self.progress)
        return self._contents[name]


class Mode(NamedTuple):
    """One line of EMBEDDINGS: `make(argument, context)` with what follows the colon of the spec, None without one."""

    make: Callable[[str | None, Context], Mapper]
    description: str
    example: str


def flat_pixels(rows: np.ndarray) -> np.ndarray:
    """Images uint8 [b, h, w, c] to float32 [b, h w c] in [0, 1]; features pass."""
    flat = rows.reshape(len(rows), -1)
    return flat if flat.dtype == np.float32 else flat.astype(np.float32) / np.float32(255)


def check_shape(spec: str, samples: types.Samples, shape: tuple[int, ...]) -> None:
    """UserError where a network that takes images of this shape was given others."""
    if samples.kind != "images" or tuple(samples.rows.shape) != shape:
        raise types.UserError(
            f"--embed={spec} takes images {list(shape)}, {samples.source} holds {samples.kind} "
            f"{list(samples.rows.shape)}; " + types.remedy(samples.rows.shape, shape, "give --resize=N or another run")
        )


def no_argument(name: str, argument: str | None) -> None:
    """UserError where an embedding that takes no argument was given one."""
    if argument is not None:
        raise types.UserError(f"--embed={name}:{argument}: {name} takes no argument; write --embed={name}")
