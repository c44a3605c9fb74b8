"""Linear fits: those of similar size share a matrix and are solved together."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gan_probe import types
from gan_probe.classifiers import linear
from gan_probe.diversity import fits, task

__all__ = ["check", "learn"]

_RATIO = 10  # fits whose sizes differ by more do not share a matrix: the smaller ones would multiply by many zeros
_ARRAYS = 16  # of [models, classes, rows] that the solver holds
_SMALL = 4096  # rows below which rows and models are filled up to powers of two, so that groups share a program


def check(given: task.Task, wanted: Sequence[fits.Fit]) -> None:
    """UserError for rows that do not fit the memory budget."""
    for group in _groups(wanted, len(given.classes), given.memory_gb):
        rows = len(np.unique(np.concatenate([fit.rows for fit in group])))
        _check_memory(given, group[0].source, (rows, given.embedded["train"].features.shape[1]))


def learn(
    given: task.Task,
    wanted: Sequence[fits.Fit],
    left: Sequence[fits.Fit],
    done: Callable[[fits.Fit, fits.Outcome], None],
    *,
    ridge: float,
    tolerance: float,
) -> None:
    """Fits every one of `left`, and tells `done` of each.

    Groups are those of all that are `wanted`: a resumed run then multiplies the same matrices and ends bit-identical.
    """
    missing = {id(fit) for fit in left}
    within = linear.units(given.embedded["train"].features)
    real, truth = given.embedded["real"].features, given.labels["real"]
    for group in _groups(wanted, len(given.classes), given.memory_gb):
        if not any(id(fit) in missing for fit in group):
            continue
        source = group[0].source
        rows, counts = _shared(group, given.embedded[source].hashes, given.labels[source])
        features, labels = given.embedded[source].features[rows], given.labels[source][rows]
        features, labels, counts = _filled(features, labels, counts)
        found = linear.fit_many(
            features, labels, counts, len(given.classes), within=within, ridge=ridge, tolerance=tolerance
        )
        correct = np.asarray(linear.predict(found, real)) == truth
        for k, fit in enumerate(group):
            if id(fit) not in missing:
                continue
            done(
                fit,
                fits.Outcome(
                    correct[k], min(1.0, float(found.accuracy[k])), int(found.steps[k]), bool(found.converged[k])
                ),
            )


def _groups(wanted: Sequence[fits.Fit], classes: int, memory_gb: float) -> Iterator[list[fits.Fit]]:
    """Fits of one source and of similar size, as many as the memory holds."""
    left = sorted(wanted, key=lambda fit: (fit.source, -len(fit.rows), fit.repeat))
    while left:
        first = left[0]
        close = [f for f in left if f.source == first.source and len(f.rows) * _RATIO >= len(first.rows)]
        room = memory_gb * 2**30 / 2 / (4 * _ARRAYS * classes * len(first.rows) * min(len(close), _RATIO))
        chosen = close[: max(1, int(room * _RATIO))]
        yield chosen
        left = [f for f in left if not any(f is c for c in chosen)]


def _shared(group: Sequence[fits.Fit], hashes: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows int64 [u] that any fit of the group has, equal ones of equal label once, and counts int32 [m, u]."""
    used = np.unique(np.concatenate([fit.rows for fit in group]))
    keys = np.stack([hashes[used], labels[used].astype(np.uint64)], axis=1)
    _, first, merged = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    counts = [
        np.bincount(merged.ravel()[np.searchsorted(used, fit.rows)], minlength=len(first)).astype(np.int32)
        for fit in group
    ]
    return used[first], np.stack(counts)


def _filled(features: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with rows that no model has and models once more; nothing changes for large groups."""
    m, n = counts.shape
    if n > _SMALL:
        return features, labels, counts
    models, rows = ((1 << (size - 1).bit_length()) - size for size in (m, n))
    counts = np.pad(np.concatenate([counts, np.repeat(counts[:1], models, axis=0)]), ((0, 0), (0, rows)))
    return np.pad(features, ((0, rows), (0, 0))), np.pad(labels, (0, rows)), counts


def _check_memory(given: task.Task, source: str, shape: tuple[int, ...]) -> None:
    need = 4 * shape[0] * min(shape[0] * 2, shape[1]) / 2**30
    if need > given.memory_gb / 2:
        raise types.UserError(
            f"{given.samples[source].source}: {shape[0]} rows of {shape[1]} features need {need:.1f} GiB on the "
            f"device; raise --memory_gb above {2 * need:.1f}, or give --resize or --embed=pca:K"
        )
