"""The sets of a run, opened and checked: rows, classes that all share, content, and who labelled the samples."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_probe import annotators, generated, sets, types
from gan_probe import embed as embed_lib
from gan_probe.classifiers import linear, runs, training
from gan_probe.data import colour, slices
from gan_probe.embed import pixels

__all__ = ["Task", "prepare"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """What every learner is given.

    samples, embedded: by "train", "real" or name of a fake; for networks features are the images' bytes.
    labels: int64 [n] of each, by `classes`. labelled_by: of each fake. notes: of each set, for `inputs`.
    """

    samples: Mapping[str, types.Samples]
    embedded: Mapping[str, types.Embedded]
    embedding: types.Embedding
    classes: tuple[str, ...]
    labels: Mapping[str, np.ndarray]
    labelled_by: Mapping[str, str]
    notes: Mapping[str, list[str]]
    memory_gb: float
    seed: int
    progress: Any

    @property
    def fakes(self) -> list[str]:
        return list(self.labelled_by)

    def images(self, source: str, rows: np.ndarray) -> training.Images:
        """These rows of a source, for networks."""
        return _Chosen(self.embedded[source].features, rows, self.samples[source].rows.shape)


class _Chosen:
    """Images [n, h, w, c] among flat ones uint8 [m, h w c], copied as they are asked for."""

    def __init__(self, pixels: np.ndarray, rows: np.ndarray, shape: tuple[int, ...]):
        self._pixels, self._rows, self.shape = pixels, rows, (len(rows), *shape)

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
        return np.asarray(self._pixels[self._rows[rows]]).reshape(-1, *self.shape[1:])


def prepare(
    *,
    train: Any,
    real: Any,
    fake: Any,
    annotator: str | None,
    balance: bool,
    times: int,
    embed: Any,
    network: bool,
    seed: int,
    memory_gb: float,
    progress: Any,
    **options: Any,
) -> Task:
    """Opens, labels and checks the sets; see measure.diversity.

    Args:
      times: as large as train are the largest fits.
      network: whether images are looked at as they are.

    Raises:
      UserError: sets that do not fit together, no labels where they are needed, or fewer than two classes.
    """
    samples = {name: sets.opened(s, name=name, seed=seed, **options) for name, s in (("train", train), ("real", real))}
    samples["real"] = colour.alike(samples["real"], samples["train"])
    for name, s in samples.items():
        if s.labels is None:
            raise types.UserError(f"--{name}: {s.source} has no labels: sub-folders, `labels` in the npz, or --label")
    if network and samples["train"].kind != "images":
        raise types.UserError(f"--train: a network needs images, {samples['train'].source} holds features; use linear")
    classes = tuple(sets.classes_seen(samples["train"]))
    if len(classes) < 2:
        raise types.UserError(f"--train: {samples['train'].source} has one class, {classes[0]}; a classifier needs two")
    _known(samples["real"], classes, samples["train"])
    if balance:
        samples = {name: _balanced(s, classes, seed) for name, s in samples.items()}
    drawn = _drawn(samples["train"], most=times * len(samples["train"]), item=1 if network else 4, memory_gb=memory_gb)
    named = {name: generated.with_n(one, drawn) for name, one in sets.named_fakes(fake).items()}
    fakes = sets.fakes(named, n=drawn, like=samples["real"], seed=seed, **options)
    given = {**samples, **fakes}
    spec = pixels.as_bytes(samples["train"].rows.shape) if network else embed
    embedder = embed_lib.Embedder(given, spec, cache_dir=None, memory_gb=memory_gb, progress=progress)
    embedded = {name: embedder.embed(name, s) for name, s in given.items()}
    labels = {name: _codes(given[name], classes) for name in samples}
    labelled_by, notes = {}, _notes(embedded)
    notes["real"] += embedder.notes
    annotate = _Annotator(annotator, classes, embedded["train"], labels["train"], samples["train"], progress)
    notes["real"] += annotate.notes
    for name, s in fakes.items():
        if s.labels is not None:
            _known(s, classes, samples["train"])
            labels[name], labelled_by[name] = _codes(s, classes), "labels of the set"
        else:
            labels[name], labelled_by[name] = annotate(name, s, embedded[name]), annotate.about
            notes[name].append(
                "warning: an annotator gave its labels, and what it knows of train passes on with them: even noise is "
                "worth something then; give labelled samples where you can"
            )
    return Task(
        samples=given, embedded=embedded, embedding=embedder.embedding, classes=classes, labels=labels,
        labelled_by=labelled_by, notes=notes, memory_gb=memory_gb, seed=seed, progress=progress,
    )  # fmt: skip


class _Annotator:
    """Names classes of unlabelled samples: a trained network, or a linear model of train, fitted when first asked."""

    def __init__(
        self,
        run: str | None,
        classes: tuple[str, ...],
        train: types.Embedded,
        labels: np.ndarray,
        samples: types.Samples,
        progress: Any,
    ):
        self._classes, self._train, self._labels, self._progress = classes, train, labels, progress
        self._networks = None if run is None else annotators.loaded([run])
        self._linear: linear.Linear | None = None
        self.about = f"linear softmax on train ({len(labels)} rows)"
        self.notes: list[str] = []
        if self._networks is not None:
            model = self._networks.models[0]
            self.about = f"{model.arch} of {run}, weights sha256 {model.sha256}"
            self.notes = runs.unfinished(self._networks.runs[0], model)
            annotators.check(self._networks, annotators.seen(self._networks, samples), name="train")
            if set(self._networks.classes) != set(classes):
                raise types.UserError(
                    f"--annotator={run} knows the classes {', '.join(self._networks.classes)}, {samples.source} has "
                    f"{', '.join(classes)}; train it on the same classes"
                )

    def __call__(self, name: str, samples: types.Samples, embedded: types.Embedded) -> np.ndarray:
        if self._networks is None:
            if self._linear is None:
                self._linear = linear.fit(self._train.features, self._labels, len(self._classes))
            return np.asarray(linear.predict(self._linear, embedded.features)).astype(np.int64)
        samples = annotators.seen(self._networks, samples)
        annotators.check(self._networks, samples, name=name)
        place = np.array([self._classes.index(c) for c in self._networks.classes])
        return place[annotators.annotate(self._networks, samples, name=name, progress=self._progress).codes]


def _drawn(train: types.Samples, *, most: int, item: int, memory_gb: float) -> int:
    """Samples that a generator is asked for: `most`, or as many as half the memory holds; smaller ones come again."""
    room = int(memory_gb * 2**30 / 2 / (item * np.prod(train.rows.shape)))
    return max(len(train), min(most, room))


def _codes(samples: types.Samples, classes: tuple[str, ...]) -> np.ndarray:
    codes = sets.labels_by_name(samples, classes)
    assert codes is not None
    return codes.astype(np.int64)


def _known(samples: types.Samples, classes: tuple[str, ...], train: types.Samples) -> None:
    strange = [c for c in sets.classes_seen(samples) if c not in classes]
    if strange:
        raise types.UserError(f"{samples.source} has rows of class {strange[0]}, which {train.source} lacks")


def _balanced(samples: types.Samples, classes: tuple[str, ...], seed: int) -> types.Samples:
    """As many rows of each class as its rarest has, chosen at random, in their order."""
    codes = _codes(samples, classes)
    counts = np.bincount(codes, minlength=len(classes))
    if not counts.min():
        raise types.UserError(f"--balance: {samples.source} has no row of class {classes[int(counts.argmin())]}")
    order = np.random.default_rng([seed, 1]).permutation(len(codes))
    at = np.sort(np.concatenate([order[codes[order] == c][: counts.min()] for c in range(len(classes))]))
    note = f"balanced: {len(at)} of {len(codes)} rows"
    return dataclasses.replace(slices.choose(samples, at), notes=(*samples.notes, note))


def _notes(embedded: Mapping[str, types.Embedded]) -> dict[str, list[str]]:
    """Warnings where test rows stand in a training set: accuracy on them says nothing."""
    out: dict[str, list[str]] = {name: [] for name in embedded}
    for name, e in embedded.items():
        if name != "real":
            out[name] += sets.rows_of_real(e.hashes, embedded["real"].hashes)
    return out
