"""Kullback-Leibler divergence of the Gaussians fitted to real and to fake, KL(real || fake), in closed form.

KL = (tr S_y^-1 S_x + g' S_y^-1 g - d + ln det S_y - ln det S_x) / 2 with g = mu_x - mu_y: thesis 004, section 3.2,
names it as one way to approximate the divergence of two mixtures. The plain value is too large, by d^2/4 (1/N + 1/M)
and more. Under Gaussian laws the bias is known, with nu = n - 1: E S_y^-1 is nu / (nu - d - 1) times the inverse (von
Rosen 1988), and E ln det S adds a sum of digammas (Muirhead 1982, theorem 3.2.15).
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import types
from gan_probe.metrics import gaussians, metric
from gan_probe.ops import moments
from gan_probe.stats import u_statistic

__all__ = ["gaussian_kl"]

_SPARE = 5  # rows beyond the features: the inverse of a covariance then has a variance


class _Inverse(NamedTuple):
    """A set's moments, its inverse covariance [d, d] times `shrink` (unbiased), and its log det with the bias of it."""

    moments: moments.Moments
    inverse: np.ndarray
    shrink: float
    log_det: float
    log_det_bias: float


def gaussian_kl() -> metric.Metric:
    """KL(real || fake) of the two fitted Gaussians, nats, its bias under Gaussian laws removed."""

    def finish(inputs):
        x, y = (_inverse(inputs, role) for role in ("real", "fake"))
        n, m, d = x.moments.rows, y.moments.rows, inputs.shape.dim
        gap = x.moments.mean - y.moments.mean
        trace = float(np.einsum("ij,ij->", y.inverse, x.moments.covariance))
        shift = float(gap @ y.inverse @ gap)
        logs = y.log_det - x.log_det
        plain = (trace / y.shrink + shift / y.shrink - d + logs) / 2
        value = (trace + shift - trace / n - d / m - d + logs - y.log_det_bias + x.log_det_bias) / 2
        v1 = _variance(inputs, x, y, gap)
        spread = 1 / (n - d - 2) + 1 / (m - d - 2)
        interval = u_statistic.score_interval(value, v1, spread**2 * d * (d + 3) / 4)
        return types.Estimate(
            value=value,
            interval=interval._replace(method="score (influence function, Gaussian null)", kind="approximate"),
            n_real=n,
            n_fake=m,
            estimand="limit",
            unit="nats",
            better="lower",
            convention="KL(real || fake), ddof=1, bias under Gaussian laws removed",
            detail={"plain": plain, "mean_part": (shift - trace / n - d / m) / 2},
        )

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=_least,
        about="Divergence of the Gaussians with the two sets' means and covariances, real from fake: 0 when both "
        "agree; a direction that the samples dropped makes it large.",
        cites="Basart 2017 (thesis 004), section 3.2",
        unit="nats",
        better="lower",
    )


def _least(shape: metric.Shape) -> str | None:
    if shape.dim > gaussians.LARGEST:
        return f"its {shape.dim} x {shape.dim} matrices are too large: use --embed=pca:K"
    for role in ("real", "fake"):
        if shape.rows[role] < shape.dim + _SPARE:
            return (
                f"{role} ({shape.rows[role]} rows) needs {_SPARE} rows more than the {shape.dim} features: "
                "use --embed=pca:K"
            )
    return None


def _inverse(inputs: metric.Inputs, role: metric.Role) -> _Inverse:
    """Kept with the role.

    Raises:
      UserError: the covariance is singular within the rounding of float32.
    """

    def make():
        w, v = gaussians.eigh(inputs, role)
        d = len(w)
        if not w[0] > w[-1] * d * np.finfo(np.float32).eps:
            raise types.UserError(f"features of {role} are linearly dependent, its Gaussian is flat: use --embed=pca:K")
        nu = inputs.shape.rows[role] - 1
        shrink = (nu - d - 1) / nu
        bias = special.digamma((nu - np.arange(d)) / 2).sum() - d * np.log(nu / 2)
        return _Inverse(
            gaussians.fitted(inputs, role)[0], (v * (shrink / w)) @ v.T, shrink, float(np.log(w).sum()), float(bias)
        )

    return inputs.kept(role, "inverse covariance", make)


def _variance(inputs: metric.Inputs, x: _Inverse, y: _Inverse, gap: np.ndarray) -> float:
    """First-order variance of the estimate, from every row's influence."""
    through = y.inverse @ x.moments.covariance @ y.inverse
    slope = y.inverse @ gap
    total = 0.0
    parts: tuple[tuple[metric.Role, np.ndarray, np.ndarray, float, float], ...] = (
        ("real", x.moments.mean, y.inverse - x.inverse, 2.0, 0.0),
        ("fake", y.moments.mean, y.inverse - through, -2.0, 1.0),
    )
    for role, centre, form, sign, square in parts:
        out = np.empty(inputs.shape.rows[role])
        for at, a in gaussians.chunks(inputs.features(role)):
            a -= centre
            along = a @ slope
            out[at] = (np.einsum("nd,nd->n", a @ form, a) + sign * along - square * along**2) / 2
        total += out.var(ddof=1) / len(out)
    return float(total)
