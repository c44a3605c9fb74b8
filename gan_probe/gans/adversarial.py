"""Two players with a loss each: the frame of the systems whose generator and discriminator take turns."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_probe.gans import gan, heuristics, losses

__all__ = [
    "Players",
    "Rules",
    "adam",
    "adversarial",
    "begin",
    "inferred",
    "normal",
    "rmsprop",
    "run",
    "uniform",
    "updated",
]


class Players(NamedTuple):
    """Variables (params, batch_stats) and optimizer state of each player, and the iterations so far."""

    generator: Any
    discriminator: Any
    generator_optimizer: Any
    discriminator_optimizer: Any
    iteration: jax.Array


class Rules(NamedTuple):
    """How the players take turns.

    critics: see gan.Gan. penalty: weight of the gradient penalty. clip: bound of the discriminator's parameters before
    its updates, but for those of the layers `unclipped`. options: the thesis's heuristics. classes: of a conditional
    system, whose generator is fed the latent with the one-hot class and whose discriminator returns logits of classes
    too. class_weights: of their cross-entropy, on real images for the discriminator and on its own for the generator.
    """

    critics: Callable[[int], int] = lambda iteration: 0
    penalty: float = 0.0
    clip: float | None = None
    unclipped: Collection[str] = ()
    options: heuristics.Heuristics = heuristics.Heuristics()
    classes: int | None = None
    class_weights: tuple[float, float] = (1.0, 1.0)


_PLAIN = Rules()


def adversarial(
    *,
    spec: gan.Spec,
    generator: linen.Module,
    discriminator: linen.Module,
    latent: gan.Latent,
    loss: losses.Loss,
    optimizers: tuple[optax.GradientTransformation, optax.GradientTransformation],
    rules: Rules = _PLAIN,
) -> gan.Gan:
    """An iteration updates the discriminator, then the generator `generator_steps` times on the same latents.

    The discriminator sees real and generated images as batches of their own (batch norm!); both players run in training
    mode. The moving averages of a player move where it is updated.

    Args:
      spec: of the data.
      generator: latents [b, z] (with classes: [b, z + classes]) to rows.
      discriminator: rows to logits [b] (with classes: and [b, classes]).
      latent: its law.
      loss: of both players.
      optimizers: the generator's and the discriminator's.
      rules: see Rules.
    """
    options = rules.options

    def fed(z: jax.Array, labels: jax.Array) -> jax.Array:
        return z if rules.classes is None else jnp.concatenate([z, jax.nn.one_hot(labels, rules.classes)], axis=1)

    def judged(variables: Any, rows: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array | None, Any]:
        found, variables = run(discriminator, variables, rows, key)
        logits, classes = found if rules.classes is not None else (found, None)
        return logits, classes, variables

    def init(key: jax.Array) -> Players:
        one, two = jax.random.split(key)
        z = fed(latent(key, 2), jnp.zeros(2, jnp.int32))
        made, judging = begin(generator, z, one), begin(discriminator, jnp.zeros((2, *spec.shape)), two)
        return Players(
            made, judging, optimizers[0].init(made["params"]), optimizers[1].init(judging["params"]), jnp.int32(0)
        )

    def drawn(batch: gan.Batch, key: jax.Array) -> jax.Array:
        return fed(latent(jax.random.split(key, 8)[0], len(batch.rows)), batch.labels)

    def making(players: Players, z: jax.Array, key: jax.Array):
        """The images of z, what turns their gradient into the generator's, and its variables after them."""

        def made(params: Any) -> tuple[jax.Array, Any]:
            return run(generator, {**players.generator, "params": params}, z, key)

        return jax.vjp(made, players.generator["params"], has_aux=True)

    def discriminator_loss(params, players: Players, batch: gan.Batch, fake: jax.Array, key: jax.Array):
        keys = jax.random.split(key, 8)
        real, fake = (
            heuristics.noisy(x, options, players.iteration, k) for x, k in ((batch.rows, keys[2]), (fake, keys[3]))
        )
        variables = {**players.discriminator, "params": params}
        real_logits, real_classes, variables = judged(variables, real, keys[4])
        fake_logits, _, variables = judged(variables, fake, keys[5])
        cost = heuristics.flipped(loss.real(real_logits), loss.fake(real_logits), options.flip_labels, keys[6])
        total = cost.mean() + loss.fake(fake_logits).mean()
        info = {"discriminator": total, "real": real_logits.mean(), "fake": fake_logits.mean()}
        if rules.penalty:
            penalty = losses.gradient_penalty(lambda x: judged(variables, x, keys[5])[0], real, fake, keys[7])
            total = total + rules.penalty * penalty
            info["penalty"] = penalty
        if real_classes is not None:
            info["classes"] = losses.cross_entropy(real_classes, batch.labels)
            total = total + rules.class_weights[0] * info["classes"]
        return total, (variables, info)

    def critic(players: Players, batch: gan.Batch, key: jax.Array) -> tuple[Players, gan.Info]:
        fake, _, _ = making(players, drawn(batch, key), key)
        return against(players, batch, fake, key)

    def against(players: Players, batch: gan.Batch, fake: jax.Array, key: jax.Array) -> tuple[Players, gan.Info]:
        """The discriminator's update."""
        params = players.discriminator["params"]
        if rules.clip is not None:
            bound = rules.clip
            params = {
                name: part if name in rules.unclipped else jax.tree.map(lambda p: jnp.clip(p, -bound, bound), part)
                for name, part in params.items()
            }
        gradient, (variables, info) = jax.grad(discriminator_loss, has_aux=True)(params, players, batch, fake, key)
        gradient = heuristics.frozen(gradient, options.freeze_layers)
        params, optimizer = updated(optimizers[1], gradient, players.discriminator_optimizer, params)
        players = players._replace(discriminator={**variables, "params": params}, discriminator_optimizer=optimizer)
        return players, info

    def generator_loss(fake: jax.Array, players: Players, labels: jax.Array, key: jax.Array):
        keys = jax.random.split(key, 3)
        seen = heuristics.noisy(fake, options, players.iteration, keys[1])
        logits, classes, _ = judged(players.discriminator, seen, keys[2])
        total = loss.generator(logits).mean()
        info = {"generator": total}
        if classes is not None:
            total = total + rules.class_weights[1] * losses.cross_entropy(classes, labels)
        return total, info

    def step(players: Players, batch: gan.Batch, key: jax.Array) -> tuple[Players, gan.Info]:
        z = drawn(batch, key)
        fake, pull, variables = making(players, z, key)  # once for both players
        players, info = against(players, batch, fake, key)
        for i in range(options.generator_steps):
            once = jax.random.fold_in(key, i)
            if i:
                fake, pull, variables = making(players, z, once)
            by_images, more = jax.grad(generator_loss, has_aux=True)(fake, players, batch.labels, once)
            (gradient,), params = pull(by_images), players.generator["params"]
            params, optimizer = updated(optimizers[0], gradient, players.generator_optimizer, params)
            players = players._replace(generator={**variables, "params": params}, generator_optimizer=optimizer)
        return players._replace(iteration=players.iteration + 1), {**info, **more}

    def sample(players: Players, keys: jax.Array, labels: jax.Array) -> jax.Array:
        return decode(players, each(latent, keys), labels)

    def decode(players: Players, z: jax.Array, labels: jax.Array) -> jax.Array:
        return inferred(generator, players.generator, fed(z, labels))

    def logits(players: Players, rows: jax.Array) -> jax.Array:
        found = inferred(discriminator, players.discriminator, rows)
        return found if rules.classes is None else found[0]

    return gan.Gan(init, step, sample, critic, rules.critics, latent, decode, logits)


