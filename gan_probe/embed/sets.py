"""Every set of an evaluation through one embedding."""

import pathlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gan_probe import types
from gan_probe.embed import (
    cache,
    classifier,
    features,
    function,
    hypercolumns,
    imagenet,
    mapper,
    pca,
    pixels,
    stream,
)

__all__ = ["EMBEDDINGS", "Embedder", "choose", "embed_sets"]

EMBEDDINGS: Mapping[str, mapper.Mode] = {
    "pixels": mapper.Mode(pixels.make, "pixels in [0, 1]; the default for images", "pixels"),
    "pca": mapper.Mode(pca.make, "the K leading principal components, fitted on train or real", "pca:64"),
    "logits": mapper.Mode(classifier.make_logits, "logits of a trained classifier", "logits:RUN"),
    "prelogits": mapper.Mode(classifier.make_prelogits, "its last layer before them", "prelogits:RUN"),
    "hypercolumns": mapper.Mode(
        hypercolumns.make, "all its layers at sampled points of the image; ?points=16&seed=0", "hypercolumns:RUN"
    ),
    "imagenet": mapper.Mode(imagenet.make, "pooled features of EfficientNet-Lite0 (extra [imagenet])", "imagenet"),
    "features": mapper.Mode(features.make, "given vectors; the default for features", "features"),
}

# Rows that a cached embedding must reproduce before it is believed.
_PROBES = 32


def embed_sets(
    sets: Mapping[str, types.Samples],
    spec: str | Callable[[np.ndarray], Any] | None,
    *,
    cache_dir: pathlib.Path | None,
    memory_gb: float,
    progress: stream.Progress = None,
) -> tuple[types.Embedding, dict[str, types.Embedded]]:
    """Features and content hashes of every set: Embedder, fitted and applied to all."""
    embedder = Embedder(sets, spec, cache_dir=cache_dir, memory_gb=memory_gb, progress=progress)
    return embedder.embedding, {name: embedder.embed(name, samples) for name, samples in sets.items()}


class Embedder:
    """One embedding, fitted once and applied to any set of the same kind and shape.

    Args:
      sets: role or name of a fake -> samples; "train" and "real" are what `pca:K` is fitted on.
      spec: a name of EMBEDDINGS with its argument, `module:function`, a callable on uint8 [b, h, w, c], a Mapper, or
        None for the default of the kind of sets.
      cache_dir: where dear embeddings are kept from run to run; None keeps none.
      memory_gb: where the features of all sets exceed half of it, they go to temporary files, mapped.
      progress: see stream.Progress.

    Raises:
      types.UserError: for sets of different kinds or shapes or of one row, an unknown embedding, or features that are
        not finite.
    """

    def __init__(
        self,
        sets: Mapping[str, types.Samples],
        spec: str | Callable[[np.ndarray], Any] | mapper.Mapper | None,
        *,
        cache_dir: pathlib.Path | None,
        memory_gb: float,
        progress: stream.Progress = None,
    ):
        _check(sets)
        self._context = mapper.Context(dict(sets), cache_dir=cache_dir, memory_gb=memory_gb, progress=progress)
        self._mapper = _mapper(spec, self._context)
        self._room = int(memory_gb * 2**30 / 2)
        self._new = sum(self._bytes(samples) for samples in sets.values())

    @property
    def embedding(self) -> types.Embedding:
        return self._mapper.embedding

    @property
    def notes(self) -> tuple[str, ...]:
        """See mapper.Mapper."""
        return self._mapper.notes

    def embed(self, name: str, samples: types.Samples) -> types.Embedded:
        """Features and hashes of a set, which may be one that the embedding has not seen."""
        if self._context.sets.get(name) is not samples:
            _check({"fitted on": self._context.first, name: samples})
            self._new += self._bytes(samples) - self._bytes(self._context.sets.get(name))
            self._context.replace(name, samples)
        return _embed(name, self._context, self._mapper, self._new > self._room)

    def _bytes(self, samples: types.Samples | None) -> int:
        if samples is None or _given(samples, self._mapper) is not None:
            return 0
        return self._mapper.dtype.itemsize * self._mapper.dim * len(samples)


def choose(embedded: types.Embedded, at: np.ndarray) -> types.Embedded:
    """The rows int64 [m] of an embedded set; mapped from disk where the set is."""
    features = embedded.features
    out = _allocate((len(at), features.shape[1]), features.dtype, None, isinstance(features, np.memmap))
    for start in range(0, len(at), 4096):
        out[start : start + 4096] = features[at[start : start + 4096]]
    return types.Embedded(out, embedded.hashes[at], embedded.sha256)


def _check(sets: Mapping[str, types.Samples]) -> None:
    if not sets:
        raise types.UserError("no set is given; give --real and --fake")
    first = next(iter(sets.values()))
    for samples in sets.values():
        if len(samples) < 2:
            raise types.UserError(f"{samples.source} holds {len(samples)} row; a set needs at least 2")
        if (samples.kind, samples.rows.shape) != (first.kind, first.rows.shape):
            remedy = "make them alike"
            if samples.kind == first.kind == "images":
                remedy = types.remedy(samples.rows.shape, first.rows.shape, "give --resize=N or --crop=N")
            raise types.UserError(
                f"{first.source} holds {first.kind} {list(first.rows.shape)}, "
                f"{samples.source} {samples.kind} {list(samples.rows.shape)}; {remedy}"
            )


