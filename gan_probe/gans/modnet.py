"""ModNet: the least change that turns an image into one of another class (thesis 004, chapter 2, equations 2.3 to 2.7).

The generator is given an image and a target class. Variant A (`classifier` head): the discriminator names classes too,
as in AC-GAN. Variant B: a classifier of its own learns from real images alone, beside the two players (`classifier`
own) or before them and stays as it is then (`frozen`).
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_probe.gans import adversarial, gan, losses
from gan_probe.models import acgan, cnn, modnet

__all__ = ["MODNET", "Settings", "State", "changer"]

_THESIS = "thesis 004, section 2.5"
_MEMORY = 512


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of ModNet."""

    classifier: str = gan.setting(
        "head", "head of the discriminator, or a network of its own that learns from real images, beside or before",
        _THESIS, choices=("head", "own", "frozen"),
    )  # fmt: skip
    classifier_steps: int = gan.setting(2_000, "first iterations, of the classifier alone where it is frozen", "[U]")
    steps: int = gan.setting(50_000, "iterations", "[U]")
    batch: int = gan.setting(128, "images of an update", f'{_THESIS}: "hundreds"')
    width: int = gan.setting(64, "channels of the U-Net's first level", "[U]; pix2pix")
    discriminator_width: int = gan.setting(64, "channels of the discriminator's first stage", "[U]")
    target: float = gan.setting(1.0, "weight of the target's cross-entropy in the generator's loss", _THESIS)
    similarity: float = gan.setting(1.0, "weight of the mean absolute change", f"{_THESIS}: 1 for the mean")
    generator_steps: int = gan.setting(2, "updates of the generator an iteration", f"{_THESIS}: (j, k) = (1, 2)")
    rate: float = gan.setting(2e-4, "learning rate of Adam", "[U]; pix2pix")
    beta1: float = gan.setting(0.5, "decay of Adam's first moment", "[U]; pix2pix")
    dtype: str = gan.setting("float32", "of the networks' arithmetic", choices=gan.DTYPES)


class State(NamedTuple):
    """Variables and optimizers; memory: the last images seen [512, h, w, c], which samples are changes of."""

    generator: Any
    discriminator: Any
    classifier: Any
    generator_optimizer: Any
    discriminator_optimizer: Any
    classifier_optimizer: Any
    memory: jax.Array


def changer(settings: Settings, classes: int) -> Callable[[State, jax.Array, jax.Array], jax.Array]:
    """(state, images [b, h, w, c] in -1..1, target classes int32 [b]) -> changed images, in inference mode."""
    module = modnet.Changer(settings.width, settings.dtype)

    def change(state: State, images: jax.Array, targets: jax.Array) -> jax.Array:
        return adversarial.inferred(module, state.generator, (images, jax.nn.one_hot(targets, classes)))

    return change


