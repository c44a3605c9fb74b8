"""Frechet distance of two Gaussians fitted to the features, at these sizes and extrapolated to infinitely many rows.

F = |mu_x - mu_y|^2 + tr S_x + tr S_y - 2 tr (S_x^.5 S_y S_x^.5)^.5 (Heusel et al. 2017; Dowson and Landau 1982). With
fewer rows than features the last trace is the nuclear norm of X_c Y_c' and no d x d matrix is formed.
"""

from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.metrics import decompose, gaussians, metric
from gan_probe.ops import moments
from gan_probe.stats import extrapolate, influence

__all__ = ["distance", "frechet", "frechet_limit"]

_ROUNDING = 1e-10  # of the traces, that their difference may leave


class _Fit(NamedTuple):
    """The distance and every row's influence on it (its first-order effect, up to a constant): float64 [n], [m]."""

    value: float
    influence_real: np.ndarray
    influence_fake: np.ndarray


def frechet(*, ddof: int = 1) -> metric.Metric:
    """The usual value, biased upwards at finite sizes.

    Args:
      ddof: 1 divides scatter by n-1 (most tools), 0 by n.
    """
    metric.require(ddof in (0, 1), "ddof", ddof, "0 or 1")

    def finish(inputs):
        fit = _fit(inputs, ddof)
        return _estimate(inputs, fit.value, fit, "at_n", f"ddof={ddof}", "delta method (influence function)", {})

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=gaussians.too_large,
        about="Distance of the two sets' means and covariances (FID on Inception features): lower is better; biased "
        "upwards at small sizes, so compare equal sizes only.",
        cites="Heusel et al. 2017, eq 6",
        unit="",
        better="lower",
        smooth=True,
    )


def frechet_limit() -> metric.Metric:
    """2 F(n) - mean F(n/2) over both halves of 5 random block halvings (Chong and Forsyth 2020 for the idea)."""

    def finish(inputs):
        fit = _fit(inputs, 1)
        real, fake = gaussians.fitted(inputs, "real")[1], gaussians.fitted(inputs, "fake")[1]
        w, v = gaussians.eigh(inputs, "real")
        varies = w > w[-1] * np.finfo(np.float32).eps  # a direction that no row of real has, no half has either
        within = None if varies.all() else v[:, varies]
        halves = np.array([distance(x, y, within) for x, y in zip(real, fake, strict=True)])
        value = extrapolate.infinity(fit.value, halves)
        return _estimate(
            inputs, value, fit, "limit", f"{len(halves) // 2} block halvings, ddof=1",
            "extrapolation, influence-function standard error", {"at_n": fit.value, "at_half": float(halves.mean())},
        )  # fmt: skip

    def least(shape):
        if shape.dim > gaussians.LARGEST:
            return f"its {shape.dim} x {shape.dim} matrices are too large: use --embed=pca:K"
        for role in ("real", "fake"):
            if not gaussians.halvable(shape.rows[role], shape.dim):
                return f"halves of {role} ({shape.rows[role]} rows) must exceed {shape.dim} features: use --embed=pca:K"
        return None

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=least,
        about="The Frechet distance that infinitely many rows would show: comparable between sizes; 0 when means and "
        "covariances agree.",
        cites="Chong and Forsyth 2020",
        unit="",
        better="lower",
    )


def distance(real: moments.Moments, fake: moments.Moments, within: np.ndarray | None = None) -> float:
    """Frechet distance of two fitted Gaussians (ddof 1).

    Args:
      real, fake: their moments.
      within: float64 [d, r], orthonormal columns that span what real varies along, if that is not all.
    """
    gap = real.mean - fake.mean
    a, s = real.covariance, fake.covariance
    apart = gap @ gap + np.trace(a) + np.trace(s)
    if within is not None:
        a, s = (within.T @ c @ within for c in (a, s))
    return float(_settled(apart - 2 * np.sqrt(decompose.product_eigenvalues(a, s)).sum(), apart))


def _settled(difference: np.ndarray | float, size: np.ndarray | float) -> np.ndarray:
    """0 for what is rounding beside the size of the numbers subtracted: equal sets are at distance 0."""
    return np.where(np.abs(difference) <= _ROUNDING * size, 0.0, difference)


