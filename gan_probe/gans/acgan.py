"""AC-GAN and its Wasserstein form on labelled images (paper 001, as lucas-swiniarski/GAN trains them).

The discriminator learns the class of real images, the generator to make images of the class it was given; the labels of
generated images are those of the real batch.
"""

import dataclasses
from typing import Any

from gan_probe import types
from gan_probe.gans import adversarial, gan, losses
from gan_probe.gans.heuristics import Heuristics
from gan_probe.models import acgan

__all__ = ["JS", "WASSERSTEIN", "Settings", "WassersteinSettings"]

_CODE = "lucas-swiniarski/GAN, ClassifierGAN"
_KERAS = "keras-team/keras, mnist_acgan.py"
_RESNET = "igul222/improved_wgan_training, gan_cifar_resnet.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of AC-GAN (paper 001's DC-GAN)."""

    steps: int = gan.setting(187_400, "iterations: updates of the generator", f"{_CODE}: 200 epochs of MNIST")
    batch: int = gan.setting(64, "images of an update", _CODE)
    latent: int = gan.setting(100, "numbers of a latent, N(0, 1), beside the class", _CODE)
    width: int = gan.setting(64, "channels of the generator's last stage but one", _CODE)
    discriminator_width: int = gan.setting(64, "channels of the discriminator's first stage", _CODE)
    rate: float = gan.setting(2e-4, "learning rate of Adam", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    generator_class_weight: float = gan.setting(
        1.0, "weight of the classes' cross-entropy in the generator's loss", f"{_CODE}; {_RESNET} .1"
    )
    norm: str = gan.setting(
        "batch", "batch norm or none in the discriminator; with none weights begin as Glorot has them",
        f"{_CODE}; {_KERAS} none", choices=("batch", "none"),
    )  # fmt: skip
    dropout: float = gan.setting(0.0, "share of the discriminator's channels that are dropped", _CODE, most=0.9)
    penalty: float = gan.setting(0.0, "weight of the gradient penalty", f"{_CODE}; Fedus et al. 2018 10")
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics())


@dataclasses.dataclass(frozen=True, kw_only=True)
class WassersteinSettings:
    """Hyper-parameters of its Wasserstein form (paper 001's W-GAN)."""

    steps: int = gan.setting(37_500, "iterations: updates of the generator", f"{_CODE}: 200 epochs of MNIST")
    batch: int = gan.setting(64, "images of an update", _CODE)
    latent: int = gan.setting(100, "numbers of a latent, N(0, 1), beside the class", _CODE)
    width: int = gan.setting(64, "channels of the generator's last stage but one", _CODE)
    discriminator_width: int = gan.setting(64, "channels of the critic's first stage", _CODE)
    rate: float = gan.setting(2e-4, "learning rate of RMSprop", _CODE)
    clip: float = gan.setting(
        0.01, "bound of the critic's parameters, but for the last class layer; none with a penalty", _CODE
    )
    penalty: float = gan.setting(0.0, "weight of the gradient penalty", f"{_CODE}; {_RESNET} 10")
    norm: str = gan.setting(
        "batch", "batch norm or none in the discriminator; with none weights begin as Glorot has them", _CODE,
        choices=("batch", "none"),
    )  # fmt: skip
    critics: int = gan.setting(5, "updates of the critic an iteration", _CODE)
    class_weight: float = gan.setting(1.0, "weight of the classes' cross-entropy in the critic's loss", _CODE)
    generator_class_weight: float = gan.setting(
        1.0, "weight of the classes' cross-entropy in the generator's loss", f"{_CODE}; {_RESNET} .1"
    )
    dropout: float = gan.setting(0.5, "share of the critic's channels that are dropped", f"{_CODE}; rate [U]", most=0.9)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)
    heuristics: Heuristics = dataclasses.field(default=Heuristics())


def _normed(settings: Settings | WassersteinSettings) -> bool:
    """Whether the discriminator has batch norm, which mixes the rows that a gradient penalty wants apart."""
    if settings.penalty and settings.norm == "batch":
        raise types.UserError(f"--penalty={settings.penalty:g}: batch norm mixes rows; give --norm=none")
    return settings.norm == "batch"


def _js(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    assert spec.classes is not None
    dtype: Any = settings.dtype
    norm = _normed(settings)
    return adversarial.adversarial(
        spec=spec,
        generator=acgan.Generator(size, channels, settings.width, dtype=dtype),
        discriminator=acgan.Discriminator(
            spec.classes, settings.discriminator_width, settings.dropout, biases=not norm, norm=norm, dtype=dtype
        ),
        latent=adversarial.normal(settings.latent),
        loss=losses.LOSSES["non_saturating"],
        optimizers=(adversarial.adam(settings.rate, settings.beta1), adversarial.adam(settings.rate, settings.beta1)),
        rules=adversarial.Rules(
            penalty=settings.penalty, options=settings.heuristics, classes=spec.classes,
            class_weights=(1.0, settings.generator_class_weight),
        ),
    )  # fmt: skip


def _wasserstein(settings: WassersteinSettings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    assert spec.classes is not None
    dtype: Any = settings.dtype
    return adversarial.adversarial(
        spec=spec,
        generator=acgan.Generator(size, channels, settings.width, dtype=dtype),
        discriminator=acgan.Discriminator(
            spec.classes, settings.discriminator_width, settings.dropout, biases=True, norm=_normed(settings),
            dtype=dtype,
        ),
        latent=adversarial.normal(settings.latent),
        loss=losses.LOSSES["wasserstein"],
        optimizers=(adversarial.rmsprop(settings.rate), adversarial.rmsprop(settings.rate)),
        rules=adversarial.Rules(
            critics=lambda iteration: settings.critics - 1, penalty=settings.penalty,
            clip=None if settings.penalty else settings.clip, unclipped=("classes",), options=settings.heuristics,
            classes=spec.classes, class_weights=(settings.class_weight, settings.generator_class_weight),
        ),
    )  # fmt: skip


_SMOKE = {"steps": 3, "batch": 16, "width": 4, "discriminator_width": 4}

JS = gan.System(
    "a class for the generator, a class head for the discriminator (paper 001)",
    Settings,
    _js,
    {
        "smoke": _SMOKE,
        # What was tried without the penalty: docs/gans.md.
        "cpu": {
            "steps": 4_500, "width": 16, "discriminator_width": 16, "rate": 1e-3, "norm": "none", "penalty": 10.0,
            "generator_class_weight": 0.1,
        },
    },
    labels=True,
)  # fmt: skip
WASSERSTEIN = gan.System(
    "the same with a clipped critic (paper 001)",
    WassersteinSettings,
    _wasserstein,
    {
        "smoke": {**_SMOKE, "critics": 2},
        # The clipped critic's values are hundredths, and no weight of the classes suited them (docs/gans.md).
        "cpu": {
            "steps": 1_500, "width": 16, "discriminator_width": 16, "rate": 1e-3, "norm": "none", "penalty": 10.0,
            "generator_class_weight": 0.5, "critics": 3, "dropout": 0.0,
        },
    },
    labels=True,
)  # fmt: skip
