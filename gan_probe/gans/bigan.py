"""BiGAN: adversarial feature learning on images as rows of pixels (Donahue et al. 2017; jeffdonahue/bigan)."""

import dataclasses
from typing import Any

import jax
import optax

from gan_probe.gans import adversarial, gan, joint
from gan_probe.models import bigan

__all__ = ["BIGAN", "Settings"]

_CODE = "jeffdonahue/bigan, train_mnist.sh"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of BiGAN."""

    steps: int = gan.setting(187_600, "iterations; over the second half the rate falls to 1 %", f"{_CODE}: 400 epochs")
    batch: int = gan.setting(128, "images of an update", _CODE)
    latent: int = gan.setting(50, "numbers of a latent, U[-1, 1]", _CODE)
    width: int = gan.setting(1024, "units of every hidden layer", _CODE)
    rate: float = gan.setting(2e-4, "learning rate of Adam", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    weight_decay: float = gan.setting(2.5e-5, "weight of the squared parameters, added to the gradient", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    dtype: Any = settings.dtype
    half = max(settings.steps // 2, 1)
    rate = optax.exponential_decay(settings.rate, settings.steps - half or 1, 0.01, transition_begin=half)

    def adam() -> optax.GradientTransformation:
        return optax.chain(optax.add_decayed_weights(settings.weight_decay), adversarial.adam(rate, settings.beta1))

    def as_it_is(code: jax.Array, key: jax.Array) -> jax.Array:
        del key
        return code

    return joint.joint(
        spec=spec,
        encoder=bigan.Encoder(settings.latent, settings.width, dtype),
        generator=bigan.Generator(spec.shape, settings.width, dtype),
        discriminator=bigan.Discriminator(settings.width, dtype),
        latent=adversarial.uniform(settings.latent),
        drawn=as_it_is,
        optimizers=(adam(), adam()),
    )


BIGAN = gan.System(
    "adversarial feature learning, fully connected (Donahue et al. 2017)",
    Settings,
    _build,
    {"smoke": {"steps": 4, "batch": 16, "width": 16, "latent": 8}, "cpu": {"steps": 10_000, "width": 512}},
)
