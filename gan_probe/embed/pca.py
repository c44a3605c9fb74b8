"""`pca:K`: projection on the K leading principal components of `train`, or of `real` where there is no train.

Fitting on a fake set would measure each fake in its own coordinates; it never happens. Images enter as pixels in
[0, 1].
"""

import hashlib
from typing import NamedTuple

import numpy as np
import scipy.linalg

from gan_probe import types
from gan_probe.embed import cache, mapper, stream

__all__ = ["Fit", "fit", "make"]


class Fit(NamedTuple):
    """mean: float64 [d]; components: float64 [k, d], orthonormal; explained: share of the variance of each, [k]."""

    mean: np.ndarray
    components: np.ndarray
    explained: np.ndarray


def make(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    """Fits, or takes the fit of the same content from the cache.

    Raises:
      types.UserError: for a K that is no positive number or exceeds the rank, or a fit beyond the memory budget.
    """
    if argument is None or not argument.isdecimal() or int(argument) < 1:
        given = f"pca:{argument}" if argument else "pca"
        raise types.UserError(f"--embed={given}: give the number of components, such as pca:64")
    k = int(argument)
    role = next((role for role in ("train", "real") if role in context.sets), None)
    if role is None:
        raise types.UserError("--embed=pca is fitted on train or real; give --real")
    samples = context.sets[role]
    if context.cache_dir is None:
        fitted = fit(samples, k, memory_gb=context.memory_gb, title=f"{role}: fitting", progress=context.progress)
    else:
        key = cache.key("pca fit", k, context.content(role).sha256)
        stored = cache.read(context.cache_dir, key)
        shape = (2 + k, int(np.prod(samples.rows.shape)))
        if stored is None or stored.shape != shape or stored.dtype != np.float64:
            fitted = fit(samples, k, memory_gb=context.memory_gb, title=f"{role}: fitting", progress=context.progress)
            # One array: mean, shares in the first k places of a row, components.
            shares = np.zeros(shape[1])
            shares[:k] = fitted.explained
            cache.write(context.cache_dir, key, np.concatenate([[fitted.mean, shares], fitted.components]))
        else:
            fitted = Fit(np.array(stored[0]), np.array(stored[2:]), np.array(stored[1, :k]))
    weights = hashlib.sha256(fitted.mean.tobytes() + fitted.components.tobytes()).hexdigest()
    parameters = {"k": k, "fit_on": role, "n": len(samples), "explained": float(fitted.explained.sum())}

    def project(rows: np.ndarray) -> np.ndarray:
        centred = mapper.flat_pixels(rows).astype(np.float64) - fitted.mean
        return (centred @ fitted.components.T).astype(np.float32)

    return mapper.Mapper(types.Embedding(f"pca:{k}", parameters, weights), project, k, dear=True)


def fit(samples: types.Samples, k: int, *, memory_gb: float, title: str, progress: stream.Progress) -> Fit:
    """Principal components in float64, from the d x d scatter matrix or, for fewer rows than columns, from n x n.

    The component of largest size in each vector is positive, which makes the signs unique.
    """
    n, d = len(samples), int(np.prod(samples.rows.shape))
    if k > min(n - 1, d):
        raise types.UserError(
            f"--embed=pca:{k}: {samples.source} ({n} rows of {d} numbers) has rank at most {min(n - 1, d)}; lower K"
        )
    need = 8 * min(n, d) * (2 * min(n, d) + (d if n < d else 0))
    if need > memory_gb * 2**30:
        raise types.UserError(
            f"--embed=pca:{k}: the fit on {samples.source} needs {need / 2**30:.1f} GiB; --resize, or raise --memory_gb"
        )
    mean, values, vectors = (_dual if n < d else _primal)(samples, n, d, k, title=title, progress=progress)
    if values.kept[-1] <= values.total * np.finfo(np.float64).eps * max(n, d):
        rank = int((values.kept > values.total * np.finfo(np.float64).eps * max(n, d)).sum())
        raise types.UserError(f"--embed=pca:{k}: {samples.source} has rank {rank}; lower K")
    largest = vectors[np.arange(k), np.abs(vectors).argmax(axis=1)]
    return Fit(mean, vectors * np.sign(largest)[:, np.newaxis], values.kept / values.total)


class _Values(NamedTuple):
    """kept: the k largest eigenvalues, descending; total: the sum of all."""

    kept: np.ndarray
    total: float


def _primal(
    samples: types.Samples, n: int, d: int, k: int, *, title: str, progress: stream.Progress
) -> tuple[np.ndarray, _Values, np.ndarray]:
    shift, total, scatter = np.zeros(d), np.zeros(d), np.zeros((d, d))

    def add(start: int, rows: np.ndarray) -> None:
        batch = mapper.flat_pixels(rows).astype(np.float64)
        if start == 0:
            shift[:] = batch.mean(axis=0)  # second moments about a point near the mean lose no digits
        batch -= shift
        total[:] += batch.sum(axis=0)
        scatter[:] += batch.T @ batch

    stream.scan(samples, add, title=title, progress=progress, row_bytes=16 * d)
    scatter -= np.outer(total, total / n)
    values, vectors = _leading(scatter, k)
    return shift + total / n, values, vectors.T


def _dual(
    samples: types.Samples, n: int, d: int, k: int, *, title: str, progress: stream.Progress
) -> tuple[np.ndarray, _Values, np.ndarray]:
    rows = np.empty((n, d))

    def keep(start: int, batch: np.ndarray) -> None:
        rows[start : start + len(batch)] = mapper.flat_pixels(batch)

    stream.scan(samples, keep, title=title, progress=progress, row_bytes=8 * d)
    mean = rows.mean(axis=0)
    rows -= mean
    values, vectors = _leading(rows @ rows.T, k)
    components = vectors.T @ rows
    # Beyond the rank lengths are 0; the caller refuses those.
    return (
        mean,
        values,
        components / np.maximum(np.linalg.norm(components, axis=1), np.finfo(float).tiny)[:, np.newaxis],
    )


def _leading(matrix: np.ndarray, k: int) -> tuple[_Values, np.ndarray]:
    n = len(matrix)
    total = float(np.trace(matrix))
    values, vectors = scipy.linalg.eigh(matrix, subset_by_index=(n - k, n - 1), check_finite=False, overwrite_a=True)
    return _Values(values[::-1], total), vectors[:, ::-1]
