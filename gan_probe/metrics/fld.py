"""Feature likelihood divergence: likelihood of real rows under Gaussians at the samples, fitted to the training set.

Every sample y carries a Gaussian of its own variance s_y; the variances maximise the likelihood of the training rows. A
copied training row draws its variance to zero, so that the mixture explains held-out rows badly: copying, missing modes
and poor samples all raise the value (Jiralerspong et al. 2023).
"""

import math
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import mixture
from gan_probe.stats import two_sided

__all__ = ["fld"]

_FLOOR = 1e-3  # least variance, in variances of real: above the rounding of float32 distances, and far below any fit
_TOLERANCE = 0.01  # rise of the fitted objective, in the units of the value, below which the fit ends
_MOST_STEPS = 50
_SHRINK = 0.81  # squared distances to the background are this much shorter (published)
_NEAREST = 50.0  # rows within d / 50 of the nearest one share the first estimate of a variance
_SHOWN = 20


class _Fit(NamedTuple):
    """variances: float64 [m] of the Gaussians. steps: EM steps taken.

    train: float64 [n] log-likelihood of the rows that they were fitted to, without the background.
    nearest2: float64 [m] squared distance to about the nearest of those rows.
    """

    variances: np.ndarray
    steps: int
    train: np.ndarray
    nearest2: np.ndarray


def fld() -> metric.Metric:
    """100 / d times (mean negative log-likelihood of real under the fitted mixture - the same for a part of train).

    Features are standardised by real's mean and deviation. The second term centres the mixture at up to half of the
    training rows, no more than there are fakes, and fits it to the rest: as many fakes as good as fresh data score 0,
    more of them less.
    """

    def finish(inputs):
        real, train = (_standardised(inputs, role) for role in ("real", "train"))
        baseline, centres = _baseline(inputs)
        blocked, fake, drawn = _thinned(inputs, centres)
        fit = _fitted(inputs, train, fake)
        unit = 100 / real.dim
        columns = _log_likelihood(inputs, real, blocked, fit.variances)
        scaled = two_sided.LeaveBlockOut(unit * (baseline - columns.f), unit * (baseline - columns.without))
        # The fit to train and the standardisation are taken as given; simulated all the same, 94 to 98 %.
        interval = two_sided.mean_interval(scaled)
        value = float(scaled.f.mean())
        train_value = unit * float(baseline.mean() - fit.train.mean())
        detail: dict[str, object] = {
            "real_nll": -unit * float(columns.f.mean()),
            "train_nll": -unit * float(fit.train.mean()),
            "baseline_nll": -unit * float(baseline.mean()),
            "generalisation_gap": train_value - value,
            "steps": fit.steps,
            "at_floor": float(np.mean(fit.variances <= _FLOOR)),
            "rows_drawn": len(drawn),
            "memorised": _memorised(fit, drawn, real.dim),
        }
        if detail["at_floor"] > 0.5:
            interval = interval._replace(kind="approximate")
            detail["warning"] = "most samples lie within rounding of a training row: they are copies, or rows are few"
        return types.Estimate(
            value=value, interval=interval, n_real=inputs.shape.rows["real"], n_fake=inputs.shape.rows["fake"],
            estimand="given_train", unit="", better="lower", detail=detail,
            convention=f"standardised by real, x100/d, {len(drawn)} samples against {centres} training rows, "
            f"variance >= {_FLOOR:g}, EM until a step gains < {_TOLERANCE:g}",
        )  # fmt: skip

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=_least,
        about="How much worse held-out real images are explained by the samples than by training images: 0 for a "
        "sampler as good as fresh data; copies, missing modes and poor samples raise it.",
        cites="Jiralerspong et al. 2023, section 3",
        unit="",
        better="lower",
        train=True,
    )


def _least(shape):
    few = {"real": 2, "fake": 2, "train": 4}
    return next((f"{role} needs at least {n} rows" for role, n in few.items() if shape.rows.get(role, 0) < n), None)


def _standardised(inputs: metric.Inputs, role: metric.Role) -> layout_lib.Layout:
    """Layout, in one block, of a role's features in units of real."""
    return inputs.kept(
        role, "standardised layout", lambda: inputs.lay_out(role, _in_units_of_real(inputs, role), blocked=False)
    )


def _in_units_of_real(inputs: metric.Inputs, role: metric.Role) -> np.ndarray:
    """Features [n, d] less real's mean, divided by its deviation where that is above rounding."""

    def moments():
        real = inputs.features("real")
        mean = np.mean(real, axis=0, dtype=np.float64)
        deviation = np.std(real, axis=0, dtype=np.float64, ddof=1)
        constant = deviation <= 1e-6 * np.maximum(np.abs(mean), deviation.max())
        if constant.all():
            raise types.UserError("features of real are constant: nothing to measure by")
        return mean.astype(np.float32), np.where(constant, 1, deviation).astype(np.float32)

    mean, deviation = inputs.kept("real", "mean and deviation", moments)
    return (inputs.features(role) - mean) / deviation


def _thinned(inputs: metric.Inputs, most: int) -> tuple[layout_lib.Layout, layout_lib.Layout, np.ndarray]:
    """Up to so many fakes, about as many of every block: layouts in blocks and in one, and which rows they are, [m]."""
    features = _in_units_of_real(inputs, "fake")
    blocked = inputs.lay_out("fake", features)
    drawn = _spread_over_blocks(blocked, most)
    if len(drawn) < len(features):
        features = features[drawn]
        blocked = inputs.lay_out("fake", features, drawn)
    return blocked, inputs.lay_out("fake", features, drawn, blocked=False), drawn


