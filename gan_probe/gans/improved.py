"""Improved GAN: feature matching, minibatch discrimination, classes (Salimans et al. 2016; openai/improved-gan).

The discriminator's class logits are also its verdict: an image is real to the degree that their log-sum-exp is large.
Without labels there is one class; labels, where there are any, are all used.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen, traverse_util

from gan_probe.gans import adversarial, gan, losses
from gan_probe.models import improved

__all__ = ["IMPROVED", "WEAK", "Settings"]

_CODE = "openai/improved-gan, train_cifar_feature_matching.py"
_MINIBATCH = "train_cifar_minibatch_discrimination.py"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of Improved GAN."""

    matching: str = gan.setting(
        "features", "what the generator matches: mean features, or minibatch discrimination", _CODE,
        choices=("features", "minibatch"),
    )  # fmt: skip
    steps: int = gan.setting(600_000, "iterations; over the last third the rate falls to 0", f"{_CODE}: 1200 epochs")
    batch: int = gan.setting(100, "images of an update", _CODE)
    latent: int = gan.setting(100, "numbers of a latent, U[0, 1]", _CODE)
    width: int = gan.setting(128, "channels of the generator's last stage but one", _CODE)
    discriminator_width: int = gan.setting(96, "channels of the discriminator's first stage", _CODE)
    generator_steps: int = gan.setting(1, "updates of the generator an iteration", f"{_CODE}; {_MINIBATCH} 3")
    rate: float = gan.setting(3e-4, "learning rate of Adam", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


def _build(settings: Settings, spec: gan.Spec, *, norm: bool = True) -> gan.Gan:
    size, _, channels = spec.shape
    dtype: Any = settings.dtype
    by_features = settings.matching == "features"
    generator: linen.Module = improved.Generator(size, channels, settings.width, norm, dtype)
    discriminator = improved.Discriminator(spec.classes or 1, settings.discriminator_width, not by_features, dtype)
    latent = adversarial.uniform(settings.latent, 0.0, 1.0)

    def adam(updates: int) -> optax.GradientTransformation:
        last = settings.steps * updates
        return adversarial.adam(lambda t: settings.rate * jnp.minimum(3 - 3 * t / last, 1.0), settings.beta1)

    optimizers = adam(settings.generator_steps), adam(1)

    def init(key: jax.Array) -> adversarial.Players:
        one, two, three = jax.random.split(key, 3)
        making = adversarial.begin(generator, latent(key, 4), one)
        noise = jax.random.uniform(three, (4, *spec.shape), jnp.float32, -1, 1)
        judging = adversarial.begin(discriminator, noise, two)
        make, judge = optimizers[0].init(making["params"]), optimizers[1].init(judging["params"])
        return adversarial.Players(making, judging, make, judge, jnp.int32(0))

    def look(players: Any, batch: gan.Batch, key: jax.Array) -> adversarial.Players:
        one, two = jax.random.split(key)
        return players._replace(
            generator=_looked(generator, players.generator, latent(key, len(batch.rows)), one),
            discriminator=_looked(discriminator, players.discriminator, batch.rows, two),
        )

    def discriminator_loss(params: Any, players: Any, batch: gan.Batch, made: jax.Array, key: jax.Array):
        one, two = jax.random.split(key)
        (logits, _), _ = adversarial.run(discriminator, {"params": params}, batch.rows, one)
        (fake_logits, _), _ = adversarial.run(discriminator, {"params": params}, made, two)
        real, fake = jax.nn.logsumexp(logits, axis=1), jax.nn.logsumexp(fake_logits, axis=1)
        adversary = 0.5 * (jax.nn.softplus(-real) + jax.nn.softplus(fake)).mean()
        label = losses.cross_entropy(logits, batch.labels)
        return adversary + label, {"discriminator": adversary, "classes": label, "real": real.mean()}

    def generator_loss(params: Any, players: Any, rows: jax.Array, z: jax.Array, key: jax.Array):
        one, two, three = jax.random.split(key, 3)
        made, making = adversarial.run(generator, {**players.generator, "params": params}, z, one)
        (logits, features), _ = adversarial.run(discriminator, players.discriminator, made, two)
        if not by_features:
            return -jax.nn.softplus(jax.nn.logsumexp(logits, axis=1)).mean(), making
        (_, wanted), _ = adversarial.run(discriminator, players.discriminator, rows, three)
        return jnp.abs(wanted.mean(axis=0) - features.mean(axis=0)).mean(), making

    def step(players: Any, batch: gan.Batch, key: jax.Array) -> tuple[Any, gan.Info]:
        one, two = jax.random.split(key)
        z = latent(one, len(batch.rows))
        made, _ = adversarial.run(generator, players.generator, z, two)
        params = players.discriminator["params"]
        gradient, info = jax.grad(discriminator_loss, has_aux=True)(params, players, batch, made, two)
        params, judge = adversarial.updated(optimizers[1], gradient, players.discriminator_optimizer, params)
        players = players._replace(discriminator={"params": params}, discriminator_optimizer=judge)
        for i in range(settings.generator_steps):
            params = players.generator["params"]
            (loss, making), gradient = jax.value_and_grad(generator_loss, has_aux=True)(
                params, players, batch.rows, z, jax.random.fold_in(two, i)
            )
            params, make = adversarial.updated(optimizers[0], gradient, players.generator_optimizer, params)
            players = players._replace(generator={**making, "params": params}, generator_optimizer=make)
        return players._replace(iteration=players.iteration + 1), {**info, "generator": loss}

    def sample(players: Any, keys: jax.Array, labels: jax.Array) -> jax.Array:
        del labels
        return adversarial.inferred(generator, players.generator, adversarial.each(latent, keys))

    return gan.Gan(init, step, sample, look=look)


def _looked(module: linen.Module, variables: Any, rows: jax.Array, key: jax.Array) -> Any:
    """The variables, with those parameters that rows decide initialised again by these."""
    params = traverse_util.flatten_dict(variables["params"])
    others = {path: value for path, value in params.items() if path[-1] not in improved.FROM_ROWS}
    given = {**variables, "params": traverse_util.unflatten_dict(others)}
    keys = {"params": key, "dropout": key}
    _, found = module.apply(given, rows, train=True, mutable=list(variables), rngs=keys)
    return {**variables, "params": found["params"]}


_PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {"steps": 2, "batch": 8, "width": 4, "discriminator_width": 4},
    "cpu": {"steps": 600, "batch": 32, "width": 16, "discriminator_width": 16, "rate": 3e-3},  # its MNIST rate
}

IMPROVED = gan.System("feature matching or minibatch discrimination (Salimans et al. 2016)", Settings, _build, _PRESETS)
WEAK = gan.System(
    "the same without batch norm (thesis 004, section 3.3.2)",
    Settings,
    lambda settings, spec: _build(settings, spec, norm=False),
    _PRESETS,
)
