"""Annotators: a linear one, trained in the run where rows brought no labels, and networks with their accuracy."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gan_probe import sets, types
from gan_probe.classifiers import linear, runs
from gan_probe.embed import hashing
from gan_probe.stats import blocks, proportion

__all__ = ["ACCURACY", "Annotator", "classify", "train_annotator"]

ACCURACY = "accuracy.json"
_HELD_OUT = 10  # one row in so many validates


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
) -> dict[str, Any] | None:
    """Train a network on labelled images (see runs.train), and measure it on held-out ones.

    Returns:
      Accuracy on `real` with its interval and the confusion matrix (rows: true class), also in DIR/accuracy.json.

    Raises:
      UserError: a set without labels or of features, or sets of different shapes or classes.
    """
    for samples in filter(None, (data, real)):
        if samples.kind != "images" or samples.labels is None or samples.classes is None:
            raise types.UserError(
                f"{samples.source}: needs labelled images: sub-folders, `labels` in the npz, or --label"
            )
    assert data.labels is not None and data.classes is not None
    if real is not None and real.rows.shape != data.rows.shape:
        shapes = f"{list(data.rows.shape)} and {list(real.rows.shape)}"
        raise types.UserError(f"{data.source} and {real.source} hold images of {shapes}; give --resize=N")
    images = data.rows.take(np.arange(len(data)))
    held_out = blocks.assign(hashing.row_hashes(images), _HELD_OUT, seed) == 0
    about = {"data": data.source, "rows": len(data)}
    trained = runs.train(
        out, arch, images=images, labels=data.labels, classes=data.classes, held_out=held_out, seed=seed, about=about,
        resume=resume, **showing,
    )  # fmt: skip
    if real is None:
        return None
    truth = sets.labels_by_name(real, trained.classes)
    assert truth is not None
    if (truth < 0).any():
        raise types.UserError(f"{real.source} has classes that {data.source} lacks")
    found = trained.predict(real.rows.take(np.arange(len(real)))).logits.argmax(axis=1)
    confusion = np.zeros((len(trained.classes),) * 2, int)
    np.add.at(confusion, (truth, found), 1)
    right = int(np.trace(confusion))
    interval = proportion.wilson(right, len(real))
    accuracy = {
        "source": real.source, "n": len(real), "value": right / len(real), "ci95": [interval.low, interval.high],
        "classes": list(trained.classes), "confusion": confusion.tolist(), "sha256": trained.sha256,
    }  # fmt: skip
    (out / ACCURACY).write_text(json.dumps(accuracy, indent=1) + "\n", "utf-8")
    return accuracy