def _spread_over_blocks(layout: layout_lib.Layout, most: int) -> np.ndarray:
    """int64 [min(n, most)]: about as many rows of every block, whatever order they come in."""
    order = np.lexsort((layout.position, layout.block))  # within a block by content
    rank = np.arange(len(order)) - np.searchsorted(layout.block[order], layout.block[order])
    return np.sort(order[np.argsort(rank, kind="stable")[:most]])


def _fitted(inputs: metric.Inputs, train: layout_lib.Layout, centres: layout_lib.Layout) -> _Fit:
    """Variances of Gaussians at `centres` of the largest likelihood for the rows of `train`, by EM.

    As published, a background around the mean of train explains the rows that no Gaussian is near; it takes part in the
    fit only. A step takes two passes: over the Gaussians of every row, and over the rows of every Gaussian. Starting
    from the distance to the nearest row, and stopping where a step gains little, both as the published fit does.
    """
    dim = train.dim
    background2 = _SHRINK * _squared_norms(train.features, train.features.mean(axis=0, dtype=np.float64))
    wide = 1.0
    plain = np.tile([0.0, 1.0], (len(train), 1))
    sharp = np.tile([0.0, _NEAREST / 2], (len(centres), 1))
    nearest2 = _mean_distances(_sweep(inputs, centres, train, sharp, plain))
    variances = np.maximum(nearest2 / dim, _FLOOR)
    before = -math.inf
    for step in range(_MOST_STEPS + 1):
        gaussians = _gaussians(variances, dim)
        own = _total(_sweep(inputs, train, centres, plain, gaussians).log) - math.log(len(centres))
        behind = -background2 / (2 * wide) - dim / 2 * math.log(2 * math.pi * wide)
        both = np.logaddexp(own, behind)
        objective = 100 / dim * both.mean()
        if objective - before < _TOLERANCE or step == _MOST_STEPS:
            break
        before = objective
        rows = np.stack([-both, np.ones(len(both))], axis=1)
        variances = np.maximum(_mean_distances(_sweep(inputs, centres, train, gaussians, rows)) / dim, _FLOOR)
        share = np.exp(behind - both)
        wide = max(float(share @ background2 / max(share.sum(), np.finfo(float).tiny)) / dim, _FLOOR)
    return _Fit(variances, step, own, nearest2)


def _baseline(inputs: metric.Inputs) -> tuple[np.ndarray, int]:
    """Log-likelihood of every real row under a mixture at a part of train fitted to the rest, and the part's rows.

    Whole blocks: half of them, fewer where they hold more rows than there are fakes.
    """
    block, most = inputs.block("train"), inputs.shape.rows["fake"]
    sizes = np.bincount(block, minlength=inputs.blocks)
    count = max(1, int(np.sum(np.cumsum(sizes[: np.count_nonzero(sizes) // 2]) <= most)))
    chosen = block < count

    def make():
        real, train = (_standardised(inputs, role) for role in ("real", "train"))
        part, rest = (
            inputs.lay_out("train", train.features[at], np.flatnonzero(at), blocked=False) for at in (chosen, ~chosen)
        )  # fmt: skip
        variances = _fitted(inputs, rest, part).variances
        sums = _sweep(inputs, real, part, _plain(real), _gaussians(variances, real.dim)).log
        return _total(sums) - math.log(len(part))

    return inputs.kept("train", f"log-likelihood of real under {count} blocks", make), int(chosen.sum())


def _log_likelihood(
    inputs: metric.Inputs, rows: layout_lib.Layout, centres: layout_lib.Layout, variances: np.ndarray
) -> two_sided.LeaveBlockOut:
    sums = _sweep(inputs, rows, centres, _plain(rows), _gaussians(variances, rows.dim)).log
    return two_sided.leave_block_out(sums, np.bincount(centres.block, minlength=inputs.blocks))


def _sweep(inputs, rows, cols, own, other) -> mixture.Mixture:
    job = fold_lib.Job(mixture.mixture(), rows=own, cols=other)
    return inputs.sweep(rows, cols, [job])[0][0]


def _plain(layout: layout_lib.Layout) -> np.ndarray:
    """The numbers of rows that add nothing of their own to a log-sum."""
    return np.tile([0.0, 1.0], (len(layout), 1))


def _gaussians(variances: np.ndarray, dim: int) -> np.ndarray:
    """The numbers of Gaussians: log normaliser and inverse of twice the variance, [m, 2]."""
    return np.stack([-dim / 2 * np.log(2 * np.pi * variances), 1 / (2 * variances)], axis=1)


def _total(log: np.ndarray) -> np.ndarray:
    """Log-sums over all blocks, [n]."""
    return np.logaddexp.reduce(log, axis=0)


def _mean_distances(found: mixture.Mixture) -> np.ndarray:
    """Weighted mean squared distance over all blocks, [n]."""
    return np.sum(np.exp(found.log - _total(found.log)) * found.distance2, axis=0)


def _squared_norms(features: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """float64 [n], by pieces."""
    pieces = (features[start : start + 4096] - centre for start in range(0, len(features), 4096))
    return np.concatenate([np.einsum("nd,nd->n", piece, piece) for piece in pieces])


def _memorised(fit: _Fit, drawn: np.ndarray, dim: int) -> list[dict[str, object]]:
    """The samples most like a training row, by ln N / d of the nearest row under the sample's own Gaussian."""
    score = -fit.nearest2 / (2 * fit.variances * dim) - np.log(2 * np.pi * fit.variances) / 2
    order = np.lexsort((np.arange(len(score)), -score))[:_SHOWN]
    deviation = fit.variances**0.5
    return [{"fake": int(drawn[i]), "score": float(score[i]), "deviation": float(deviation[i])} for i in order]
