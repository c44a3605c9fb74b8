"""A variational autoencoder (Kingma and Welling 2014; convolutional as yzwxx/vae-celebA trains it).

VAE-10 (Wu et al. 2017) is fully connected: --latent=10 --encoder_widths=256,64 --widths=64,256,256,1024 --rate=1e-5;
its variance .03 of pixels in 0..1 is --divergence=3.06e-4 on MNIST (8 x .03 / 784).
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.gans import adversarial, gan
from gan_probe.gans import settings as settings_lib
from gan_probe.models import fully_connected, vae

__all__ = ["VAE", "Settings", "State", "divergence"]

_CODE = "yzwxx/vae-celebA, train_vae.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of the VAE."""

    steps: int = gan.setting(95_000, "iterations", f"{_CODE}: 30 epochs of CelebA")
    batch: int = gan.setting(64, "images of an update", f"{_CODE}; paper 003 batches of 400")
    latent: int = gan.setting(128, "numbers of a latent, N(0, 1)", _CODE)
    width: int = gan.setting(32, "channels of the decoder's last stage; the encoder begins with twice as many", _CODE)
    widths: str = gan.setting(
        "", "units of a fully connected decoder's hidden layers, with commas; else convolutional", "tanh as in VAE-10"
    )
    encoder_widths: str = gan.setting("256,64", "units of the hidden layers of the encoder before it", "VAE-10")
    rate: float = gan.setting(1e-3, "learning rate of Adam", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    divergence: float = gan.setting(0.005, "weight of the divergence beside the mean squared error", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


class State(NamedTuple):
    """Variables of both networks, and the state of the one optimizer."""

    encoder: Any
    decoder: Any
    optimizer: Any


def divergence(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """KL(N(mean, variance) || N(0, 1)) of each row, [b, z] to [b], in nats."""
    return 0.5 * jnp.sum(jnp.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype
    encoder: linen.Module = vae.Encoder(settings.latent, 2 * settings.width, dtype=dtype)
    decoder: linen.Module = vae.Decoder(size, channels, settings.width, dtype=dtype)
    if settings.widths:
        widths, encoder_widths = (
            settings_lib.widths(getattr(settings, name), name) for name in ("widths", "encoder_widths")
        )
        encoder = fully_connected.Encoder(settings.latent, encoder_widths, dtype=dtype)
        decoder = fully_connected.Generator(spec.shape, widths, "tanh", dtype=dtype)
    optimizer = adversarial.adam(settings.rate, settings.beta1)
    latent = adversarial.normal(settings.latent)

    def init(key: jax.Array) -> State:
        one, two = jax.random.split(key)
        encoding = adversarial.begin(encoder, jnp.zeros((2, *spec.shape)), one)
        decoding = adversarial.begin(decoder, latent(key, 2), two)
        return State(encoding, decoding, optimizer.init((encoding["params"], decoding["params"])))

    def loss(params: Any, state: State, rows: jax.Array, key: jax.Array):
        one, two, three = jax.random.split(key, 3)
        (mean, log_variance), encoding = adversarial.run(encoder, {**state.encoder, "params": params[0]}, rows, one)
        z = mean + jnp.exp(0.5 * log_variance) * latent(two, len(rows))
        made, decoding = adversarial.run(decoder, {**state.decoder, "params": params[1]}, z, three)
        error, apart = jnp.mean((made - rows) ** 2), divergence(mean, log_variance).mean()
        return error + settings.divergence * apart, ((encoding, decoding), {"error": error, "divergence": apart})

    def step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        params = (state.encoder["params"], state.decoder["params"])
        gradient, ((encoding, decoding), info) = jax.grad(loss, has_aux=True)(params, state, batch.rows, key)
        params, after = adversarial.updated(optimizer, gradient, state.optimizer, params)
        return State({**encoding, "params": params[0]}, {**decoding, "params": params[1]}, after), info

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        return decode(state, adversarial.each(latent, keys), labels)

    def decode(state: State, z: jax.Array, labels: jax.Array) -> jax.Array:
        del labels
        return adversarial.inferred(decoder, state.decoder, z)

    return gan.Gan(init, step, sample, latent=latent, decode=decode)


VAE = gan.System(
    "a variational autoencoder, convolutional (Kingma and Welling 2014)",
    Settings,
    _build,
    {
        "smoke": {"steps": 4, "batch": 16, "width": 2, "latent": 8},
        "cpu": {"steps": 500, "width": 8, "latent": 32, "divergence": 5e-4},
    },
)