def _mapper(spec: str | Callable[[np.ndarray], Any] | mapper.Mapper | None, context: mapper.Context) -> mapper.Mapper:
    if isinstance(spec, mapper.Mapper):
        return spec
    if spec is None:
        spec = "pixels" if context.first.kind == "images" else "features"
    if not isinstance(spec, str):
        return function.make(spec, None, context)
    name, colon, argument = spec.partition(":")
    if name in EMBEDDINGS:
        return EMBEDDINGS[name].make(argument if colon else None, context)
    meant = types.hint(name, EMBEDDINGS)
    if meant or not colon or not all(part.isidentifier() for part in name.split(".")):
        known = ", ".join(mode.example for mode in EMBEDDINGS.values())
        raise types.UserError(f"--embed={spec}: unknown embedding{meant}; use {known} or module:function")
    return function.make(function.resolve(spec), spec, context)


def _given(samples: types.Samples, chosen: mapper.Mapper) -> np.ndarray | None:
    """The array of the source itself where it already is what the embedding would give: no second copy."""
    array = getattr(samples.rows, "array", None)
    if not chosen.as_given or array is None or array.dtype != chosen.dtype or not array.flags.c_contiguous:
        return None
    return array.reshape(len(array), -1)


def _embed(name: str, context: mapper.Context, chosen: mapper.Mapper, spill: bool) -> types.Embedded:
    samples = context.sets[name]
    given = _given(samples, chosen)
    if given is not None:
        content = context.content(name)
        view = given.view()
        view.flags.writeable = False
        return types.Embedded(view, *content)
    if not (chosen.dear and context.cache_dir):
        return _compute(name, context, chosen, spill)
    content = context.content(name)
    key = cache.key("embedding", content.sha256, *chosen.embedding)
    stored = cache.read(context.cache_dir, key)
    if stored is not None and _reproduced(samples, chosen, stored):
        return types.Embedded(stored if spill else np.array(stored), *content)
    embedded = _compute(name, context, chosen, spill)
    cache.write(context.cache_dir, key, embedded.features)
    return embedded


def _compute(name: str, context: mapper.Context, chosen: mapper.Mapper, spill: bool) -> types.Embedded:
    samples = context.sets[name]
    out = _allocate((len(samples), chosen.dim), chosen.dtype, context.cache_dir if spill else None, spill)

    def consume(start: int, rows: np.ndarray) -> None:
        out[start : start + len(rows)] = _finite(samples, chosen, start, rows)

    title = f"{name}: {chosen.embedding.name}"
    content = stream.scan(
        samples, consume, title=title, progress=context.progress, row_bytes=out.itemsize * chosen.dim, most=chosen.most
    )
    return types.Embedded(out, *content)


def _finite(samples: types.Samples, chosen: mapper.Mapper, start: int, rows: np.ndarray) -> np.ndarray:
    batch = chosen.apply(rows)
    finite = np.isfinite(batch)
    if not finite.all():
        bad = start + int(np.argmin(finite.all(axis=1)))
        raise types.UserError(
            f"{samples.source}: row {bad} embeds to NaN or infinity under {chosen.embedding.name}; remove or repair it"
        )
    return batch


def _reproduced(samples: types.Samples, chosen: mapper.Mapper, stored: np.ndarray) -> bool:
    """Whether a few rows come out as stored: a function may have changed in ways that no key sees."""
    n = len(samples)
    if stored.shape != (n, chosen.dim) or stored.dtype != np.float32:
        return False
    probes = np.unique(np.linspace(0, n - 1, min(n, _PROBES)).astype(np.int64))
    fresh, kept = chosen.apply(samples.rows.take(probes)), stored[probes]
    return bool(np.allclose(fresh, kept, rtol=1e-3, atol=1e-3 * float(np.abs(kept).max())))


def _allocate(shape: tuple[int, int], dtype: np.dtype, folder: pathlib.Path | None, spill: bool) -> np.ndarray:
    if not spill:
        return np.empty(shape, dtype)
    where = folder or pathlib.Path(tempfile.gettempdir())
    need = dtype.itemsize * shape[0] * shape[1]
    try:
        where.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(where).free
        if need > free:
            raise types.UserError(
                f"{where} has {free >> 20} MiB free, features need {need >> 20}; raise --memory_gb or free it"
            )
        # The file has no name any more once it is mapped: nothing is left behind however the process ends.
        with tempfile.TemporaryFile(dir=where) as nameless:
            return np.memmap(nameless, dtype, "w+", shape=shape)
    except OSError as error:
        raise types.UserError(f"{where} cannot hold features ({error}); raise --memory_gb") from error
