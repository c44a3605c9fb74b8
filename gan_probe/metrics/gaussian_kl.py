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
from scipy import linalg, special

from gan_probe import types
from gan_probe.metrics import gaussians, metric
from gan_probe.ops import moments
from gan_probe.stats import influence, squared_mean, u_statistic

__all__ = ["gaussian_kl"]

_HEAVY = 1.5
_SPARE = 5  # rows beyond the features: the inverse of a covariance then has a variance


class _Whitened(NamedTuple):
    """A set's moments, its axes, and the log det of its covariance with the bias of it.

    roots: [d], of the eigenvalues of its covariance; directions: [d, d], of which columns / roots whiten centred rows.
    shrink: makes the inverse covariance unbiased.
    """

    moments: moments.Moments
    roots: np.ndarray
    directions: np.ndarray
    shrink: float
    log_det: float
    log_det_bias: float


class _Forms(NamedTuple):
    """Of every whitened row z, float64 [n]. own: z'z. other: z' Q z. along: z' s.

    null: what the set adds to the variance of the value, times n^2, where both laws are equal; a Gaussian's at least.
    """

    own: np.ndarray
    other: np.ndarray
    along: np.ndarray
    null: float


def gaussian_kl() -> metric.Metric:
    """KL(real || fake) of the two fitted Gaussians, nats, its bias of order 1/n removed."""

    def finish(inputs):
        x, y = (_whitened(inputs, role) for role in ("real", "fake"))
        n, m, d = x.moments.rows, y.moments.rows, inputs.shape.dim
        # Every form is one of whitened rows, through x's principal axes in y's units.
        across = (x.directions * x.roots).T @ (y.directions / y.roots)
        gap = ((x.moments.mean - y.moments.mean) @ y.directions) / y.roots
        trace, shift = y.shrink * float(np.vdot(across, across)), y.shrink * float(gap @ gap)
        plain = ((trace + shift) / y.shrink - d + y.log_det - x.log_det) / 2
        of_x = _forms(inputs, "real", x, y.shrink**0.5 * across, y.shrink * (across @ gap))
        of_y = _forms(inputs, "fake", y, y.shrink * across.T, y.shrink * gap)
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


def _whitened(inputs: metric.Inputs, role: metric.Role) -> _Whitened:
    """Kept with the role.

    Raises:
      UserError: the covariance is singular within the rounding of float32.
    """

    def make():
        w, v = gaussians.eigh(inputs, role)
        d = len(w)
        if not w[0] > w[-1] * d * np.finfo(np.float32).eps:
            raise types.UserError(
                f"features of {role} are linearly dependent in float32, its Gaussian is flat: use --embed=pca:K"
            )
        nu = inputs.shape.rows[role] - 1
        bias = special.digamma((nu - np.arange(d)) / 2).sum() - d * np.log(nu / 2)
        fitted, shrink = gaussians.fitted(inputs, role)[0], (nu - d - 1) / nu
        return _Whitened(fitted, np.sqrt(w), v, shrink, float(np.log(w).sum()), float(bias))

    return inputs.kept(role, "whitened", make)


def _forms(inputs: metric.Inputs, role: metric.Role, own: _Whitened, root: np.ndarray, slope: np.ndarray) -> _Forms:
    """Forms with Q = root root' and s = slope of a role's rows.

    In float32, as the products that the covariance was summed from: as it isn't singular within their rounding,
    whitened rows are right to the root of it.
    """
    features, block = inputs.features(role), inputs.block(role)
    n, d = features.shape
    square, other, along = (np.empty(n) for _ in range(3))
    whitener, root = (own.directions / own.roots).astype(np.float32), root.astype(np.float32)
    scatter = np.zeros((inputs.blocks, d, d), np.float32)  # upper triangles, in Fortran's order
    sums = np.zeros((inputs.blocks, d))
    for b, at in moments.by_block(block):
        z = (features[at] - own.moments.mean).astype(np.float32) @ whitener
        mapped = z @ root
        square[at] = np.einsum("nd,nd->n", z, z)
        other[at] = np.einsum("nd,nd->n", mapped, mapped)
        along[at] = z @ slope
        linalg.blas.ssyrk(1.0, z.T, beta=1.0, c=scatter[b].T, overwrite_c=1)  # in place, half the work of z.T @ z
        sums[b] += z.sum(axis=0, dtype=np.float64)
    # Where both laws are equal the value is |E|^2 / 4 + |e|^2 / 2, of the errors of the whitened covariance and mean.
    size = np.bincount(block, minlength=inputs.blocks)
    axis = np.arange(d)
    scatter[:, axis, axis] = (scatter[:, axis, axis] - size[:, None]) / 2**0.5  # twice the triangle: half the diagonal
    products = sums @ sums.T / 2
    for rows in np.array_split(scatter, -(-d // 64), axis=1):
        part = rows.reshape(inputs.blocks, -1)
        products += part @ part.T / 2
    return _Forms(square, other, along, max(squared_mean.null_variance(products, size), d * (d + 3) / 4))


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


def _log_det(fitted: _Whitened, own: np.ndarray) -> float:
    """Log determinant of the covariance, without its bias: Wishart's, and what the fourth moments add to it."""
    d = len(fitted.roots)
    return fitted.log_det - fitted.log_det_bias + d * _excess(own, own, d) / (2 * len(own))
