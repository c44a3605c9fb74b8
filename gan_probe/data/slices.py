"""The suffix `[a:b]` of any SRC: rows a to b-1, as in Python; negative ends count from the last row."""

import dataclasses
import re

import numpy as np

from gan_probe import types
from gan_probe.data import rows

__all__ = ["choose", "cut", "split"]

_SUFFIX = re.compile(r"^(?P<src>.*)\[(?P<span>[^\[\]]*)\]$", re.DOTALL)
_SPAN = re.compile(r"^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*$")

Span = tuple[int | None, int | None]


def split(src: str) -> tuple[str, Span | None]:
    """SRC without its slice, and the slice; UserError for a bracket that is not `[a:b]`."""
    suffix = _SUFFIX.match(src)
    if suffix is None:
        return src, None
    span = _SPAN.match(suffix["span"])
    if span is None:
        raise types.UserError(f"{src}: the slice must be [a:b] with whole numbers, such as [0:1000]")
    start, stop = (None if end is None else int(end) for end in span.groups())
    return suffix["src"], (start, stop)


def cut(samples: types.Samples, span: Span, *, source: str) -> types.Samples:
    """The rows of `span` with their labels, names and logits; classes stay those of the whole set.

    Raises:
      types.UserError: where the slice is empty or reaches beyond the set (never shortened in silence).
    """
    n = len(samples)
    ends = [end for end in span if end is not None]
    start, stop, _ = slice(*span).indices(n)
    if any(not -n <= end <= n for end in ends):
        raise types.UserError(f"{source}: the slice reaches beyond the {n} rows of this source")
    if start >= stop:
        raise types.UserError(f"{source}: the slice holds no row; the source has {n}")
    at = slice(start, stop)
    names = None if samples.names is None else samples.names[at]
    return dataclasses.replace(_chosen(samples, at, source), source=source, names=names)


def choose(samples: types.Samples, at: np.ndarray) -> types.Samples:
    """The rows int64 [m] of a set with their labels and logits, without names."""
    return dataclasses.replace(_chosen(samples, at, samples.source), names=None)


def _chosen(samples: types.Samples, at: slice | np.ndarray, source: str) -> types.Samples:
    return dataclasses.replace(
        samples,
        rows=rows.part(samples.rows, at, source=source),
        labels=None if samples.labels is None else samples.labels[at],
        logits=None if samples.logits is None else samples.logits[at],
    )
