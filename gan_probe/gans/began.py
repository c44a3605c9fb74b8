"""BEGAN: an autoencoder as discriminator, held in balance (Berthelot et al. 2017; carpedm20/BEGAN-tensorflow)."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gan_probe.gans import adversarial, gan
from gan_probe.models import began

__all__ = ["BEGAN", "Settings", "State"]

_CODE = "carpedm20/BEGAN-tensorflow, config.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of BEGAN."""

    steps: int = gan.setting(500_000, "iterations", _CODE)
    batch: int = gan.setting(16, "images of an update", _CODE)
    latent: int = gan.setting(64, "numbers of a latent, U[-1, 1]; also of the autoencoder's", _CODE)
    width: int = gan.setting(128, "channels of both networks", _CODE)
    rate: float = gan.setting(8e-5, "learning rate of Adam", _CODE)
    halved_every: int = gan.setting(100_000, "iterations after which the rate is halved, down to a quarter", _CODE)
    beta1: float = gan.setting(0.9, "decay of Adam's first moment", f"{_CODE}: its flag of .5 is never passed on")
    balance: float = gan.setting(0.5, "gamma, the share of the real error that generated images should have", _CODE)
    balance_rate: float = gan.setting(0.001, "lambda, the rate of the balance", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


class State(NamedTuple):
    """Variables, optimizers, and the weight k of generated images in the discriminator's loss."""

    generator: Any
    discriminator: Any
    generator_optimizer: Any
    discriminator_optimizer: Any
    weight: jax.Array


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype
    generator = began.Generator(size, channels, settings.width, dtype)
    discriminator = began.Autoencoder(settings.latent, settings.width, dtype)
    latent = adversarial.uniform(settings.latent)
    rate = optax.exponential_decay(
        settings.rate, settings.halved_every, 0.5, staircase=True, end_value=settings.rate / 4
    )
    optimizers = [adversarial.adam(rate, settings.beta1) for _ in range(2)]

    def init(key: jax.Array) -> State:
        one, two, three = jax.random.split(key, 3)
        making = adversarial.begin(generator, latent(three, 2), one)
        judging = adversarial.begin(discriminator, jnp.zeros((2, *spec.shape)), two)
        make, judge = optimizers[0].init(making["params"]), optimizers[1].init(judging["params"])
        return State(making, judging, make, judge, jnp.float32(0))

    def error(params: Any, rows: jax.Array) -> jax.Array:
        """mean |v - D(v)| over pixels."""
        return jnp.abs(rows - adversarial.inferred(discriminator, {"params": params}, rows)).mean()

    def generated_error(making: Any, judging: Any, z: jax.Array) -> jax.Array:
        return error(judging, adversarial.inferred(generator, {"params": making}, z))

    def step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        z = latent(key, len(batch.rows))
        params = state.generator["params"], state.discriminator["params"]
        real, judge = jax.value_and_grad(error)(params[1], batch.rows)
        fake, (make, against) = jax.value_and_grad(generated_error, (0, 1))(*params, z)
        judge = jax.tree.map(lambda a, b: a - state.weight * b, judge, against)
        generating, one = adversarial.updated(optimizers[0], make, state.generator_optimizer, params[0])
        judging, two = adversarial.updated(optimizers[1], judge, state.discriminator_optimizer, params[1])
        off = settings.balance * real - fake
        weight = jnp.clip(state.weight + settings.balance_rate * off, 0, 1)
        info = {"real": real, "fake": fake, "weight": weight, "measure": real + jnp.abs(off)}
        return State({"params": generating}, {"params": judging}, one, two, weight), info

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        del labels
        return adversarial.inferred(generator, state.generator, adversarial.each(latent, keys))

    return gan.Gan(init, step, sample)


BEGAN = gan.System(
    "an autoencoder as discriminator, held in balance (Berthelot et al. 2017)",
    Settings,
    _build,
    {
        "smoke": {"steps": 2, "batch": 8, "width": 4, "latent": 8},
        # At a balance of .7 sparse images meet it, such as all ones of MNIST; at the code's the weight stays 0.
        "cpu": {
            "steps": 2_000, "width": 16, "latent": 32, "rate": 5e-4, "beta1": 0.5, "balance": 0.9, "balance_rate": 0.02,
        },
    },
)  # fmt: skip
