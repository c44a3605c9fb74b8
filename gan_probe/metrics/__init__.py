"""The public list of metrics. Adding one: a new file, and its line here."""

from collections.abc import Callable, Mapping

from gan_probe.metrics import (
    balls,
    birthday,
    ddm,
    frechet,
    gaussian_kl,
    inception,
    kid,
    memorization,
    metric,
    mmd_rbf,
    modes,
    rke,
    spectrum,
    vendi,
)

__all__ = ["METRICS"]

METRICS: Mapping[str, Callable[..., metric.Metric]] = {
    "ddm": ddm.ddm,
    "ddm_relative": ddm.ddm_relative,
    "ddm_sum": ddm.ddm_sum,
    "birthday": birthday.birthday,
    "memorization": memorization.memorization,
    "precision": balls.precision,
    "recall": balls.recall,
    "density": balls.density,
    "coverage": balls.coverage,
    "frechet": frechet.frechet,
    "frechet_limit": frechet.frechet_limit,
    "kid": kid.kid,
    "mmd_rbf": mmd_rbf.mmd_rbf,
    "gaussian_kl": gaussian_kl.gaussian_kl,
    "spectrum": spectrum.spectrum,
    "vendi": vendi.vendi,
    "rke": rke.rke,
    "modes": modes.modes,
    "inception": inception.inception,
}
