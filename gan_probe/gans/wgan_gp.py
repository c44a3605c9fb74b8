"""WGAN-GP: a critic held to slope 1 by a penalty (Gulrajani et al. 2017; igul222/improved_wgan_training)."""

import dataclasses
from typing import Any

import optax

from gan_probe.gans import adversarial, gan, losses
from gan_probe.gans.heuristics import Heuristics
from gan_probe.models import dcgan, wgan_resnet

__all__ = ["WGAN_GP", "Settings"]

_CODE = "igul222/improved_wgan_training, gan_cifar.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of WGAN-GP."""

    steps: int = gan.setting(200_000, "iterations: updates of the generator", f"{_CODE}; the ResNet's 100,000")
    batch: int = gan.setting(64, "images of an update", _CODE)
    latent: int = gan.setting(128, "numbers of a latent, N(0, 1)", _CODE)
    network: str = gan.setting(
        "conv", "resnet: gan_cifar_resnet.py, at 64 pixels gan_64x64.py", _CODE, choices=("conv", "resnet")
    )
    width: int = gan.setting(128, "channels of the generator's last stage but one", f"{_CODE}; gan_64x64.py 64")
    discriminator_width: int = gan.setting(128, "channels of the critic's first stage", f"{_CODE}; gan_64x64.py 64")
    rate: float = gan.setting(1e-4, "learning rate of Adam", f"{_CODE}; the ResNet's 2e-4")
    rate_falls: bool = gan.setting(False, "whether the rate falls to 0 over the steps", "gan_cifar_resnet.py: True")
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", f"{_CODE}; the ResNets' 0")
    beta2: float = gan.setting(0.9, "decay of Adam's second moment", _CODE)
    penalty: float = gan.setting(10.0, "weight of the gradient penalty", _CODE)
    critics: int = gan.setting(5, "updates of the critic an iteration", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics())


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype
    conv = settings.network == "conv"

    def adam(updates: int) -> optax.GradientTransformation:
        rate = (
            optax.linear_schedule(settings.rate, 0.0, settings.steps * updates)
            if settings.rate_falls
            else settings.rate
        )
        return adversarial.adam(rate, settings.beta1, settings.beta2)

    return adversarial.adversarial(
        spec=spec,
        generator=dcgan.Generator(size, channels, settings.width, norm="flat", glorot=True, dtype=dtype)
        if conv
        else wgan_resnet.Generator(size, channels, settings.width, dtype=dtype),
        discriminator=dcgan.Discriminator(settings.discriminator_width, norm=None, glorot=True, dtype=dtype)
        if conv
        else wgan_resnet.Critic(settings.discriminator_width, dtype=dtype),
        latent=adversarial.normal(settings.latent),
        loss=losses.LOSSES["wasserstein"],
        optimizers=(adam(settings.heuristics.generator_steps), adam(settings.critics)),
        rules=adversarial.Rules(
            critics=lambda iteration: settings.critics - 1, penalty=settings.penalty, options=settings.heuristics
        ),
    )


_SMOKE = {"steps": 3, "batch": 16, "width": 4, "discriminator_width": 4, "critics": 2}

WGAN_GP = gan.System(
    "a critic held to slope 1 by a gradient penalty (Gulrajani et al. 2017)",
    Settings,
    _build,
    {"smoke": _SMOKE, "cpu": {"steps": 750, "width": 16, "discriminator_width": 16, "rate": 1e-3, "critics": 3}},
)
