"""Annotators: a linear one, trained in the run where rows brought no labels, and networks with their accuracy."""

import hashlib
import io
import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gan_probe import sets, types
from gan_probe.classifiers import linear, runs
from gan_probe.data import colour
from gan_probe.embed import stream
from gan_probe.stats import blocks, proportion

__all__ = ["ACCURACY", "Annotator", "classify", "train_annotator", "trained_rows", "validation_rows"]

ACCURACY = "accuracy.json"
_ROWS = "rows.npy"
_HELD_OUT = 10  # one content in so many validates, of many


class Annotator(NamedTuple):
    """A fitted annotator.

    classes: class names. report: JSON-ready name, accuracy and its interval. real: int32 [n] annotated classes of real,
    -1 for rows that it was trained on.
    """

    model: linear.Linear
    classes: tuple[str, ...]
    report: Mapping[str, Any]
    real: np.ndarray

    def annotate(self, features: np.ndarray) -> np.ndarray:
        """int32 [n] class of each row of features [n, d]."""
        return np.asarray(linear.predict(self.model, np.asarray(features)))


def train_annotator(
    *,
    real: np.ndarray,
    real_labels: np.ndarray | None,
    train: np.ndarray | None,
    train_labels: np.ndarray | None,
    classes: tuple[str, ...],
    block: np.ndarray,
) -> Annotator:
    """Train on `train` where it has labels, else on every other block of `real`.

    Real rows are annotated too, so that the annotator's mistakes are on both sides of a comparison.

    Args:
      real, train: float32 [n, d] features; labels: int [n], by `classes`.
      block: int32 [n] block of each real row.
    """
    if train is not None and train_labels is not None:
        fitted, labels, held, where = train, train_labels, np.ones(len(real), bool), "train"
    else:
        assert real_labels is not None
        held, where = block % 2 == 1, "half of real"
        fitted, labels = real[~held], real_labels[~held]
    model = linear.fit(np.asarray(fitted), np.asarray(labels), len(classes))
    annotated = np.full(len(real), -1, np.int32)
    annotated[held] = np.asarray(linear.predict(model, np.asarray(real[held])))
    report: dict[str, Any] = {"name": f"linear softmax on {where} ({len(fitted)} rows)", "accuracy": None}
    if real_labels is not None:
        right = int((annotated == real_labels)[held].sum())
        interval = proportion.wilson(right, int(held.sum()))
        report |= {"accuracy": right / int(held.sum()), "accuracy_ci95": [interval.low, interval.high]}
    return Annotator(model, classes, report, annotated)


def classify(
    out: pathlib.Path,
    arch: str,
    data: types.Samples,
    real: types.Samples | None = None,
    *,
    seed: int = 0,
    resume: bool = False,
    **showing: Any,
) -> tuple[runs.Classifier, dict[str, Any] | None]:
    """Train a network on labelled images (see runs.train), and measure it on held-out ones.

    Returns:
      The classifier, and where `real` is given its accuracy on those rows of it that don't stand in `data`, with its
      interval and the confusion matrix (rows: true class), also in DIR/accuracy.json.

    Raises:
      UserError: a set without labels or of features, sets of different shapes or classes, or one `real` inside `data`.
    """
    for samples in filter(None, (data, real)):
        if samples.kind != "images":
            raise types.UserError(f"{samples.source}: holds features; a classifier is trained on images")
        if samples.labels is None or samples.classes is None:
            raise types.UserError(
                f"{samples.source}: needs labelled images: sub-folders, `labels` in the npz, or --label"
            )
    assert data.labels is not None and data.classes is not None
    seen = sets.classes_seen(data)
    if len(seen) < 2:
        raise types.UserError(f"--data: {data.source} has one class, {seen[0]}; a classifier needs two")
    if real is not None:
        real = colour.alike(real, data)
        if real.rows.shape != data.rows.shape:
            shapes = f"{list(data.rows.shape)} and {list(real.rows.shape)}"
            raise types.UserError(f"{data.source} and {real.source} hold images of {shapes}; give --resize=N")
    images = np.empty((len(data), *data.rows.shape), data.rows.dtype)

    def consume(start: int, rows: np.ndarray) -> None:
        images[start : start + len(rows)] = rows

    hashes = stream.scan(data, consume, title="data: reading", progress=showing.get("progress")).hashes
    tested = truth = np.arange(0)
    if real is not None:
        known = sets.labels_by_name(real, data.classes)
        if known is None or (known < 0).any():
            lacking = ", ".join(sorted(set(sets.classes_seen(real)) - set(data.classes))[:3])
            raise types.UserError(f"{real.source} has classes that {data.source} lacks ({lacking or 'no labels'})")
        truth = known
        content = stream.scan(real, title="real: reading", progress=showing.get("progress"))
        tested = np.flatnonzero(~np.isin(content.hashes, hashes))
        if not tested.size:
            raise types.UserError(
                f"--real: {real.source} stands in {data.source}; give images that it isn't trained on"
            )
    digest = hashlib.sha256(hashes.tobytes() + np.asarray(data.labels, np.int64).tobytes()).hexdigest()
    about = {"data": data.source, "rows": len(data), "sha256_of_rows": digest}
    stored = io.BytesIO()
    np.save(stored, np.unique(hashes), allow_pickle=False)
    trained = runs.train(
        out, arch, images=images, labels=data.labels, classes=data.classes, held_out=validation_rows(hashes, seed),
        seed=seed, about=about, beside={_ROWS: stored.getvalue()}, resume=resume, **showing,
    )  # fmt: skip
    if real is None:
        return trained, None
    truth = truth[tested]
    found = runs.predicted(trained, real.rows.take, tested)
    confusion = np.zeros((len(trained.classes),) * 2, int)
    np.add.at(confusion, (truth, found), 1)
    right = int(np.trace(confusion))
    interval = proportion.wilson(right, len(tested))
    accuracy = {
        "source": real.source, "n": len(tested), "value": right / len(tested), "ci95": [interval.low, interval.high],
        "classes": list(trained.classes), "confusion": confusion.tolist(), "per_class": _per_class(confusion),
        "sha256": trained.sha256, "epochs": trained.epochs, "converged": trained.converged,
    }  # fmt: skip
    runs.put(out / ACCURACY, (json.dumps(accuracy, indent=1) + "\n").encode())
    return trained, accuracy


def _per_class(confusion: np.ndarray) -> list[dict[str, Any]]:
    """Of the images of each class the share that is labelled so; none without images."""
    found = []
    for right, n in zip(np.diag(confusion).tolist(), confusion.sum(axis=1).tolist(), strict=True):
        interval = proportion.wilson(right, n) if n else None
        ends = [interval.low, interval.high] if interval else [None, None]
        found.append({"n": n, "value": right / n if n else None, "ci95": ends})
    return found


def validation_rows(hashes: np.ndarray, seed: int) -> np.ndarray:
    """bool [n], the validation split: copies of one content stay together, or the split would not see overfitting.

    A tenth of the contents; of few ones 32, as far as that is no more than a quarter.
    """
    distinct, back = np.unique(hashes, return_inverse=True)
    parts = min(max(len(distinct) // 32, 4), _HELD_OUT)
    return (blocks.assign(distinct, parts, seed) == 0)[back]


def trained_rows(run: pathlib.Path) -> np.ndarray:
    """Content hashes of the rows that a run was trained on, none where it does not say."""
    try:
        return np.load(pathlib.Path(run) / _ROWS, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return np.zeros(0, np.uint64)
