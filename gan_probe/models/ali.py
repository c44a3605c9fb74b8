"""The networks of ALI (Dumoulin et al. 2017; IshmaelBelghazi/ALI): VALID convolutions down to a latent and back up."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Discriminator", "Encoder", "Generator"]

_weights = linen.initializers.normal(0.01)


class _Plan(NamedTuple):
    """(kernel, stride, channels) of the layers of encoder and generator, 1x1 ones after, slope, numbers of a latent."""

    encoder: tuple[tuple[int, int, int], ...]
    encoder_ends: tuple[int, ...]
    generator: tuple[tuple[int, int, int], ...]
    generator_ends: tuple[int, ...]
    slope: float


# ali_celeba.py at 64 pixels, ali_cifar10.py at 32.
_PLANS = {
    64: _Plan(
        ((2, 1, 64), (7, 2, 128), (5, 2, 256), (7, 2, 256), (4, 1, 512)), (),
        ((4, 1, 512), (7, 2, 256), (5, 2, 256), (7, 2, 128), (2, 1, 64)), (), 0.02,
    ),
    32: _Plan(
        ((5, 1, 32), (4, 2, 64), (4, 1, 128), (4, 2, 256), (4, 1, 512)), (512,),
        ((4, 1, 256), (4, 2, 128), (4, 1, 64), (4, 2, 32), (5, 1, 32)), (32,), 0.1,
    ),
}  # fmt: skip


def _plan(size: int) -> tuple[_Plan, int]:
    """The plan of images of this size, and the pixels by which each side is wider there: 28 are 32 with a border."""
    whole = 64 if size > 32 else 32
    return _PLANS[whole], (whole - size) // 2


class Encoder(linen.Module):
    """Images [b, h, w, c] to mean and log deviation [b, z] each; 6,794,880 parameters at 64 x 64 x 3, z 256."""

    latent: int
    times: float = 1.0
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        plan, border = _plan(images.shape[1])
        x = _bordered(images, border)
        layout = (*plan.encoder, *((1, 1, channels) for channels in plan.encoder_ends))
        for i, (kernel, stride, channels) in enumerate(layout):
            x = _conv(x, round(channels * self.times), kernel, stride, self.dtype, f"conv{i}", use_bias=False)
            x = linen.leaky_relu(
                layers.batch_norm(train, name=f"norm{i}", momentum=0.95, dtype=self.dtype)(x), plan.slope
            )
        x = _conv(x, 2 * self.latent, 1, 1, self.dtype, "latent")
        mean, log_deviation = jnp.split(x.reshape(len(x), -1).astype(jnp.float32), 2, axis=1)
        return mean, log_deviation


class Generator(linen.Module):
    """Latents [b, z] to images [b, size, size, channels] in -1..1; 11,811,392 parameters at 64 x 64 x 3, z 256.

    Every pixel of the last layer has a bias of its own.
    """

    size: int
    channels: int
    times: float = 1.0
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        plan, border = _plan(self.size)
        x = z[:, None, None]
        for i, (kernel, stride, channels) in enumerate(plan.generator):
            x = layers.ConvTranspose(
                round(channels * self.times), (kernel,) * 2, (stride,) * 2, "VALID", kernel_init=_weights,
                use_bias=False, dtype=self.dtype, name=f"deconv{i}",
            )(x)  # fmt: skip
            x = self._activated(x, i, plan.slope, train)
        for i, channels in enumerate(plan.generator_ends, len(plan.generator)):
            x = _conv(x, round(channels * self.times), 1, 1, self.dtype, f"conv{i}", use_bias=False)
            x = self._activated(x, i, plan.slope, train)
        x = _conv(x, self.channels, 1, 1, self.dtype, "image", use_bias=False).astype(jnp.float32)
        x = x + self.param("bias", linen.initializers.zeros, x.shape[1:])
        return jnp.tanh(x[:, border : border + self.size, border : border + self.size])

    def _activated(self, x: jax.Array, i: int, slope: float, train: bool) -> jax.Array:
        return linen.leaky_relu(layers.batch_norm(train, name=f"norm{i}", momentum=0.95, dtype=self.dtype)(x), slope)


class Discriminator(linen.Module):
    """Pairs of images [b, h, w, c] and latents [b, z] to logits [b]; 15,189,057 parameters at 64 x 64 x 3, z 256."""

    times: float = 1.0
    dropout: float = 0.2
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, pair: tuple[jax.Array, jax.Array], *, train: bool) -> jax.Array:
        images, z = pair
        plan, border = _plan(images.shape[1])
        x = _bordered(images, border)

        def dropped(x: jax.Array) -> jax.Array:
            return linen.Dropout(self.dropout, deterministic=not train)(x)

        def width(channels: int) -> int:
            return round(channels * self.times)

        for i, (kernel, stride, channels) in enumerate(plan.encoder):
            x = _conv(dropped(x), width(channels), kernel, stride, self.dtype, f"conv{i}", use_bias=i == 0)
            x = x if i == 0 else layers.batch_norm(train, name=f"norm{i}", momentum=0.95, dtype=self.dtype)(x)
            x = linen.leaky_relu(x, plan.slope)
        units = 1024 if plan is _PLANS[64] else 512
        for i in range(2):
            dense = linen.Dense(width(units), use_bias=False, kernel_init=_weights, dtype=self.dtype, name=f"latent{i}")
            z = linen.leaky_relu(dense(dropped(z)), plan.slope)
        y = jnp.concatenate([x.reshape(len(x), -1), z.astype(x.dtype)], axis=1)
        for i in range(2):
            dense = linen.Dense(width(2 * units), kernel_init=_weights, dtype=self.dtype, name=f"joint{i}")
            y = linen.leaky_relu(dense(dropped(y)), plan.slope)
        logits = linen.Dense(1, kernel_init=_weights, dtype=self.dtype, name="logit")(dropped(y))
        return logits[:, 0].astype(jnp.float32)


def _conv(x: jax.Array, channels: int, kernel: int, stride: int, dtype: Any, name: str, **settings: Any) -> jax.Array:
    conv = layers.Conv(
        channels, (kernel,) * 2, (stride,) * 2, "VALID", kernel_init=_weights, dtype=dtype, name=name, **settings
    )
    return conv(x)


def _bordered(images: jax.Array, border: int) -> jax.Array:
    return jnp.pad(images, ((0, 0), (border, border), (border, border), (0, 0)), constant_values=-1.0)
