"""The core types that every part of gan_probe shares."""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

__all__ = [
    "Decoder",
    "Embedded",
    "Embedding",
    "Estimate",
    "Interval",
    "Rows",
    "Samples",
    "Source",
    "UserError",
    "hint",
    "remedy",
]

Kind = Literal["exact", "approximate", "conservative"]


class UserError(Exception):
    """Something that the user can mend: one line that names the input and the remedy (exit status 2)."""


def hint(word: str, known: Iterable[str]) -> str:
    """ " (did you mean x?)" with the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def remedy(shape: Sequence[int], other: Sequence[int], otherwise: str) -> str:
    """What to do about images of shape [h, w, c] beside others: about their channels where nothing else differs."""
    only_channels = len(shape) == len(other) == 3 and tuple(shape[:2]) == tuple(other[:2])
    return "convert one to the channels of the other" if only_channels else otherwise


class Interval(NamedTuple):
    """A 95 % interval. `low`/`high` may be None where an end is open."""

    low: float | None
    high: float | None
    stderr: float | None
    method: str
    kind: Kind


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval: what every metric returns.

    Attributes:
      value: the estimate, None where the data only bound it.
      interval: 95 % interval with its method and kind.
      estimand: what the interval covers: at_n | limit | given_train | given_threshold.
      unit: unit of the value, "" for a pure number.
      better: lower | higher | target.
      convention: the named switches in force, e.g. "k=5, ties <".
      detail: everything else, JSON-ready; `calibrated` holds the switches whose values were taken from the data.
    """

    value: float | None
    interval: Interval
    n_real: int
    n_fake: int
    estimand: str
    unit: str
    better: Literal["lower", "higher", "target"]
    convention: str
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@runtime_checkable
class Source(Protocol):
    """What tfds.data_source, grain and a list already satisfy."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class Rows(Protocol):
    """A lazy row store: decoded on demand, by batches.

    `shape` is the shape of one row ((h, w, c) or (d,)), `dtype` that of the decoded rows.
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    def __len__(self) -> int: ...

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Decoded rows [len(indices), *shape]; raises UserError for an undecodable one."""
        ...


class Decoder(NamedTuple):
    """What makes rows: latents [b, latent] of z ~ N(0, I) to rows [b, ...], images in 0..1.

    levels: grey levels of the images that its rows become, 0 where they are features.
    """

    latent: int
    mean: Callable[[Any], Any]
    levels: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Samples:
    """A set of images (uint8 [n, h, w, c]) or features (float32 [n, d]) with what is known of its rows.

    Attributes:
      source: the SRC string, or a short description for arrays.
      rows: the lazy row store.
      kind: images | features.
      labels: int32 [n] class of each row, or None.
      classes: name of each class, indexed by label; None without labels.
      names: name of each row (file names reach the report); None when rows have none.
      logits: float32 [n, c] classifier logits given with the set, or None.
      decoder: what made the rows, where they were generated and it is known.
      notes: conversions that were applied, for the report (e.g. "12 RGB images converted to L").
    """

    source: str
    rows: Rows
    kind: Literal["images", "features"]
    labels: np.ndarray | None = None
    classes: tuple[str, ...] | None = None
    names: Sequence[str] | None = None
    logits: np.ndarray | None = None
    decoder: Decoder | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)


class Embedding(NamedTuple):
    """Which map took rows to features."""

    name: str
    parameters: Mapping[str, Any]
    sha256: str | None


class Embedded(NamedTuple):
    """A set after embedding.

    features: float32 [n, d]; a np.memmap when the set exceeds the memory budget.
    hashes:   uint64 [n] content hash of each decoded row (equal rows, equal hashes).
    sha256:   of dtype, shape and decoded rows in order.
    """

    features: np.ndarray
    hashes: np.ndarray
    sha256: str
