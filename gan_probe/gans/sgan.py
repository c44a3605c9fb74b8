"""Stacked GAN: a GAN from class to an encoder's features, one from features to images (Huang et al. 2017).

First the encoder learns from real labels, then the stages learn apart, given what the encoder finds in real images, and
last together: the upper stage's features go into the lower one. Each generator takes one step an iteration, where the
code takes one to seven.
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
_SHARE = 0.01  # of the lower stage's cost in the upper generator's, train_joint.py

_Error = Callable[[jax.Array, jax.Array], jax.Array]  # of what was made, given its condition


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of Stacked GAN."""

    steps: int = gan.setting(200_000, "iterations", f"{_CODE}: 10, 190 and 200 epochs")
    encoder_steps: int = gan.setting(5_000, "first iterations, of the encoder alone", "[U]; the code has it trained")
    joint_from: int = gan.setting(100_000, "iteration from which the stages learn together", f"{_CODE}, train_joint.py")
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
    lower, lower_jointly = (
        _Stage(
            sgan.ImageGenerator(size, channels, settings.width, dtype),
            sgan.ImageDiscriminator(classes, settings.image_latent, settings.discriminator_width, dropout, dtype),
            settings.image_latent, settings,
        )
        for dropout in (0.1, 0.3)
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

    def encoder_loss(params: Any, batch: gan.Batch) -> jax.Array:
        return losses.cross_entropy(adversarial.inferred(encoder, {"params": params}, batch.rows)[1], batch.labels)

    def encoder_step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        del key
        loss, gradient = jax.value_and_grad(encoder_loss)(state.encoder["params"], batch)
        params, after = adversarial.updated(optimizer, gradient, state.encoder_optimizer, state.encoder["params"])
        return state._replace(encoder={"params": params}, encoder_optimizer=after), {"classes": loss}

    def errors(state: State, labels: jax.Array) -> tuple[_Error, _Error]:
        """How badly the encoder finds the class in features, and features in images."""

        def of_class(made: jax.Array, condition: jax.Array) -> jax.Array:
            del condition  # the class, one-hot
            logits: Any = encoder.apply(state.encoder, made, method="classify")
            return losses.cross_entropy(logits, labels)

        def of_features(made: jax.Array, condition: jax.Array) -> jax.Array:
            return jnp.mean((adversarial.inferred(encoder, state.encoder, made)[0] - condition) ** 2)

        return of_class, of_features

    def apart_step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        features, _ = adversarial.inferred(encoder, state.encoder, batch.rows)
        given = (jax.nn.one_hot(batch.labels, classes), features), (features, batch.rows)
        players, seen = [], []
        for stage, before, (condition, real), error, one in zip(
            (upper, lower), (state.features, state.images), given, errors(state, batch.labels), jax.random.split(key),
            strict=True,
        ):  # fmt: skip
            z, keys = stage.latent(one, len(real)), jax.random.split(one)
            made, _ = adversarial.run(stage.generator, before.generator, (z, condition), keys[0])
            after, info = stage.judge(before, made, z, real, batch.labels, keys[1])
            gradient, (_, variables, more) = jax.grad(stage.cost, has_aux=True)(
                after.generator["params"], after, z, condition, error, keys
            )
            players.append(stage.make(after, gradient, variables))
            seen.append({**info, **more})
        return state._replace(features=players[0], images=players[1]), _named(seen)

    def joint_step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        keys = jax.random.split(key, 4)
        one, two = jax.random.split(keys[0]), jax.random.split(keys[1])
        high, low = upper.latent(keys[2], len(batch.rows)), lower.latent(keys[3], len(batch.rows))
        one_hot = jax.nn.one_hot(batch.labels, classes)
        real, _ = adversarial.inferred(encoder, state.encoder, batch.rows)
        features, _ = adversarial.run(upper.generator, state.features.generator, (high, one_hot), one[0])
        images, _ = adversarial.run(lower.generator, state.images.generator, (low, features), two[0])
        above, info = upper.judge(state.features, features, high, real, batch.labels, one[1])
        below, more = lower_jointly.judge(state.images, images, low, batch.rows, batch.labels, two[1])
        of_class, of_features = errors(state, batch.labels)

        def cost(params: Any):
            total, (made, *first) = upper.cost(params[0], above, high, one_hot, of_class, one)
            # The lower stage's cost counts _SHARE for the upper generator, and whole for its own.
            made = _SHARE * made + (1 - _SHARE) * jax.lax.stop_gradient(made)
            under, (_, *second) = lower_jointly.cost(params[1], below, low, made, of_features, two)
            return total + under, (first, second)

        params = above.generator["params"], below.generator["params"]
        gradients, (first, second) = jax.grad(cost, has_aux=True)(params)
        after = upper.make(above, gradients[0], first[0]), lower.make(below, gradients[1], second[0])
        return state._replace(features=after[0], images=after[1]), _named([{**info, **first[1]}, {**more, **second[1]}])

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        one, two = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        features = upper.made(state.features, one, jax.nn.one_hot(labels, classes))
        return lower.made(state.images, two, features)

    phases = (settings.encoder_steps, apart_step), (settings.joint_from, joint_step)
    return gan.Gan(init, encoder_step, sample, phases=phases)


def _named(infos: list[dict[str, jax.Array]]) -> dict[str, jax.Array]:
    upper, lower = infos
    return {**{f"feature_{name}": value for name, value in upper.items()}, **lower}


class _Stage:
    """One GAN of the stack: from a condition to what the encoder sees below it."""

    def __init__(self, generator: linen.Module, discriminator: linen.Module, latent: int, settings: Settings):
        self.generator, self._discriminator, self._settings = generator, discriminator, settings
        self.latent = adversarial.uniform(latent, 0.0, 1.0)
        self._optimizer = adversarial.adam(settings.rate, settings.beta1)

    def init(self, condition: jax.Array, real: jax.Array, key: jax.Array) -> adversarial.Players:
        one, two = jax.random.split(key)
        making = adversarial.begin(self.generator, (self.latent(key, 2), condition), one)
        judging = adversarial.begin(self._discriminator, real, two)
        make, judge = self._optimizer.init(making["params"]), self._optimizer.init(judging["params"])
        return adversarial.Players(making, judging, make, judge, jnp.int32(0))

    def judge(
        self, players: adversarial.Players, made: jax.Array, z: jax.Array, real: jax.Array, labels: jax.Array,
        key: jax.Array,
    ) -> tuple[adversarial.Players, dict[str, jax.Array]]:  # fmt: skip
        """An update of the discriminator."""
        one, two = jax.random.split(key)

        def cost(params: Any):
            variables = {**players.discriminator, "params": params}
            (logits, _), variables = adversarial.run(self._discriminator, variables, real, one)
            (fake, recovered), variables = adversarial.run(self._discriminator, variables, made, two)
            true, false = jax.nn.logsumexp(logits, axis=1), jax.nn.logsumexp(fake, axis=1)
            adversary = 0.5 * (jax.nn.softplus(-true) + jax.nn.softplus(false)).mean()
            total = adversary + losses.cross_entropy(logits, labels)
            return total + self._settings.entropy * jnp.mean((recovered - z) ** 2), (variables, adversary)

        params = players.discriminator["params"]
        gradient, (variables, adversary) = jax.grad(cost, has_aux=True)(params)
        params, after = adversarial.updated(self._optimizer, gradient, players.discriminator_optimizer, params)
        judging = {**variables, "params": params}
        return players._replace(discriminator=judging, discriminator_optimizer=after), {"discriminator": adversary}

    def cost(
        self, params: Any, players: adversarial.Players, z: jax.Array, condition: jax.Array, error: _Error,
        keys: jax.Array,
    ) -> tuple[jax.Array, tuple[jax.Array, Any, dict[str, jax.Array]]]:  # fmt: skip
        """The generator's cost, what it made, its variables afterwards and the parts of the cost."""
        variables = {**players.generator, "params": params}
        made, variables = adversarial.run(self.generator, variables, (z, condition), keys[0])
        (fake, recovered), _ = adversarial.run(self._discriminator, players.discriminator, made, keys[1])
        adversary = -jax.nn.softplus(jax.nn.logsumexp(fake, axis=1)).mean()
        again, entropy = error(made, condition), jnp.mean((recovered - z) ** 2)
        total = adversary + self._settings.conditional * again + self._settings.entropy * entropy
        return total, (made, variables, {"generator": adversary, "conditional": again, "entropy": entropy})

    def make(self, players: adversarial.Players, gradient: Any, variables: Any) -> adversarial.Players:
        """The generator's update; ends the iteration."""
        params, after = adversarial.updated(
            self._optimizer, gradient, players.generator_optimizer, players.generator["params"]
        )
        making = {**variables, "params": params}
        return players._replace(generator=making, generator_optimizer=after, iteration=players.iteration + 1)

    def made(self, players: adversarial.Players, keys: jax.Array, condition: jax.Array) -> jax.Array:
        z = jax.vmap(lambda key: self.latent(key, 1)[0])(keys)
        return adversarial.inferred(self.generator, players.generator, (z, condition))


SGAN = gan.System(
    "a GAN of features under a GAN of images (Huang et al. 2017)",
    Settings,
    _build,
    {
        "smoke": {
            "steps": 4, "encoder_steps": 1, "joint_from": 3, "batch": 16, "width": 4, "discriminator_width": 4,
            "feature_width": 16,
        },
        "cpu": {
            "steps": 600, "encoder_steps": 200, "joint_from": 500, "batch": 32, "width": 16, "discriminator_width": 16,
            "feature_width": 128, "rate": 5e-4,
        },
    },
    sizes=(28, 32),
    labels=True,
)  # fmt: skip