def _build(settings: Settings, spec: gan.Spec) -> gan.Gan:
    assert spec.classes is not None
    classes: int = spec.classes
    dtype: Any = settings.dtype
    generator = modnet.Changer(settings.width, dtype)
    discriminator = acgan.Discriminator(classes, settings.discriminator_width, dtype=dtype)
    own = cnn.shallow_cnn(classes) if settings.classifier != "head" else None
    loss = losses.LOSSES["non_saturating"]
    optimizers = [adversarial.adam(settings.rate, settings.beta1) for _ in range(3)]

    def init(key: jax.Array) -> State:
        one, two, three = jax.random.split(key, 3)
        rows = jnp.zeros((2, *spec.shape))
        making = adversarial.begin(generator, (rows, jnp.zeros((2, classes))), one)
        judging = adversarial.begin(discriminator, rows, two)
        naming = adversarial.begin(own, rows, three) if own is not None else {"params": {}}
        make, judge, name = (
            optimizer.init(one["params"]) for optimizer, one in zip(optimizers, (making, judging, naming), strict=True)
        )
        return State(making, judging, naming, make, judge, name, jnp.zeros((_MEMORY, *spec.shape)))

    def named_by_own(params: Any, rows: jax.Array) -> jax.Array:
        assert own is not None
        return adversarial.inferred(own, {"params": params}, rows).logits  # nothing in it differs in training

    def classifier_loss(params: Any, batch: gan.Batch) -> jax.Array:
        return losses.cross_entropy(named_by_own(params, batch.rows), batch.labels)

    def classifier_step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        del key
        params = state.classifier["params"]
        label, gradient = jax.value_and_grad(classifier_loss)(params, batch)
        params, after = adversarial.updated(optimizers[2], gradient, state.classifier_optimizer, params)
        return state._replace(classifier={"params": params}, classifier_optimizer=after), {"classes": label}

    def discriminator_loss(params: Any, state: State, batch: gan.Batch, made: jax.Array, key: jax.Array):
        variables = {**state.discriminator, "params": params}
        (real, named), variables = adversarial.run(discriminator, variables, batch.rows, key)
        (fake, _), variables = adversarial.run(discriminator, variables, made, key)
        total = loss.real(real).mean() + loss.fake(fake).mean()
        info = {"discriminator": total}
        if own is None:
            info["classes"] = losses.cross_entropy(named, batch.labels)
            total = total + info["classes"]
        return total, (variables, info)

    def generator_loss(params: Any, state: State, rows: jax.Array, targets: jax.Array, key: jax.Array):
        given = rows, jax.nn.one_hot(targets, classes)
        made, making = adversarial.run(generator, {**state.generator, "params": params}, given, key)
        (fake, named), _ = adversarial.run(discriminator, state.discriminator, made, key)
        named = named if own is None else named_by_own(state.classifier["params"], made)
        adversary, label = loss.generator(fake).mean(), losses.cross_entropy(named, targets)
        change = jnp.abs(rows - made).mean()
        info = {"generator": adversary, "target": label, "change": change}
        return adversary + settings.target * label + settings.similarity * change, (making, info)

    def step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        one, two = jax.random.split(key)
        shift = jax.random.randint(one, batch.labels.shape, 1, classes)
        targets = (batch.labels + shift) % classes  # never an image's own class
        given = batch.rows, jax.nn.one_hot(targets, classes)
        made, _ = adversarial.run(generator, state.generator, given, two)
        params = state.discriminator["params"]
        gradient, (judging, info) = jax.grad(discriminator_loss, has_aux=True)(params, state, batch, made, two)
        params, judge = adversarial.updated(optimizers[1], gradient, state.discriminator_optimizer, params)
        state = state._replace(
            discriminator={**judging, "params": params}, discriminator_optimizer=judge,
            memory=jnp.concatenate([batch.rows, state.memory])[:_MEMORY],
        )  # fmt: skip
        if settings.classifier == "own":
            state, named = classifier_step(state, batch, key)
            info = {**info, **named}
        for i in range(settings.generator_steps):
            gradient, (making, more) = jax.grad(generator_loss, has_aux=True)(
                state.generator["params"], state, batch.rows, targets, jax.random.fold_in(two, i)
            )
            params, make = adversarial.updated(
                optimizers[0], gradient, state.generator_optimizer, state.generator["params"]
            )
            state = state._replace(generator={**making, "params": params}, generator_optimizer=make)
        return state, {**info, **more}

    change = changer(settings, classes)

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        """Remembered images, changed into the labels' classes."""
        at = jax.vmap(lambda key: jax.random.randint(key, (), 0, _MEMORY))(keys)
        return change(state, state.memory[at], labels)

    if settings.classifier == "frozen":
        return gan.Gan(init, classifier_step, sample, phases=((settings.classifier_steps, step),))
    return gan.Gan(init, step, sample)


MODNET = gan.System(
    "a U-Net that changes an image into another class (thesis 004, chapter 2)",
    Settings,
    _build,
    {
        "smoke": {"steps": 2, "batch": 16, "width": 4, "discriminator_width": 4},
        "cpu": {
            "steps": 600, "batch": 64, "width": 8, "discriminator_width": 8, "rate": 5e-4, "target": 10.0,
            "classifier": "frozen", "classifier_steps": 200,
        },
    },
    labels=True,
)  # fmt: skip
