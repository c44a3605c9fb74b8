"""WGAN: a critic with clipped parameters (Arjovsky et al. 2017, as martinarjovsky/WassersteinGAN trains it)."""

import dataclasses
from typing import Any

from gan_probe.gans import adversarial, gan, losses
from gan_probe.gans.heuristics import Heuristics
from gan_probe.models import wgan

__all__ = ["WGAN", "Settings"]

_CODE = "martinarjovsky/WassersteinGAN, main.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of WGAN."""

    steps: int = gan.setting(15_800, "iterations: updates of the generator", f"{_CODE}: 25 epochs of CelebA")
    batch: int = gan.setting(64, "images of an update", _CODE)
    latent: int = gan.setting(100, "numbers of a latent, N(0, 1)", _CODE)
    width: int = gan.setting(64, "channels of the generator's last stage but one", _CODE)
    discriminator_width: int = gan.setting(64, "channels of the critic's first stage", _CODE)
    rate: float = gan.setting(5e-5, "learning rate of RMSprop", _CODE)
    clip: float = gan.setting(0.01, "bound of every parameter of the critic", _CODE)
    critics: int = gan.setting(5, "updates of the critic an iteration", _CODE)
    warm_critics: int = gan.setting(100, "the same in the first 25 iterations and in every 500th", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics())


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype

    def critics(iteration: int) -> int:
        warm = iteration < 25 or iteration % 500 == 0
        return (settings.warm_critics if warm else settings.critics) - 1

    return adversarial.adversarial(
        spec=spec,
        generator=wgan.Generator(size, channels, settings.width, dtype=dtype),
        discriminator=wgan.Critic(settings.discriminator_width, dtype=dtype),
        latent=adversarial.normal(settings.latent),
        loss=losses.LOSSES["wasserstein"],
        optimizers=(adversarial.rmsprop(settings.rate), adversarial.rmsprop(settings.rate)),
        rules=adversarial.Rules(critics=critics, clip=settings.clip, options=settings.heuristics),
    )


WGAN = gan.System(
    "a critic with clipped parameters (Arjovsky et al. 2017)",
    Settings,
    _build,
    {
        "smoke": {
            "steps": 3, "batch": 16, "width": 4, "discriminator_width": 4, "critics": 2, "warm_critics": 2,
        },
        "cpu": {
            "steps": 1_000, "batch": 32, "width": 16, "discriminator_width": 16, "rate": 5e-4, "critics": 3,
            "warm_critics": 10,
        },
    },
)  # fmt: skip
