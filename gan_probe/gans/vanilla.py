"""The first GAN: fully connected, a maxout discriminator with dropout (Goodfellow et al. 2014)."""

import dataclasses
from typing import Any

import optax

from gan_probe.gans import adversarial, gan, losses
from gan_probe.gans.heuristics import Heuristics
from gan_probe.models import fully_connected

__all__ = ["VANILLA", "Settings"]

_CODE = "goodfeli/adversarial, mnist.yaml"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of the first GAN."""

    steps: int = gan.setting(125_000, "iterations", f"{_CODE}: 250 epochs of 50,000 images")
    batch: int = gan.setting(100, "images of an update", _CODE)
    latent: int = gan.setting(100, "numbers of a latent, U[-sqrt 3, sqrt 3]", _CODE)
    width: int = gan.setting(1200, "units of the generator's two hidden layers", _CODE)
    discriminator_width: int = gan.setting(240, "maxout units of five pieces in the discriminator's two layers", _CODE)
    optimizer: str = gan.setting(
        "sgd", "momentum .5, or beta1 .5", f"{_CODE}; its momentum rises to .7", choices=("sgd", "adam")
    )
    rate: float = gan.setting(0.1, "learning rate, falling by 4e-6 an update with sgd", _CODE)
    loss: str = gan.setting("non_saturating", "of both players", "Goodfellow et al. 2014", choices=losses.LOSSES)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics())


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    dtype: Any = settings.dtype

    def optimizer() -> optax.GradientTransformation:
        if settings.optimizer == "adam":
            return adversarial.adam(settings.rate)
        return optax.sgd(lambda count: settings.rate / 1.000004**count, momentum=0.5)

    return adversarial.adversarial(
        spec=spec,
        generator=fully_connected.Generator(
            spec.shape, (settings.width,) * 2, weights=fully_connected.uniform(0.05), dtype=dtype
        ),
        discriminator=fully_connected.MaxoutDiscriminator(settings.discriminator_width, dtype=dtype),
        latent=adversarial.uniform(settings.latent, -(3**0.5), 3**0.5),
        loss=losses.LOSSES[settings.loss],
        optimizers=(optimizer(), optimizer()),
        rules=adversarial.Rules(options=settings.heuristics),
    )


VANILLA = gan.System(
    "the first, fully connected GAN (Goodfellow et al. 2014)",
    Settings,
    _build,
    {
        "smoke": {"steps": 6, "batch": 16, "width": 16, "discriminator_width": 8},
        "cpu": {"steps": 10_000, "width": 512, "optimizer": "adam", "rate": 2e-4},
    },
)
