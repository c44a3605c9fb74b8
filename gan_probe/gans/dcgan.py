"""DCGAN (Radford et al. 2016, as carpedm20/DCGAN-tensorflow trains it), and the thesis's weaker ones (004, 3.3.2)."""

import dataclasses
from typing import Any, Literal

from gan_probe.gans import adversarial, gan, losses
from gan_probe.gans.heuristics import Heuristics
from gan_probe.models import dcgan

__all__ = ["DCGAN", "SMALL", "WEAK", "Settings"]

_CODE = "carpedm20/DCGAN-tensorflow"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of DCGAN."""

    steps: int = gan.setting(79_000, "iterations", f"{_CODE}: 25 epochs of CelebA")
    batch: int = gan.setting(64, "images of an update", f"{_CODE}, main.py")
    latent: int = gan.setting(100, "numbers of a latent, U[-1, 1]", f"{_CODE}, main.py")
    width: int = gan.setting(64, "channels of the generator's last stage but one", f"{_CODE}, model.py")
    discriminator_width: int = gan.setting(
        64, "channels of the discriminator's first stage", f"{_CODE}, model.py; paper 003 sweeps 16 to 128"
    )
    rate: float = gan.setting(2e-4, "learning rate of Adam", f"{_CODE}, main.py")
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", f"{_CODE}, main.py")
    loss: str = gan.setting("non_saturating", "of both players", f"{_CODE}, model.py", choices=losses.LOSSES)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics(generator_steps=2))


def _build(
    settings: Settings, spec: gan.Spec, *, norm: Literal["batch"] | None = "batch", small: bool = False
) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype
    return adversarial.adversarial(
        spec=spec,
        generator=dcgan.Generator(size, channels, settings.width, norm=norm, small=small, dtype=dtype),
        discriminator=dcgan.Discriminator(settings.discriminator_width, norm=norm, dtype=dtype),
        latent=adversarial.uniform(settings.latent),
        loss=losses.LOSSES[settings.loss],
        optimizers=(adversarial.adam(settings.rate, settings.beta1), adversarial.adam(settings.rate, settings.beta1)),
        rules=adversarial.Rules(options=settings.heuristics),
    )


_PRESETS = {
    "smoke": {"steps": 6, "batch": 16, "width": 4, "discriminator_width": 4},
    "cpu": {"steps": 1_500, "width": 16, "discriminator_width": 16},
}

DCGAN = gan.System("convolutions of stride 2 with batch norm (Radford et al. 2016)", Settings, _build, _PRESETS)
SMALL = gan.System(
    "DCGAN whose generator lacks a stage (thesis 004, section 3.3.2)",
    Settings,
    lambda settings, spec: _build(settings, spec, small=True),
    _PRESETS,
)
WEAK = gan.System(
    "DCGAN without batch norm (thesis 004, section 3.3.2)",
    Settings,
    lambda settings, spec: _build(settings, spec, norm=None),
    _PRESETS,
)
