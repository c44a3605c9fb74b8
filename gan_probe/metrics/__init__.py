"""The public list of metrics. Adding one: a new file, and its line here."""

from collections.abc import Callable, Mapping

from gan_probe.metrics import (
    ais,
    balls,
    birthday,
    c2st,
    ddm,
    fld,
    frechet,
    gaussian_kl,
    inception,
    kid,
    memorization,
    metric,
    mmd_rbf,
    modes,
    parzen,
    prd,
    rke,
    sliced_wasserstein,
    spectrum,
    vendi,
)

__all__ = ["METRICS"]

METRICS: Mapping[str, Callable[..., metric.Metric]] = {
    "ddm": ddm.ddm,
    "ddm_relative": ddm.ddm_relative,
    "ddm_sum": ddm.ddm_sum,
    "gmm_kl": ddm.gmm_kl,
    "gaussian_kl": gaussian_kl.gaussian_kl,
    "parzen": parzen.parzen,
    "fld": fld.fld,
    "birthday": birthday.birthday,
    "memorization": memorization.memorization,
    "precision": balls.precision,
    "recall": balls.recall,
    "density": balls.density,
    "coverage": balls.coverage,
    "prd": prd.prd,
    "frechet": frechet.frechet,
    "frechet_limit": frechet.frechet_limit,
    "sliced_wasserstein": sliced_wasserstein.sliced_wasserstein,
    "kid": kid.kid,
    "mmd_rbf": mmd_rbf.mmd_rbf,
    "c2st": c2st.c2st,
    "vendi": vendi.vendi,
    "rke": rke.rke,
    "spectrum": spectrum.spectrum,
    "modes": modes.modes,
    "inception": inception.inception,
    "ais": ais.ais,
}
