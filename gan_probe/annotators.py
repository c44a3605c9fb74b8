"""Trained classifiers as annotators of image sets: one of C classes, or several whose classes combine (000 table 2)."""

import itertools
import json
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import annotation, sets, types
from gan_probe.classifiers import runs
from gan_probe.data import colour
from gan_probe.embed import stream

__all__ = ["Annotated", "Annotators", "annotate", "check", "held_out", "loaded", "seen", "trained_on", "truth"]

_BATCH = 512
_MOST_CLASSES = 1000


class Annotators(NamedTuple):
    """runs: their folders. models: as `runs.load` gives them. classes: every combination of one class each, joined by
    commas; the last annotator's class changes fastest. shape: (h, w, c) of the images.
    """

    runs: tuple[str, ...]
    models: tuple[runs.Classifier, ...]
    classes: tuple[str, ...]
    shape: tuple[int, ...]

    def part(self, codes: np.ndarray, k: int) -> np.ndarray:
        """Classes of annotator k in codes of combinations."""
        return np.asarray(np.unravel_index(codes, [len(m.classes) for m in self.models])[k])


class Annotated(NamedTuple):
    """codes: int [n], of Annotators.classes. confidence: float64 [k, n] softmax probability of each annotator's class.

    sha256: of dtype, shape and decoded rows in order. hashes: uint64 [n] content hash of each row.
    """

    codes: np.ndarray
    confidence: np.ndarray
    sha256: str
    hashes: np.ndarray


def loaded(folders: Sequence[str]) -> Annotators:
    """The annotators of runs of `gan-probe classify`.

    Raises:
      UserError: no run, runs of different image shapes, or runs that share a class name or make too many combinations.
    """
    if not folders:
        raise types.UserError("no annotator is given: train one with gan-probe classify")
    models = tuple(runs.load(pathlib.Path(folder)) for folder in folders)
    for folder, model in zip(folders, models, strict=True):
        if model.shape != models[0].shape:
            shapes = f"{list(models[0].shape)} and {list(model.shape)}"
            raise types.UserError(f"annotators {folders[0]} and {folder} take images of {shapes}; train them alike")
    for (a, one), (b, other) in itertools.combinations(zip(folders, models, strict=True), 2):
        shared = sorted(set(one.classes) & set(other.classes))
        if shared:
            raise types.UserError(
                f"annotators {a} and {b} both know a class {shared[0]}; give annotators of different attributes"
            )
    count = int(np.prod([len(m.classes) for m in models]))
    if count > _MOST_CLASSES:
        raise types.UserError(f"the annotators' classes make {count} combinations, at most {_MOST_CLASSES} are counted")
    classes = tuple(",".join(names) for names in itertools.product(*(m.classes for m in models)))
    return Annotators(tuple(folders), models, classes, models[0].shape)


def seen(annotators: Annotators, samples: types.Samples) -> types.Samples:
    """`samples` in the annotators' channels."""
    return colour.in_channels(samples, annotators.shape[-1], f"the annotator {annotators.runs[0]}")


def check(annotators: Annotators, samples: types.Samples, *, name: str) -> None:
    """UserError for images of another shape than the annotators', or features."""
    if samples.kind != "images" or tuple(samples.rows.shape) != annotators.shape:
        raise types.UserError(
            f"{name}: {samples.source} holds {samples.kind} {list(samples.rows.shape)}, the annotator "
            f"{annotators.runs[0]} takes images {list(annotators.shape)}; "
            + types.remedy(samples.rows.shape, annotators.shape, "give --resize=N (and --crop=N) as it had")
        )


def annotate(annotators: Annotators, samples: types.Samples, *, name: str, progress: stream.Progress) -> Annotated:
    """Annotates every row of a set that `check` passed, a batch at a time."""
    found = np.empty((len(annotators.models), len(samples)), np.int64)
    confidence = np.empty(found.shape)

    def consume(start: int, rows: np.ndarray) -> None:
        for k, model in enumerate(annotators.models):
            chances = special.softmax(np.asarray(model.predict(rows).logits, np.float64), axis=1)
            found[k, start : start + len(rows)] = chances.argmax(axis=1)
            confidence[k, start : start + len(rows)] = chances.max(axis=1)

    content = stream.scan(samples, consume, title=f"{name}: annotating", progress=progress, most=_BATCH)
    codes = np.asarray(np.ravel_multi_index(tuple(found), [len(m.classes) for m in annotators.models]))
    return Annotated(codes, confidence, content.sha256, content.hashes)


def truth(annotators: Annotators, samples: types.Samples) -> np.ndarray | None:
    """Codes int [n] of a set's own labels, None without labels; names of combinations match in any order.

    Raises:
      UserError: a label that is no class of the annotators.
    """
    if samples.labels is None or samples.classes is None:
        return None
    known = {frozenset(name.split(",")): code for code, name in enumerate(annotators.classes)}
    place = [known.get(frozenset(name.split(",")), -1) for name in samples.classes]
    codes = np.array(place, np.int64)[samples.labels]
    if (codes < 0).any():
        strange = [c for c in sets.classes_seen(samples) if frozenset(c.split(",")) not in known]
        raise types.UserError(
            f"{samples.source} has labels {_some(strange)}, the annotator's classes are {_some(annotators.classes)}"
        )
    return codes


def held_out(annotators: Annotators) -> tuple[str, np.ndarray] | None:
    """Source and confusion matrix [K, K] of the held-out images that the run of a single annotator was measured on.

    None for several annotators (their joint errors were never measured), or where the run was measured on nothing.
    """
    if len(annotators.models) > 1:
        return None
    try:
        about = json.loads((pathlib.Path(annotators.runs[0]) / annotation.ACCURACY).read_text("utf-8"))
        counts = np.asarray(about["confusion"], np.int64)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    model, k = annotators.models[0], len(annotators.classes)
    if about.get("sha256") != model.sha256 or counts.shape != (k, k) or (counts < 0).any() or not counts.any():
        return None  # of other weights, or not what classify writes
    return str(about.get("source")), counts


def trained_on(run: str, hashes: np.ndarray) -> int:
    """How many rows of these content hashes (uint64 [n]) a run was trained on, as far as it says."""
    return int(np.isin(hashes, annotation.trained_rows(pathlib.Path(run))).sum())


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
