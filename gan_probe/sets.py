"""From what a user hands over (a SRC string, an array, a Source, a generator) to Samples."""

import contextlib
import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from gan_probe import data, generated, types
from gan_probe.data import colour

__all__ = [
    "SOURCES",
    "Sampler",
    "classes_seen",
    "fake",
    "fakes",
    "labels_by_name",
    "named_fakes",
    "opened",
    "rows_of_real",
]

Sampler = Callable[[jax.Array, int], Any]

# Every kind of SRC: what lies somewhere, and what a trained GAN draws.
SOURCES: Mapping[str, data.Kind] = {
    "run": data.Kind(generated.accepts, generated.load, "samples of a trained GAN", "run:DIR@1000?n=50000&seed=0"),
    **data.SOURCES,
}
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
    if isinstance(given, str | os.PathLike):
        src = os.fspath(given)
        # Rows of a law depend on (seed, row): sets of one law need seeds of their own.
        own = zlib.crc32(name.encode("utf-8", "surrogateescape")) if src.startswith("synthetic:") else 0
        return data.load(src, seed=seed + own, sources=SOURCES, **options)
    if _samples(given):
        raise types.UserError(f"{name} is a function: only fake may be one, (key, n) -> images")
    return data.from_array(given, name=name, resize=options.get("resize"), crop=options.get("crop"))


def named_fakes(given: Any) -> Mapping[str, Any]:
    """One fake, or a mapping name -> fake, by name; `run:DIR@all` is every checkpoint of a run, as NAME@STEP.

    Raises:
      UserError: none at all, or a name that is taken.
    """
    named = given if isinstance(given, Mapping) else {"fake": given}
    if not named:
        raise types.UserError("no fake is given")
    for name in named:
        if not isinstance(name, str) or not name or name in ("real", "train"):
            raise types.UserError(f"{name!r} is no name for a fake: give another")
    return generated.expanded(named)


def fakes(given: Any, *, n: int | None, like: types.Samples, seed: int, **options: Any) -> dict[str, types.Samples]:
    """Every fake of `named_fakes`, opened by `fake`; functions give n samples, as many as `like` by default."""
    n = len(like) if n is None else n
    return {
        name: fake(one, name=name, n=n, like=like, seed=seed, **options) for name, one in named_fakes(given).items()
    }


def fake(given: Any, *, name: str, n: int, like: types.Samples, seed: int, **options: Any) -> types.Samples:
    """Samples of a fake.

    Generated images that have the final size already stay as they are, whatever crop and resize do to real ones;
    greyscale or colour follows the real set; and they need no attribute file for `label`: an annotator labels them.

    Args:
      given: as for `opened`, or a function `(key, n) -> images or features`.
      name: of the fake.
      n: samples to draw from a function.
      like: the real set, as it is compared.
      seed: of draws.
      **options: resize, crop and label, as for data.load.
    """
    if _samples(given):
        given = _drawn(given, n=n, name=name, seed=seed)
    label = options.pop("label", None)

    def read(**options: Any) -> types.Samples:
        return colour.alike(opened(given, name=name, seed=seed, **options), like)

    if label is not None:
        with contextlib.suppress(types.UserError):
            return read(label=label, **options)
    with contextlib.suppress(types.UserError):
        plain = read()
        if plain.rows.shape == like.rows.shape:
            return plain
    return read(**options)


def _drawn(sample: Sampler, *, n: int, name: str, seed: int) -> np.ndarray:
    """n samples of a generator, drawn in batches of at most 512."""
    if not isinstance(n, int) or n < 1:
        raise types.UserError(f"n_fake={n}: must be a whole number, at least 1")
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(name.encode("utf-8", "surrogateescape")))
    batches: list[np.ndarray] = []
    for i, start in enumerate(range(0, n, _BATCH)):
        size = min(_BATCH, n - start)
        batch = np.asarray(sample(jax.random.fold_in(key, i), size))
        if batch.ndim < 2 or len(batch) != size:
            raise types.UserError(f"{name}: asked for {size} samples, the function gave an array {list(batch.shape)}")
        if batches and batch.shape[1:] != batches[0].shape[1:]:
            shapes = f"{list(batches[0].shape[1:])}, then {list(batch.shape[1:])}"
            raise types.UserError(f"{name}: the function gave samples of {shapes}; make them equal")
        batches.append(batch)
    return np.concatenate(batches)


def rows_of_real(hashes: np.ndarray, real: np.ndarray) -> list[str]:
    """A warning where a set, by the content hashes of its rows, holds rows of real: numbers on them say nothing."""
    held = int(np.isin(real, hashes).sum())
    return [f"warning: holds {held} of the {len(real)} rows of real"] if held else []


def classes_seen(samples: types.Samples) -> list[str]:
    """Names of the classes that have a row, in the set's order: integer labels may leave most numbers unused."""
    if samples.labels is None or samples.classes is None:
        return []
    return [samples.classes[code] for code in np.unique(samples.labels)]


def labels_by_name(samples: types.Samples, classes: tuple[str, ...]) -> np.ndarray | None:
    """int32 [n] labels of a set as indices of `classes`, None where it has none; sets number their classes apart."""
    if samples.labels is None or samples.classes is None:
        return None
    place = {name: index for index, name in enumerate(classes)}
    return np.array([place.get(c, -1) for c in samples.classes], np.int32)[samples.labels]


def _samples(given: Any) -> bool:
    """Whether it is a generator, not a Source that happens to be callable."""
    return callable(given) and not isinstance(given, types.Samples | types.Source)
