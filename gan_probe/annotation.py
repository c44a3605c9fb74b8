"""Labels for rows that brought none: a linear annotator trained in the run, on rows that it doesn't annotate itself."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gan_probe.classifiers import linear
from gan_probe.stats import proportion

__all__ = ["Annotator", "train_annotator"]


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
