"""MIX+GAN: mixtures of generators against mixtures of discriminators (Arora et al. 2017) over DCGAN's networks.

The weights of both mixtures are trained with their players; paper 003 used three components, its code five.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_probe.gans import adversarial, gan, losses
from gan_probe.models import dcgan

__all__ = ["MIX", "Settings", "State"]

_CODE = "PrincetonML/MIX-plus-GANs, train_mixgan.py"
_DCGAN = "carpedm20/DCGAN-tensorflow"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of MIX+DCGAN."""

    components: int = gan.setting(3, "generators, and discriminators", "paper 003; 5 in its code")
    entropy: float = gan.setting(0.1, "weight of what keeps a mixture's weights alike", _CODE)
    steps: int = gan.setting(79_000, "iterations", f"{_DCGAN}: 25 epochs of CelebA")
    batch: int = gan.setting(64, "images of an update", f"{_DCGAN}; 49 in {_CODE}")
    latent: int = gan.setting(100, "numbers of a latent, U[-1, 1], shared by all generators", f"{_DCGAN}, main.py")
    width: int = gan.setting(64, "channels of the generators' last stage but one", f"{_DCGAN}, model.py")
    discriminator_width: int = gan.setting(64, "channels of the discriminators' first stage", f"{_DCGAN}, model.py")
    rate: float = gan.setting(2e-4, "learning rate of Adam", f"{_DCGAN}, main.py")
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", f"{_DCGAN}, main.py")
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


class State(NamedTuple):
    """Of each side: variables of its components, logits [components] of its mixture, and its optimizer's state."""

    generators: tuple[Any, ...]
    discriminators: tuple[Any, ...]
    generator_logits: jax.Array
    discriminator_logits: jax.Array
    generator_optimizer: Any
    discriminator_optimizer: Any


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype
    generator = dcgan.Generator(size, channels, settings.width, dtype=dtype)
    discriminator = dcgan.Discriminator(settings.discriminator_width, dtype=dtype)
    latent = adversarial.uniform(settings.latent)
    loss = losses.LOSSES["non_saturating"]
    optimizers = [adversarial.adam(settings.rate, settings.beta1) for _ in range(2)]
    many = range(settings.components)

    def init(key: jax.Array) -> State:
        keys = jax.random.split(key, (2, settings.components))
        generators = tuple(adversarial.begin(generator, latent(k, 2), k) for k in keys[0])
        discriminators = tuple(adversarial.begin(discriminator, jnp.zeros((2, *spec.shape)), k) for k in keys[1])
        logits = jnp.zeros(settings.components)
        sides = [(tuple(v["params"] for v in side), logits) for side in (generators, discriminators)]
        states = [optimizer.init(side) for optimizer, side in zip(optimizers, sides, strict=True)]
        return State(generators, discriminators, logits, logits, *states)

    def evenness(logits: jax.Array) -> jax.Array:
        """-mean ln w: least, ln n, for equal weights."""
        return -settings.entropy * jax.nn.log_softmax(logits).mean()

    def discriminator_loss(side: Any, state: State, rows: jax.Array, fakes: list[jax.Array], key: jax.Array):
        params, logits = side
        ours, theirs = jax.nn.softmax(logits), jax.nn.softmax(state.generator_logits)
        total, after = evenness(logits), []
        for j in many:
            variables = {**state.discriminators[j], "params": params[j]}
            real, variables = adversarial.run(discriminator, variables, rows, key)
            cost = loss.real(real).mean()
            for i in many:
                fake, variables = adversarial.run(discriminator, variables, fakes[i], key)
                cost = cost + theirs[i] * loss.fake(fake).mean()
            total = total + ours[j] * cost
            after.append(variables)
        return total, after

    def generator_loss(side: Any, state: State, z: jax.Array, key: jax.Array):
        params, logits = side
        ours, theirs = jax.nn.softmax(logits), jax.nn.softmax(state.discriminator_logits)
        total, after = evenness(logits), []
        for i in many:
            fake, variables = adversarial.run(generator, {**state.generators[i], "params": params[i]}, z, key)
            after.append(variables)
            for j in many:
                judged, _ = adversarial.run(discriminator, state.discriminators[j], fake, key)
                total = total + ours[i] * theirs[j] * loss.generator(judged).mean()
        return total, after

    def step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        z = latent(key, len(batch.rows))
        fakes = [adversarial.run(generator, variables, z, key)[0] for variables in state.generators]
        side = tuple(v["params"] for v in state.discriminators), state.discriminator_logits
        (judged, after), gradient = jax.value_and_grad(discriminator_loss, has_aux=True)(
            side, state, batch.rows, fakes, key
        )
        (params, logits), optimizer = adversarial.updated(optimizers[1], gradient, state.discriminator_optimizer, side)
        state = state._replace(
            discriminators=tuple({**v, "params": p} for v, p in zip(after, params, strict=True)),
            discriminator_logits=logits, discriminator_optimizer=optimizer,
        )  # fmt: skip
        side = tuple(v["params"] for v in state.generators), state.generator_logits
        (made, after), gradient = jax.value_and_grad(generator_loss, has_aux=True)(side, state, z, key)
        (params, logits), optimizer = adversarial.updated(optimizers[0], gradient, state.generator_optimizer, side)
        state = state._replace(
            generators=tuple({**v, "params": p} for v, p in zip(after, params, strict=True)),
            generator_logits=logits, generator_optimizer=optimizer,
        )  # fmt: skip
        return state, {"discriminator": judged, "generator": made, "most": jax.nn.softmax(logits).max()}

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        """Each sample from a component drawn by weight."""
        del labels
        one, two = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        z = adversarial.each(latent, one)
        component = jax.vmap(lambda key: jax.random.categorical(key, state.generator_logits))(two)
        made = jnp.stack([adversarial.inferred(generator, variables, z) for variables in state.generators])
        return jnp.take_along_axis(made, component[None, :, None, None, None], axis=0)[0]

    return gan.Gan(init, step, sample)


MIX = gan.System(
    "mixtures of DCGANs, whose weights are trained too (Arora et al. 2017)",
    Settings,
    _build,
    {
        "smoke": {"steps": 2, "batch": 8, "width": 2, "discriminator_width": 2, "components": 2},
        "cpu": {"steps": 1_000, "width": 16, "discriminator_width": 16},
    },
)
