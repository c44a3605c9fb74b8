"""Stacked GAN: a GAN from class to an encoder's features, one from features to images (Huang et al. 2017).

The encoder learns beside them, from real labels alone, where xunhuang1995/SGAN trains it first; the stages learn apart
(no joint phase), and each generator takes one step an iteration, where the code takes one to seven.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.gans import adversarial, gan, losses
from gan_probe.models import sgan

__all__ = ["SGAN", "Settings", "State"]

_CODE = "xunhuang1995/SGAN, cifar"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of Stacked GAN."""

    steps: int = gan.setting(100_000, "iterations", f"{_CODE}: 200 epochs")
    batch: int = gan.setting(100, "images of an update", _CODE)
    image_latent: int = gan.setting(16, "numbers of the image stage's latent, U[0, 1]", _CODE)
    feature_latent: int = gan.setting(50, "numbers of the feature stage's latent, U[0, 1]", _CODE)
    width: int = gan.setting(128, "channels of the image generator's last stage but one", _CODE)
    discriminator_width: int = gan.setting(96, "channels of the image discriminator's first stage", _CODE)
    feature_width: int = gan.setting(512, "units of the feature stage's layers", _CODE)
    conditional: float = gan.setting(1.0, "weight of what the encoder must find again", _CODE)
    entropy: float = gan.setting(10.0, "weight of the squared error of the latent found again", _CODE)
    rate: float = gan.setting(1e-4, "learning rate of Adam", _CODE)
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", _CODE)
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


class State(NamedTuple):
    """The encoder's variables and optimizer, and the players of both stages."""

    encoder: Any
    encoder_optimizer: Any
    features: adversarial.Players
    images: adversarial.Players


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    assert spec.classes is not None
    classes, (size, _, channels) = spec.classes, spec.shape
    dtype: Any = settings.dtype
    encoder = sgan.Encoder(classes, dtype=dtype)
    upper = _Stage(
        sgan.FeatureGenerator(width=settings.feature_width, dtype=dtype),
        sgan.FeatureDiscriminator(classes, settings.feature_latent, settings.feature_width, dtype),
        settings.feature_latent, settings,
    )  # fmt: skip
    lower = _Stage(
        sgan.ImageGenerator(size, channels, settings.width, dtype),
        sgan.ImageDiscriminator(classes, settings.image_latent, settings.discriminator_width, dtype),
        settings.image_latent, settings,
    )  # fmt: skip
    optimizer = adversarial.adam(settings.rate, settings.beta1)

    def init(key: jax.Array) -> State:
        keys = jax.random.split(key, 3)
        rows = jnp.zeros((2, *spec.shape))
        encoding = adversarial.begin(encoder, rows, keys[0])
        features = jnp.zeros((2, encoder.units))
        return State(
            encoding, optimizer.init(encoding["params"]), upper.init(jnp.zeros((2, classes)), features, keys[1]),
            lower.init(features, rows, keys[2]),
        )  # fmt: skip

    def encoder_loss(params: Any, batch: gan.Batch):
        features, logits = adversarial.inferred(encoder, {"params": params}, batch.rows)
        return losses.cross_entropy(logits, batch.labels), features

    def step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        one, two = jax.random.split(key)
        params = state.encoder["params"]
        (named, features), gradient = jax.value_and_grad(encoder_loss, has_aux=True)(params, batch)

        def same_class(made: jax.Array) -> jax.Array:
            logits: Any = encoder.apply(state.encoder, made, method="classify")
            return losses.cross_entropy(logits, batch.labels)

        def same_features(made: jax.Array) -> jax.Array:
            return jnp.mean((adversarial.inferred(encoder, state.encoder, made)[0] - features) ** 2)

        one_hot = jax.nn.one_hot(batch.labels, classes)
        above, info = upper.step(state.features, one_hot, features, batch.labels, same_class, one)
        below, more = lower.step(state.images, features, batch.rows, batch.labels, same_features, two)
        params, after = adversarial.updated(optimizer, gradient, state.encoder_optimizer, params)
        seen = {f"feature_{name}": value for name, value in info.items()} | more | {"classes": named}
        return State({"params": params}, after, above, below), seen

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        one, two = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        features = upper.made(state.features, one, jax.nn.one_hot(labels, classes))
        return lower.made(state.images, two, features)

    return gan.Gan(init, step, sample)