def each(latent: gan.Latent, keys: jax.Array) -> jax.Array:
    """A latent of its own for each key [b]: sample i is the same whatever else is drawn."""
    return jax.vmap(lambda key: latent(key, 1)[0])(keys)


def begin(module: linen.Module, x: Any, key: jax.Array) -> Any:
    """Variables of a module for an input like x."""
    return module.init({"params": key, "dropout": key}, x, train=True)


def inferred(module: linen.Module, variables: Any, x: Any) -> Any:
    """Its output in inference mode: moving averages, no dropout."""
    return module.apply(variables, x, train=False)


def run(module: linen.Module, variables: Any, x: Any, key: jax.Array) -> tuple[Any, Any]:
    """Its output in training mode, and its variables with the moving averages after it."""
    rest = [name for name in variables if name != "params"]
    found, changed = module.apply(variables, x, train=True, mutable=rest, rngs={"dropout": key})
    return found, {**variables, **changed}


def updated(optimizer: optax.GradientTransformation, gradient: Any, state: Any, params: Any) -> tuple[Any, Any]:
    """Parameters and optimizer state after a step against the gradient."""
    with jax.numpy_dtype_promotion("standard"):  # optax raises its decays to integer powers
        direction, state = optimizer.update(gradient, state, params)
    return optax.apply_updates(params, direction), state


def adam(rate: Any, beta1: float = 0.5, beta2: float = 0.999) -> optax.GradientTransformation:
    return optax.adam(rate, beta1, beta2)


def rmsprop(rate: Any, decay: float = 0.99) -> optax.GradientTransformation:
    """PyTorch's: its constant 1e-8 stands outside the root."""
    return optax.rmsprop(rate, decay, eps=1e-8, eps_in_sqrt=False)


def normal(size: int) -> gan.Latent:
    """Latents N(0, 1)."""
    return gan.Latent(size)


def uniform(size: int, low: float = -1.0, high: float = 1.0) -> gan.Latent:
    """Latents U[low, high]."""
    return gan.Latent(size, low, high)
