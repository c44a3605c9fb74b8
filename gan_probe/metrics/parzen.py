"""Parzen window log-likelihood of held-out real rows under Gaussian kernels at the samples.

parzen = -ddm(D = squared, s = 2 sigma^2) - d ln(sigma sqrt(2 pi)): it is computed so, for all deviations of the grid in
one pass.
"""

import math

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import log_sum_exp, principal, tile
from gan_probe.stats import choice, two_sided

__all__ = ["GRID", "parzen"]

GRID = tuple(float(s) for s in np.logspace(-1, 0, 10))
"""Deviations sigma that are tried (Goodfellow et al. 2014, their code)."""

_TENTHS = 10


def parzen(*, parzen_pca: float = 0.0) -> metric.Metric:
    """mean_x ln [mean_y N(x; y, sigma^2 I)], nats, in the features as given.

    sigma is the one of GRID that is best for a seeded tenth of real (blocks by content, so that order does not matter),
    which the mean leaves out.

    Args:
      parzen_pca: percent of variance that principal components keep, fitted on train, else on real; 0 for none. The
        density is then one of the components: its nats compare with no others.
    """
    metric.require(0 <= parzen_pca <= 100, "parzen_pca", parzen_pca, "a percentage, such as 95, or 0 for none")
    fold = log_sum_exp.log_sum_exp(scales=tuple(2 * s * s for s in GRID), squared=True)
    need = metric.Need("real", "fake", fold)

    def finish(inputs):
        if not parzen_pca:
            return _estimate(inputs, inputs.get(need), inputs.shape.dim, "")
        fitted_on = "train" if "train" in inputs.shape.rows else "real"
        layouts = [_projected(inputs, role, fitted_on, parzen_pca) for role in ("real", "fake")]
        (partial,), _ = inputs.sweep(*layouts, [fold_lib.Job(fold)])
        dim = layouts[0].dim
        return _estimate(inputs, partial, dim, f", {dim} components of {parzen_pca:g} % variance of {fitted_on}")

    return metric.Metric(
        needs=lambda shape: () if parzen_pca else (need,),
        finish=finish,
        least=_least,
        about="Log-density of held-out real images under a kernel estimate from the samples, in nats: higher is "
        "better; known to rank image generators badly, and dominated by the kernel's deviation in many dimensions.",
        cites="Parzen 1962; Goodfellow et al. 2014, section 5; Basart 2017 (thesis 004), section 3.4.1",
        unit="nats",
        better="higher",
    )


def _least(shape):
    if shape.rows["real"] < _TENTHS:
        return f"real needs at least {_TENTHS} rows: a tenth chooses sigma"
    return metric.two_rows("fake")(shape)


def _projected(inputs: metric.Inputs, role: metric.Role, fitted_on: metric.Role, percent: float):
    """The layout of a role's principal components, kept with the role."""

    def fit():
        return principal.components(inputs.features(fitted_on), percent / 100)

    def make():
        onto = inputs.kept(fitted_on, f"components of {percent} %", fit)
        return inputs.lay_out(role, principal.project(inputs.features(role), onto))

    return inputs.kept(role, f"layout in components of {percent} % of {fitted_on}", make)


def _estimate(inputs: metric.Inputs, partial: np.ndarray, dim: int, space: str) -> types.Estimate:
    counts = np.bincount(inputs.block("fake"), minlength=inputs.blocks)
    chooses = inputs.block("real") < max(1, inputs.blocks // _TENTHS)
    normaliser = dim * np.log(np.array(GRID) * math.sqrt(2 * math.pi))
    density = np.logaddexp.reduce(partial, axis=1) - math.log(counts.sum()) - normaliser[:, None]
    choosing, values = density[:, chooses].mean(axis=1), density[:, ~chooses].mean(axis=1)
    best = int(np.argmax(choosing))
    scored = two_sided.leave_block_out(partial[best][:, ~chooses], counts)
    interval = choice.widened(
        two_sided.mean_interval(
            two_sided.LeaveBlockOut(scored.f - normaliser[best], scored.without - normaliser[best])
        ),
        values,
        density[:, chooses],
    )
    detail: dict[str, object] = {
        "sigma": GRID[best],
        "scored": int((~chooses).sum()),
        "choosing": [{"sigma": s, "value": float(v)} for s, v in zip(GRID, choosing, strict=True)],
    }
    rounding = tile.spread(dim) * inputs.shape.scale / (2 * GRID[best] ** 2)
    if best in (0, len(GRID) - 1):
        detail["warning"] = (
            f"sigma is the {'largest' if best else 'smallest'} of the grid: a value beyond it would do better; "
            "multiply all features by one number"
        )
    elif rounding > max(0.01, 0.1 * (interval.stderr or 0)):
        detail["warning"] = f"float32 rounds the log-density of a row by up to about {rounding:.2g} nats"
    return types.Estimate(
        value=float(values[best]), interval=interval, n_real=inputs.shape.rows["real"],
        n_fake=inputs.shape.rows["fake"], estimand="at_n", unit="nats", better="higher",
        convention=f"sigma={GRID[best]:.6g}, best of logspace(-1,0,10) for a tenth of real{space}", detail=detail,
    )  # fmt: skip
