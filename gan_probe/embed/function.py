"""A user's own embedding: `module:function`, or a callable, from uint8 images [b, h, w, c] to floats [b, d].

An attribute `sha256` of the function, where it has one, is reported as that of its weights.
"""

import hashlib
import importlib
import inspect
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gan_probe import types
from gan_probe.embed import mapper

__all__ = ["make", "resolve"]

# Networks hold every layer of a batch: their memory, not ours, bounds it.
_MOST_ROWS = 256


def resolve(spec: str) -> Callable[[np.ndarray], Any]:
    """The callable that `module:function` names.

    Raises:
      types.UserError: where there is no such module or function, or importing it fails.
    """
    module_name, _, path = spec.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # anything may happen in another's module
        reason = f"{type(error).__name__}: {error}"
        raise types.UserError(f"--embed={spec}: importing {module_name} failed ({reason})") from error
    for part in path.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise types.UserError(f"--embed={spec}: {module_name} has no function {path or '(name it after the colon)'}")
    return found


def make(function: Callable[[np.ndarray], Any], name: str | None, context: mapper.Context) -> mapper.Mapper:
    """Tries the function on two images first.

    Raises:
      types.UserError: for sets of features, and where the function fails or returns anything but floats [b, d].
    """
    samples = context.first
    title = name or f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"
    if samples.kind != "images":
        raise types.UserError(f"--embed={title}: {samples.source} holds features; a function embeds images")
    dim = _call(function, samples.rows.take([0, 1]), title).shape[1]

    def apply(rows: np.ndarray) -> np.ndarray:
        features = _call(function, rows, title)
        if features.shape[1] != dim:
            raise types.UserError(f"--embed={title} returned {features.shape[1]} numbers an image, before {dim}")
        return features.astype(np.float32)

    source = _source(name)
    parameters = {"function": title, "module_sha256": source}
    embedding = types.Embedding(title, parameters, getattr(function, "sha256", None))
    return mapper.Mapper(embedding, apply, dim, dear=source is not None, most=_MOST_ROWS)


def _call(function: Callable[[np.ndarray], Any], rows: np.ndarray, title: str) -> np.ndarray:
    shape = list(rows.shape)
    try:
        features = np.asarray(function(rows))
    except Exception as error:  # anything may happen in another's function
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise types.UserError(f"--embed={title} failed on uint8 {shape} ({reason})") from error
    if (
        features.ndim != 2
        or len(features) != len(rows)
        or not features.shape[1]
        or (features.dtype.kind != "f" and features.dtype.name != "bfloat16")
    ):
        raise types.UserError(
            f"--embed={title} returned {features.dtype} {list(features.shape)} for {shape}; return floats [b, d]"
        )
    return features


def _source(name: str | None) -> str | None:
    """sha256 of the file of `module:function`; None for what only this process knows, which is never cached."""
    if name is None:
        return None
    try:
        path = inspect.getfile(importlib.import_module(name.partition(":")[0]))
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    except (OSError, TypeError):
        return None