class _Stage:
    """One GAN of the stack: from a condition to what the encoder sees below it."""

    def __init__(self, generator: linen.Module, discriminator: linen.Module, latent: int, settings: Settings):
        self._generator, self._discriminator, self._settings = generator, discriminator, settings
        self._latent = adversarial.uniform(latent, 0.0, 1.0)
        self._optimizer = adversarial.adam(settings.rate, settings.beta1)

    def init(self, condition: jax.Array, real: jax.Array, key: jax.Array) -> adversarial.Players:
        one, two = jax.random.split(key)
        making = adversarial.begin(self._generator, (self._latent(key, 2), condition), one)
        judging = adversarial.begin(self._discriminator, real, two)
        make, judge = self._optimizer.init(making["params"]), self._optimizer.init(judging["params"])
        return adversarial.Players(making, judging, make, judge, jnp.int32(0))

    def step(
        self, players: adversarial.Players, condition: jax.Array, real: jax.Array, labels: jax.Array,
        found_again: Callable[[jax.Array], jax.Array], key: jax.Array,
    ) -> tuple[adversarial.Players, gan.Info]:  # fmt: skip
        """An update of each; `found_again` says how badly the encoder finds the condition in what was made."""
        keys = jax.random.split(key, 4)
        z = self._latent(keys[0], len(real))
        made, _ = adversarial.run(self._generator, players.generator, (z, condition), keys[1])
        weight = self._settings

        def discriminator_loss(params: Any):
            variables = {**players.discriminator, "params": params}
            (logits, _), variables = adversarial.run(self._discriminator, variables, real, keys[2])
            (fake, recovered), variables = adversarial.run(self._discriminator, variables, made, keys[3])
            true, false = jax.nn.logsumexp(logits, axis=1), jax.nn.logsumexp(fake, axis=1)
            adversary = 0.5 * (jax.nn.softplus(-true) + jax.nn.softplus(false)).mean()
            total = adversary + losses.cross_entropy(logits, labels) + weight.entropy * jnp.mean((recovered - z) ** 2)
            return total, (variables, adversary)

        def generator_loss(params: Any, judging: Any):
            variables = {**players.generator, "params": params}
            made, variables = adversarial.run(self._generator, variables, (z, condition), keys[1])
            (fake, recovered), _ = adversarial.run(self._discriminator, judging, made, keys[3])
            adversary = -jax.nn.softplus(jax.nn.logsumexp(fake, axis=1)).mean()
            again, entropy = found_again(made), jnp.mean((recovered - z) ** 2)
            total = adversary + weight.conditional * again + weight.entropy * entropy
            return total, (variables, {"generator": adversary, "conditional": again, "entropy": entropy})

        params = players.discriminator["params"]
        gradient, (judging, adversary) = jax.grad(discriminator_loss, has_aux=True)(params)
        params, judge = adversarial.updated(self._optimizer, gradient, players.discriminator_optimizer, params)
        judging = {**judging, "params": params}
        params = players.generator["params"]
        gradient, (making, info) = jax.grad(generator_loss, has_aux=True)(params, judging)
        params, make = adversarial.updated(self._optimizer, gradient, players.generator_optimizer, params)
        after = adversarial.Players({**making, "params": params}, judging, make, judge, players.iteration + 1)
        return after, {"discriminator": adversary, **info}

    def made(self, players: adversarial.Players, keys: jax.Array, condition: jax.Array) -> jax.Array:
        z = jax.vmap(lambda key: self._latent(key, 1)[0])(keys)
        return adversarial.inferred(self._generator, players.generator, (z, condition))


SGAN = gan.System(
    "a GAN of features under a GAN of images (Huang et al. 2017)",
    Settings,
    _build,
    {
        "smoke": {"steps": 2, "batch": 16, "width": 4, "discriminator_width": 4, "feature_width": 16},
        "cpu": {"steps": 1_500, "batch": 64, "width": 32, "discriminator_width": 24, "feature_width": 256},
    },
    sizes=(28, 32),
    labels=True,
)
