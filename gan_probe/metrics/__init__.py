"""The public list of metrics. Adding one: a new file, and its line here."""

from collections.abc import Callable, Mapping

from gan_probe.metrics import (
    balls,
    birthday,
    c2st,
    ddm,
    fld,
    frechet,
    kid,
    memorization,
    metric,
    modes,
    parzen,
    prd,
    sliced_wasserstein,
)

__all__ = ["METRICS"]

METRICS: Mapping[str, Callable[..., metric.Metric]] = {
    "ddm": ddm.ddm,
    "ddm_relative": ddm.ddm_relative,
    "ddm_sum": ddm.ddm_sum,
    "gmm_kl": ddm.gmm_kl,
    "parzen": parzen.parzen,
    "fld": fld.fld,
    "birthday": birthday.birthday,
    "memorization": memorization.memorization,
    "precision": balls.precision,
    "recall": balls.recall,
    "density": balls.density,
    "coverage": balls.coverage,
    "frechet": frechet.frechet,
    "frechet_limit": frechet.frechet_limit,
    "kid": kid.kid,
    "modes": modes.modes,
    "c2st": c2st.c2st,
    "prd": prd.prd,
    "sliced_wasserstein": sliced_wasserstein.sliced_wasserstein,
}
