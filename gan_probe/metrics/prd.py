"""Precision and recall of distributions: a curve from the shares of k-means clusters (Sajjadi 2018)."""

import warnings

import numpy as np
import threadpoolctl

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.stats import bootstrap

__all__ = ["curve", "max_f_beta", "prd"]

_RUNS = 10  # clusterings whose curves are averaged, as published
_ANGLES, _FEW_ANGLES = 1001, 101  # of the value; of the curve in the detail, and of every resample
_BETA = 8.0


def prd(*, clusters: int = 20) -> metric.Metric:
    """F_8, the largest over the curve: recall counts eight times as much as precision. F_1/8 is in the detail.

    The pooled rows are clustered with both sets of the same total weight, whatever their sizes.

    Args:
      clusters: of k-means, fewer where there are fewer distinct rows.
    """
    metric.require(clusters >= 2, "clusters", clusters, "at least 2")

    def finish(inputs):
        n, m = (inputs.shape.rows[r] for r in ("real", "fake"))
        real, fake = _assigned(inputs.features("real"), inputs.features("fake"), clusters, inputs.seed)

        def mean_curve(times_real, times_fake, angles):
            shares = {"real": _shares(real, times_real, clusters), "fake": _shares(fake, times_fake, clusters)}
            return np.mean(curve(**shares, angles=angles), axis=1)

        def scores(times_real, times_fake, angles=_FEW_ANGLES):
            precision, recall = mean_curve(times_real, times_fake, angles)
            return max_f_beta(precision, recall, _BETA), max_f_beta(precision, recall, 1 / _BETA)

        f8, f_eighth = scores(np.ones(n), np.ones(m), _ANGLES)
        precision, recall = mean_curve(np.ones(n), np.ones(m), _FEW_ANGLES)
        drawn = bootstrap.resampled(scores, n, m, seed=inputs.seed)
        interval, second = (bootstrap.interval(f, d) for f, d in zip((f8, f_eighth), drawn.T, strict=True))
        return types.Estimate(
            value=f8, interval=interval, n_real=n, n_fake=m, estimand="at_n", unit="", better="higher",
            convention=f"F_8, {clusters} clusters, mean curve of {_RUNS} clusterings",
            detail={
                "f_eighth": {"value": f_eighth, "ci95": [second.low, second.high]},
                "curve": {"recall": recall.tolist(), "precision": precision.tolist()},
                "bias": "downwards: below 1 at finite sizes even for equal laws",
            },
        )  # fmt: skip

    def least(shape):
        few = [r for r in ("real", "fake") if shape.rows[r] < clusters]
        return (
            f"{few[0]} has {shape.rows[few[0]]} rows, fewer than clusters={clusters}: lower --clusters" if few else None
        )

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=least,
        about="How much of the data's clusters the samples fill (F_8, recall before precision): 1 when their shares "
        "agree, 0 when none is shared; a little below 1 for equal laws.",
        cites="Sajjadi et al. 2018, algorithm 1 and eq 7",
        unit="",
        better="higher",
    )


def curve(*, real: np.ndarray, fake: np.ndarray, angles: int = _ANGLES) -> tuple[np.ndarray, np.ndarray]:
    """precision = sum min(s real, fake) and recall = precision / s, for slopes s = tan of angles in (0, pi/2).

    Args:
      real, fake: [..., K] shares of the clusters, each of sum 1.

    Returns:
      precision [..., angles] and recall [..., angles], in [0, 1] (sums of shares round above 1: clipped).
    """
    slope = np.tan(np.linspace(1e-10, np.pi / 2 - 1e-10, angles))
    precision = np.minimum(slope[:, None] * real[..., None, :], fake[..., None, :]).sum(axis=-1)
    return np.clip(precision, 0, 1), np.clip(precision / slope, 0, 1)


def max_f_beta(precision: np.ndarray, recall: np.ndarray, beta: float) -> float:
    """Largest (1 + beta^2) p r / (beta^2 p + r) over the curve; 0 where both are 0."""
    under = beta**2 * precision + recall
    return float(np.max((1 + beta**2) * precision * recall / np.where(under > 0, under, 1)))


def _shares(assigned: np.ndarray, times: np.ndarray, clusters: int) -> np.ndarray:
    """Share of each cluster in each clustering, [runs, clusters], of rows that count so many times."""
    return np.stack([np.bincount(of, weights=times, minlength=clusters) for of in assigned]) / times.sum()


def _assigned(real: np.ndarray, fake: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster of each row in each clustering, int [runs, n] and [runs, m]; sets sorted, so that no order matters."""
    from sklearn import cluster, exceptions  # a second, which no other metric pays

    centre = (real.mean(axis=0, dtype=np.float64) + fake.mean(axis=0, dtype=np.float64)) / 2
    real, fake = ((x[_ranked(x)] - centre).astype(np.float32) for x in (real, fake))  # k-means works in float32
    pooled = np.concatenate([real, fake])
    weight = np.repeat([0.5 / len(real), 0.5 / len(fake)], [len(real), len(fake)]) * len(pooled)
    distinct = min(clusters, len(np.unique(pooled[:: -(-len(pooled) // 1000)], axis=0)))
    if distinct < clusters:
        distinct = min(clusters, len(np.unique(pooled, axis=0)))
    found = []
    # One thread: batches are small, and on a busy machine OpenMP's threads wait for each other ten times as long.
    with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1, "openmp"):
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)  # fewer distinct rows than clusters
        for run in range(_RUNS):
            means = cluster.MiniBatchKMeans(distinct, n_init=1, random_state=(seed + run) % 2**32)
            found.append(means.fit(pooled, sample_weight=weight).labels_)
    return np.stack(found)[:, : len(real)], np.stack(found)[:, len(real) :]


def _ranked(features: np.ndarray) -> np.ndarray:
    """Rows in the order of their projections on one fixed direction."""
    along = np.random.default_rng(0).standard_normal(features.shape[1])
    return np.argsort(np.einsum("nd,d->n", features, along), kind="stable")
