"""From what a user hands over (a SRC string, an array, a Source, a generator) to Samples."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gan_probe import data, types

__all__ = ["drawn", "opened"]

_BATCH = 512


def opened(given: Any, *, name: str, seed: int, **options: Any) -> types.Samples:
    """Samples of a SRC string, Samples, or an array or Source of images or features.

    Args:
      given: what the user passed.
      name: what errors and the report call it where it has no name of its own.
      seed: of embedded and synthetic draws.
      **options: resize, crop and label, as for data.load.
    """
    if isinstance(given, types.Samples):
        return given
    if isinstance(given, str):
        return data.load(given, seed=seed, **options)
    if callable(given):
        raise types.UserError(f"{name} is a function: only fake may be one, (key, n) -> images")
    return data.from_array(given, name=name, resize=options.get("resize"), crop=options.get("crop"))


def drawn(sample: Callable[[jax.Array, int], Any], *, n: int, name: str, seed: int, **options: Any) -> types.Samples:
    """n samples of a generator `(key, n) -> images or features`, drawn in batches of at most 512."""
    key = jax.random.key(seed)
    batches = []
    for i, start in enumerate(range(0, n, _BATCH)):
        size = min(_BATCH, n - start)
        batch = np.asarray(sample(jax.random.fold_in(key, i), size))
        if batch.ndim < 2 or len(batch) != size:
            raise types.UserError(f"{name}: asked for {size} samples, the function gave an array {list(batch.shape)}")
        batches.append(batch)
    return opened(np.concatenate(batches), name=name, seed=seed, **options)
