"""Adversarial learning of pairs: real images with their encoded latents against latents with the images made of them.

Dumoulin et al. 2017 (ALI), Donahue et al. 2017 (BiGAN). All three networks take one step an iteration, at once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_probe.gans import adversarial, gan

__all__ = ["State", "joint"]


class State(NamedTuple):
    """Variables of the networks and states of the two optimizers."""

    encoder: Any
    generator: Any
    discriminator: Any
    makers_optimizer: Any
    discriminator_optimizer: Any


def joint(
    *,
    spec: gan.Spec,
    encoder: linen.Module,
    generator: linen.Module,
    discriminator: linen.Module,
    latent: gan.Latent,
    drawn: Callable[[Any, jax.Array], jax.Array],
    optimizers: tuple[optax.GradientTransformation, optax.GradientTransformation],
) -> gan.Gan:
    """The system.

    Args:
      spec: of the data.
      encoder, generator: images to what `drawn` makes latents of, and latents to images.
      discriminator: (images, latents) to logits [b].
      latent: its law.
      drawn: (the encoder's output, key) -> latents [b, z].
      optimizers: of encoder and generator together, and of the discriminator.
    """

    def init(key: jax.Array) -> State:
        one, two, three, four = jax.random.split(key, 4)
        rows, z = jnp.zeros((2, *spec.shape)), latent(four, 2)
        encoding, making = adversarial.begin(encoder, rows, one), adversarial.begin(generator, z, two)
        judging = adversarial.begin(discriminator, (rows, z), three)
        makers = optimizers[0].init((encoding["params"], making["params"]))
        return State(encoding, making, judging, makers, optimizers[1].init(judging["params"]))

    def pairs(makers: Any, state: State, rows: jax.Array, key: jax.Array):
        one, two, three, four = jax.random.split(key, 4)
        z = latent(one, len(rows))
        code, encoding = adversarial.run(encoder, {**state.encoder, "params": makers[0]}, rows, two)
        made, making = adversarial.run(generator, {**state.generator, "params": makers[1]}, z, three)
        return (rows, drawn(code, four)), (made, z), encoding, making

    def judged(params: Any, state: State, encoded: Any, made: Any, key: jax.Array):
        one, two = jax.random.split(key)
        real, judging = adversarial.run(discriminator, {**state.discriminator, "params": params}, encoded, one)
        fake, judging = adversarial.run(discriminator, judging, made, two)
        return real, fake, judging

    def discriminator_loss(params: Any, makers: Any, state: State, rows: jax.Array, one: jax.Array, two: jax.Array):
        encoded, made, _, _ = jax.lax.stop_gradient(pairs(makers, state, rows, one))
        real, fake, judging = judged(params, state, encoded, made, two)
        total = jnp.mean(jax.nn.softplus(-real) + jax.nn.softplus(fake))
        return total, (judging, {"discriminator": total, "real": real.mean(), "fake": fake.mean()})

    def makers_loss(makers: Any, params: Any, state: State, rows: jax.Array, one: jax.Array, two: jax.Array):
        encoded, made, encoding, making = pairs(makers, state, rows, one)
        real, fake, _ = judged(params, state, encoded, made, two)
        total = jnp.mean(jax.nn.softplus(real) + jax.nn.softplus(-fake))
        return total, (encoding, making, {"generator": total})

    def step(state: State, batch: gan.Batch, key: jax.Array) -> tuple[State, gan.Info]:
        one, two = jax.random.split(key)
        makers, params = (state.encoder["params"], state.generator["params"]), state.discriminator["params"]
        gradient, (judging, info) = jax.grad(discriminator_loss, has_aux=True)(
            params, makers, state, batch.rows, one, two
        )
        gradients, (encoding, making, more) = jax.grad(makers_loss, has_aux=True)(
            makers, params, state, batch.rows, one, two
        )
        params, judge = adversarial.updated(optimizers[1], gradient, state.discriminator_optimizer, params)
        makers, maker = adversarial.updated(optimizers[0], gradients, state.makers_optimizer, makers)
        after = State(
            {**encoding, "params": makers[0]},
            {**making, "params": makers[1]},
            {**judging, "params": params},
            maker,
            judge,
        )
        return after, {**info, **more}

    def sample(state: State, keys: jax.Array, labels: jax.Array) -> jax.Array:
        del labels
        return adversarial.inferred(generator, state.generator, adversarial.each(latent, keys))

    return gan.Gan(init, step, sample)