def _fit(inputs, ddof: int) -> _Fit:
    """Kept with the fake: frechet and frechet_limit share one decomposition."""
    fit = inputs.kept("fake", "frechet fit", lambda: _dual(inputs) if _small(inputs) else _primal(inputs))
    if ddof == 1:
        return fit
    n, m = inputs.shape.rows["real"], inputs.shape.rows["fake"]
    x, y = (inputs.features(r).astype(np.float64) for r in ("real", "fake"))
    gap = x.mean(axis=0) - y.mean(axis=0)
    tx, ty = x.var(axis=0, ddof=1).sum(), y.var(axis=0, ddof=1).sum()
    cross = (gap @ gap + tx + ty - fit.value) / 2
    shrink_x, shrink_y = (n - 1) / n, (m - 1) / m
    return fit._replace(
        value=float(gap @ gap + shrink_x * tx + shrink_y * ty - 2 * cross * np.sqrt(shrink_x * shrink_y))
    )


def _small(inputs) -> bool:
    return min(inputs.shape.rows["real"], inputs.shape.rows["fake"]) <= inputs.shape.dim


def _primal(inputs) -> _Fit:
    """Through d x d matrices: eigh of S_x, then of S_x^.5 S_y S_x^.5 along the principal axes of S_x."""
    x, y = gaussians.fitted(inputs, "real")[0], gaussians.fitted(inputs, "fake")[0]
    w, v = gaussians.eigh(inputs, "real")
    root = np.sqrt(np.maximum(w, 0))
    floor = root.max() * len(root) * np.finfo(np.float32).eps
    half = v * root
    c, u = decompose.eigh(half.T @ y.covariance @ half)
    c_root = np.sqrt(decompose.nonnegative(c))
    gap = x.mean - y.mean
    apart = gap @ gap + np.trace(x.covariance) + np.trace(y.covariance)
    value = float(_settled(apart - 2 * c_root.sum(), apart))
    # T maps the centred real Gaussian onto the fake one: T S_x T = S_y.
    inverse = v * np.where(root > floor, 1 / np.where(root > floor, root, 1), 0)
    left = inverse @ u * np.sqrt(c_root)
    keep = c_root > floor**2
    right = half @ u * np.where(keep, 1 / np.sqrt(np.where(keep, c_root, 1)), 0)
    effects = []
    for role, fitted, root_of_map, sign in (("real", x, left, 1.0), ("fake", y, right, -1.0)):
        out = np.empty(inputs.shape.rows[role])
        for at, a in gaussians.chunks(inputs.features(role)):
            a -= fitted.mean
            mapped = a @ root_of_map
            own = (a * a).sum(axis=1)
            out[at] = _settled(2 * sign * (a @ gap) + own - (mapped * mapped).sum(axis=1), apart + own)
        effects.append(out)
    return _Fit(value, *effects)


def _dual(inputs) -> _Fit:
    """Through the n x m product of centred rows: its nuclear norm is the trace, its singular vectors the maps."""
    x, y = (inputs.features(r).astype(np.float64) for r in ("real", "fake"))
    n, m = len(x), len(y)
    mu_x, mu_y = x.mean(axis=0), y.mean(axis=0)
    gap = mu_x - mu_y
    x, y = x - mu_x, y - mu_y
    u, s, vt = decompose.svd(x @ y.T)
    square_x, square_y = np.einsum("nd,nd->n", x, x), np.einsum("nd,nd->n", y, y)
    apart = gap @ gap + square_x.sum() / (n - 1) + square_y.sum() / (m - 1)
    value = _settled(apart - 2 * s.sum() / np.sqrt((n - 1) * (m - 1)), apart)
    map_x = np.sqrt((n - 1) / (m - 1)) * ((u * s) * u).sum(axis=1)
    map_y = np.sqrt((m - 1) / (n - 1)) * ((vt.T * s) * vt.T).sum(axis=1)
    effects = (2 * (x @ gap) + square_x - map_x, -2 * (y @ gap) + square_y - map_y)
    return _Fit(float(value), *(_settled(e, apart + own) for e, own in zip(effects, (square_x, square_y), strict=True)))


def _estimate(inputs, value, fit, estimand, convention, method, detail) -> types.Estimate:
    n, m = len(fit.influence_real), len(fit.influence_fake)
    stderr = influence.variance(fit.influence_real, fit.influence_fake) ** 0.5
    return types.Estimate(
        value=value, interval=influence.interval(value, stderr, method), n_real=n, n_fake=m, estimand=estimand,
        unit="", better="lower", convention=convention, detail=detail,
    )  # fmt: skip
