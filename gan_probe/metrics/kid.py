"""Kernel inception distance: unbiased MMD^2 with a polynomial kernel on the features as given."""

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.ops import kernel_sum
from gan_probe.stats import u_statistic

__all__ = ["kid"]


def kid(*, degree: int = 3, gamma: float = 0.0, coef: float = 1.0) -> metric.Metric:
    """Unbiased MMD^2 of the kernel (gamma x.y + coef)^degree over all pairs.

    Args:
      degree: of the polynomial.
      gamma: factor of the dot product; 0 means 1/d.
      coef: constant of the kernel.
    """
    metric.require(degree >= 1, "degree", degree, "at least 1")
    metric.require(gamma >= 0, "gamma", gamma, "positive, or 0 for 1/d")
    metric.require(coef >= 0, "coef", coef, "at least 0")

    def kernel(shape):
        return {"degree": degree, "gamma": gamma or 1.0 / shape.dim, "coef": coef}

    def needs(shape):
        fold = kernel_sum.kernel_sum(**kernel(shape))
        return tuple(
            metric.Need(rows, cols, fold)
            for rows, cols in (("real", "real"), ("fake", "fake"), ("real", "fake"), ("fake", "real"))
        )

    def finish(inputs):
        xx, yy, xy, yx = (inputs.get(n) for n in needs(inputs.shape))
        settings = kernel(inputs.shape)
        own_x = inputs.kept("real", f"kernel diagonal {settings}", lambda: _diagonal(inputs, "real", settings))
        own_y = _diagonal(inputs, "fake", settings)
        mmd = u_statistic.mmd_variances(
            rx=xx[0] - own_x, sxx=float((xx[1] - own_x**2).sum()),
            ry=yy[0] - own_y, syy=float((yy[1] - own_y**2).sum()),
            cx=xy[0], cy=yx[0], sxy=float(xy[1].sum()),
        )  # fmt: skip
        return types.Estimate(
            value=mmd.estimate,
            interval=u_statistic.score_interval(mmd.estimate, mmd.v1, mmd.v2),
            n_real=inputs.shape.rows["real"],
            n_fake=inputs.shape.rows["fake"],
            estimand="limit",
            unit="",
            better="lower",
            convention=f"kernel (x.y*{settings['gamma']:.6g}+{coef:g})^{degree}, all pairs, unbiased",
            detail={"null_stderr": mmd.v2**0.5},
        )

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.two_rows("real", "fake"),
        about="Distance between the two laws seen through moments up to the kernel's degree: 0 when they agree, "
        "unbiased at any size; an interval above 0 means a difference.",
        cites="Binkowski et al. 2018, section 4",
        unit="",
        better="lower",
    )


def _diagonal(inputs: metric.Inputs, role: metric.Role, settings) -> np.ndarray:
    return kernel_sum.diagonal(inputs.features(role), **settings)
