"""Kullback-Leibler divergence of the Gaussians fitted to real and to fake, KL(real || fake), in closed form.

KL = (tr S_y^-1 S_x + g' S_y^-1 g - d + ln det S_y - ln det S_x) / 2 with g = mu_x - mu_y: thesis 004, section 3.2,
names it as one way to approximate the divergence of two mixtures. The plain value is too large, by d^2/4 (1/N + 1/M)
and more. Under Gaussian laws the bias is known, with nu = n - 1: E S_y^-1 is nu / (nu - d - 1) times the inverse (von
Rosen 1988), and E ln det S adds a sum of digammas (Muirhead 1982, theorem 3.2.15). What third and fourth moments of
other laws (Mardia's kurtosis) add to it in order 1/n, by the second derivatives of KL, is estimated.

The interval held the limit in 91 to 100 % of simulations at 300 to 1,000 rows, equal laws and 64 features included, but
in 75 to 86 % under Student's t with 3 degrees of freedom, which the detail warns of.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import types
from gan_probe.metrics import gaussians, metric
from gan_probe.ops import moments
from gan_probe.stats import influence, squared_mean, u_statistic

__all__ = ["gaussian_kl"]

_HEAVY = 1.5
_SPARE = 5  # rows beyond the features: the inverse of a covariance then has a variance


class _Inverse(NamedTuple):
    """A set's moments, its inverse covariance [d, d] times `shrink` (unbiased), and its log det with the bias of it.

    whitener: [d, d], takes centred rows to uncorrelated coordinates of variance 1 along the principal axes.
    """

    moments: moments.Moments
    whitener: np.ndarray
    inverse: np.ndarray
    shrink: float
    log_det: float
    log_det_bias: float


class _Forms(NamedTuple):
    """Of every centred row a, float64 [n]. own: a' S^-1 a, S its own covariance. other: a' Q a. along: a' s.

    null: what the set adds to the variance of the value, times n^2, where both laws are equal; a Gaussian's at least.
    """

    own: np.ndarray
    other: np.ndarray
    along: np.ndarray
    null: float


def gaussian_kl() -> metric.Metric:
    """KL(real || fake) of the two fitted Gaussians, nats, its bias of order 1/n removed."""

    def finish(inputs):
        x, y = (_inverse(inputs, role) for role in ("real", "fake"))
        n, m, d = x.moments.rows, y.moments.rows, inputs.shape.dim
        gap = x.moments.mean - y.moments.mean
        trace, shift = float(np.vdot(y.inverse, x.moments.covariance)), float(gap @ y.inverse @ gap)
        plain = ((trace + shift) / y.shrink - d + y.log_det - x.log_det) / 2
        of_x = _forms(inputs, "real", x, y.inverse, y.inverse @ gap)
        of_y = _forms(inputs, "fake", y, y.inverse @ x.moments.covariance @ y.inverse, y.inverse @ gap)
        value = (
            (trace + shift) / (1 + _excess(of_y.own, of_y.other + of_y.along**2, d) / m)
            - trace / n - d / m - 2 * np.mean(of_y.own * of_y.along) / m - d
            + _log_det(y, of_y.own) - _log_det(x, of_x.own)
        ) / 2  # fmt: skip
        effect_x = (of_x.other + 2 * of_x.along - x.shrink * of_x.own) / 2
        effect_y = (y.shrink * of_y.own - of_y.other - 2 * of_y.along - of_y.along**2) / 2
        tails = [1 + _excess(forms.own, forms.own, d) / (d + 1) for forms in (of_x, of_y)]
        interval = u_statistic.score_interval(
            float(value),
            v1=influence.variance(effect_x, effect_y),
            v2=(of_x.null**0.5 / (n - d - 2) + of_y.null**0.5 / (m - d - 2)) ** 2,
        )
        return types.Estimate(
            value=float(value),
            interval=interval._replace(method="score (influence function, blocks)", kind="approximate"),
            n_real=n,
            n_fake=m,
            estimand="limit",
            unit="nats",
            better="lower",
            convention="KL(real || fake), bias of order 1/n removed",
            detail={"plain": plain, "tails": dict(zip(("real", "fake"), tails, strict=True)), **_warning(tails)},
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
            gaussians.fitted(inputs, role)[0],
            v / np.sqrt(w),
            (v * (shrink / w)) @ v.T,
            shrink,
            float(np.log(w).sum()),
            float(bias),
        )

    return inputs.kept(role, "inverse covariance", make)


def _forms(inputs: metric.Inputs, role: metric.Role, own: _Inverse, other: np.ndarray, slope: np.ndarray) -> _Forms:
    features, block = inputs.features(role), inputs.block(role)
    n, d = features.shape
    square, across, along = (np.empty(n) for _ in range(3))
    errors = np.zeros((inputs.blocks, d + 1, d), np.float32)
    for at, a in gaussians.chunks(features):
        a -= own.moments.mean
        z = a @ own.whitener
        square[at] = np.einsum("nd,nd->n", z, z)
        across[at] = np.einsum("nd,nd->n", a @ other, a)
        along[at] = a @ slope
        for b in np.unique(block[at]):
            part = z[block[at] == b]
            errors[b, :d] += part.T @ part / 2
            errors[b, d] += part.sum(axis=0) / 2**0.5
    # Where both laws are equal the value is |E|^2 / 4 + |e|^2 / 2, of the errors of the whitened covariance and mean.
    null = squared_mean.null_variance(errors.reshape(inputs.blocks, -1), np.bincount(block, minlength=inputs.blocks))
    return _Forms(square, across, along, max(null, d * (d + 3) / 4))


def _warning(tails: list[float]) -> dict[str, str]:
    """Of tails so heavy that a covariance says little: `tails` is the variance of squared lengths over a Gaussian's."""
    if max(tails) < _HEAVY:
        return {}
    return {
        "warning": "features have far heavier tails than a Gaussian: the value is too large, the interval too narrow"
    }


def _excess(own: np.ndarray, form: np.ndarray, d: int) -> float:
    """What E (a' S^-1 a) form(a) / E form(a) exceeds d + 2 by, its value under a Gaussian law; 0 for no form at all.

    Of the rows that S was fitted to, the first factor is a Beta variate, hence the factor that makes it unbiased.
    """
    n, mean = len(own), form.mean()
    return float(np.mean(own * form) / mean * n**2 * (n + 1) / (n - 1) ** 3 - d - 2) if mean > 0 else 0.0


def _log_det(fitted: _Inverse, own: np.ndarray) -> float:
    """Log determinant of the covariance, without its bias: Wishart's, and what the fourth moments add to it."""
    d = len(fitted.inverse)
    return fitted.log_det - fitted.log_det_bias + d * _excess(own, own, d) / (2 * len(own))
