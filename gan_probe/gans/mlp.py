"""Small fully connected GANs: on two-dimensional laws, and the decoders GAN-10 and GAN-50 that AIS measures.

GAN-10 (Wu et al. 2017): --latent=10 --widths=64,256,256,1024 --activation=tanh, with 1,149,904 parameters on MNIST;
GAN-50: --latent=50 --widths=1024,1024,1024.
"""

import dataclasses
from typing import Any

from gan_probe.gans import adversarial, gan, losses
from gan_probe.gans import settings as settings_lib
from gan_probe.gans.heuristics import Heuristics
from gan_probe.models import fully_connected

__all__ = ["MLP", "Settings"]

_CODE = "lucas-swiniarski/GAN, GaussianMixture"
_TOY = "igul222/improved_wgan_training, gan_toy.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of fully connected GANs."""

    steps: int = gan.setting(200_000, "iterations", _CODE)
    batch: int = gan.setting(64, "rows of an update", _CODE)
    latent: int = gan.setting(100, "numbers of a latent, N(0, 1)", _CODE)
    widths: str = gan.setting("100", "units of the generator's hidden layers, with commas", _CODE)
    discriminator_widths: str = gan.setting("100", "units of the discriminator's hidden layers, with commas", _CODE)
    activation: str = gan.setting(
        "relu", "of hidden layers", f"{_CODE}; tanh in GAN-10", choices=fully_connected.ACTIVATIONS
    )
    loss: str = gan.setting("non_saturating", "of both players", _CODE, choices=losses.LOSSES)
    optimizer: str = gan.setting(
        "adam", "of both players", f"{_CODE}; rmsprop in its W-GAN", choices=("adam", "rmsprop")
    )
    rate: float = gan.setting(2e-5, "learning rate of the generator", _CODE)
    discriminator_rate: float = gan.setting(2e-5, "learning rate of the discriminator", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    clip: float = gan.setting(0.0, "bound of every parameter of the discriminator, 0 for none", f"{_CODE}; W-GAN .01")
    penalty: float = gan.setting(0.0, "weight of the gradient penalty", f"{_TOY}: .1")
    critics: int = gan.setting(1, "updates of the discriminator an iteration", f"{_CODE}; 5 in W-GAN")
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics())


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    dtype: Any = settings.dtype

    def optimizer(rate: float) -> Any:
        return adversarial.adam(rate, settings.beta1) if settings.optimizer == "adam" else adversarial.rmsprop(rate)

    return adversarial.adversarial(
        spec=spec,
        generator=fully_connected.Generator(
            spec.shape,
            settings_lib.widths(settings.widths, "widths"),
            settings.activation,
            len(spec.shape) == 3,
            dtype=dtype,
        ),
        discriminator=fully_connected.Perceptron(
            settings_lib.widths(settings.discriminator_widths, "discriminator_widths"),
            settings.activation,
            dtype=dtype,
        ),
        latent=adversarial.normal(settings.latent),
        loss=losses.LOSSES[settings.loss],
        optimizers=(optimizer(settings.rate), optimizer(settings.discriminator_rate)),
        rules=adversarial.Rules(
            critics=lambda iteration: settings.critics - 1, penalty=settings.penalty, clip=settings.clip or None,
            options=settings.heuristics,
        ),
    )  # fmt: skip


MLP = gan.System(
    "fully connected, for laws in the plane and small decoders (GAN-10, GAN-50)",
    Settings,
    _build,
    {
        "smoke": {"steps": 10, "batch": 32, "latent": 4, "widths": "16", "discriminator_widths": "16"},
        "cpu": {
            "steps": 20_000, "batch": 256, "latent": 2, "widths": "128,128", "discriminator_widths": "128,128",
            "rate": 1e-3, "discriminator_rate": 1e-3,
        },
    },
    features=True,
)  # fmt: skip
