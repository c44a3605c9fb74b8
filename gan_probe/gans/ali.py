"""ALI: adversarially learned inference (Dumoulin et al. 2017; IshmaelBelghazi/ALI)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from gan_probe.gans import adversarial, gan, joint
from gan_probe.models import ali

__all__ = ["ALI", "Settings"]

_CODE = "IshmaelBelghazi/ALI, ali_celeba.py"
_BRIGHTEST = 1 - 1 / 128  # of a mean image, half a grey level from where tanh would take an infinite bias


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of ALI."""

    steps: int = gan.setting(200_000, "iterations", f"{_CODE}: 123 epochs of CelebA")
    batch: int = gan.setting(100, "images of an update", _CODE)
    latent: int = gan.setting(256, "numbers of a latent, N(0, 1)", f"{_CODE}; 64 for CIFAR-10")
    times: float = gan.setting(1.0, "factor of all channels and units", _CODE, least=1 / 32)
    dropout: float = gan.setting(0.2, "share that the discriminator's inputs lose, at every layer", _CODE, most=0.9)
    rate: float = gan.setting(1e-4, "learning rate of Adam", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype

    def drawn(code: tuple[jax.Array, jax.Array], key: jax.Array) -> jax.Array:
        mean, log_deviation = code
        return mean + jnp.exp(log_deviation) * jax.random.normal(key, mean.shape)

    def look(state: joint.State, batch: gan.Batch, key: jax.Array) -> joint.State:
        """The generator begins at the mean image: its pixels' biases."""
        del key
        params = state.generator["params"]
        border = (len(params["bias"]) - size) // 2
        mean = jnp.pad(batch.rows.mean(axis=0), ((border, border), (border, border), (0, 0)), constant_values=-1.0)
        params = {**params, "bias": jnp.arctanh(jnp.clip(mean, -_BRIGHTEST, _BRIGHTEST))}
        return state._replace(generator={**state.generator, "params": params})

    system = joint.joint(
        spec=spec,
        encoder=ali.Encoder(settings.latent, settings.times, dtype),
        generator=ali.Generator(size, channels, settings.times, dtype),
        discriminator=ali.Discriminator(settings.times, settings.dropout, dtype),
        latent=adversarial.normal(settings.latent),
        drawn=drawn,
        optimizers=(adversarial.adam(settings.rate, settings.beta1), adversarial.adam(settings.rate, settings.beta1)),
    )
    return system._replace(look=look)


ALI = gan.System(
    "adversarially learned inference: images with latents (Dumoulin et al. 2017)",
    Settings,
    _build,
    {
        "smoke": {"steps": 2, "batch": 16, "latent": 8, "times": 0.0625},
        "cpu": {"steps": 600, "batch": 32, "latent": 64, "times": 0.125, "rate": 1e-3},
    },
)
