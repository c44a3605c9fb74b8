"""`logits:RUN` and `prelogits:RUN`: outputs of a classifier that `gan-probe classify` trained."""

import pathlib
from typing import Literal

import numpy as np

from gan_probe import types
from gan_probe.classifiers import runs
from gan_probe.embed import mapper

__all__ = ["make_logits", "make_prelogits"]

_MOST_ROWS = 512


def make_logits(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    return _make("logits", argument, context)


def make_prelogits(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    return _make("prelogits", argument, context)


def _make(which: Literal["logits", "prelogits"], argument: str | None, context: mapper.Context) -> mapper.Mapper:
    if not argument:
        raise types.UserError(f"--embed={which}: give the run of a classifier, --embed={which}:DIR")
    classifier = runs.load(pathlib.Path(argument))
    first = context.first
    mapper.check_shape(f"{which}:{argument}", first, classifier.shape)

    def apply(rows: np.ndarray) -> np.ndarray:
        return getattr(classifier.predict(rows), which).astype(np.float32)

    dim = apply(first.rows.take([0])).shape[1]
    embedding = types.Embedding(which, {"arch": classifier.arch, "run": argument}, classifier.sha256)
    notes = tuple(runs.unfinished(argument, classifier))
    return mapper.Mapper(embedding, apply, dim, dear=True, most=_MOST_ROWS, notes=notes)
