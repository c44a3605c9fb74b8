"""The networks of Improved GAN (Salimans et al. 2016; openai/improved-gan, mnist_svhn_cifar10).

Weight norm and minibatch discrimination begin where the rows they are initialised with put them: FROM_ROWS names these
parameters.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["FROM_ROWS", "Discriminator", "Generator", "initial_scale", "minibatch_features"]

FROM_ROWS = ("gain", "offset", "closeness_scale", "closeness_bias")
_weights = linen.initializers.normal(0.05)


class Generator(linen.Module):
    """Latents [b, z] to images [b, size, size, channels] in -1..1: batch norm without gain, weight norm at the end."""

    size: int
    channels: int
    width: int = 128
    norm: bool = True
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        sizes = layers.stage_sizes(self.size)[::-1]
        widths = [min(self.width << (len(sizes) - 2 - i), 4 * self.width) for i in range(len(sizes) - 1)]

        def activated(x: jax.Array, i: int) -> jax.Array:
            if self.norm:
                x = layers.batch_norm(train, name=f"norm{i}", epsilon=1e-6, use_scale=False, dtype=self.dtype)(x)
            return linen.relu(x)

        x = linen.Dense(16 * widths[0], kernel_init=_weights, dtype=self.dtype, name="dense")(z)
        x = activated(x, 0)  # by unit: by channel, places that differ would do for samples that do not
        x = x.reshape(-1, 4, 4, widths[0])
        for i, size in enumerate(sizes[1:-1], 1):
            x = layers.conv_transpose(x, widths[i], 5, size, kernel_init=_weights, dtype=self.dtype, name=f"deconv{i}")
            x = activated(x, i)
        last = layers.ConvTranspose(
            self.channels, (5, 5), (2, 2), use_bias=False, kernel_init=_weights, dtype=self.dtype, name="image"
        )
        x = layers.WeightNormed(last, deviation=0.1, trained=True, name="image_norm")(x)
        return jnp.tanh(x[:, : self.size, : self.size])


class Discriminator(linen.Module):
    """Images to logits [b, classes] and features [b, 2 width]: 3x3 convolutions with weight norm, pooled.

    minibatch: whether noise of .2 stands at the input, not dropout of .2, and the features are extended by each image's
    closeness to the others of its batch.
    """

    classes: int
    width: int = 96
    minibatch: bool = False
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        x = images
        if self.minibatch:
            x = x + 0.2 * jax.random.normal(self.make_rng("dropout"), x.shape) if train else x
        else:
            x = linen.Dropout(0.2, deterministic=not train)(x)
        blocks = [1, 2] if images.shape[1] <= 32 else [1, 1, 2]
        for i, times in enumerate(blocks):
            for j in range(3):
                x = self._conv(x, times * self.width, 3, f"conv{3 * i + j}", stride=1 + (j == 2))
            x = linen.Dropout(0.5, deterministic=not train)(x)
        first = 3 * len(blocks)
        x = self._conv(x, 2 * self.width, 3, f"conv{first}", padding="VALID")
        for i in (1, 2):
            x = self._conv(x, 2 * self.width, 1, f"conv{first + i}")
        features = x.astype(jnp.float32).mean(axis=(1, 2))
        seen = features
        if self.minibatch:
            kernel = self.param("closeness", _weights, (features.shape[1], 100, 5))
            scale = self.param("closeness_scale", lambda key: initial_scale(features, kernel))
            close = minibatch_features(features, kernel, scale)
            bias = self.param("closeness_bias", lambda key: -close.mean(axis=0))
            seen = jnp.concatenate([features, close + bias], axis=1)
        last = linen.Dense(self.classes, use_bias=False, kernel_init=_weights, dtype=self.dtype, name="logits")
        return layers.WeightNormed(last, deviation=0.1, trained=True, name="logits_norm")(seen), features

    def _conv(self, x: jax.Array, channels: int, kernel: int, name: str, *, stride: int = 1, padding: str = "SAME"):
        pad: Any = ((1, 1), (1, 1)) if padding == "SAME" and kernel == 3 else padding
        conv = layers.Conv(
            channels, (kernel,) * 2, (stride,) * 2, pad, use_bias=False, kernel_init=_weights, dtype=self.dtype,
            name=name,
        )  # fmt: skip
        return layers.leaky(layers.WeightNormed(conv, name=f"{name}_norm")(x)).astype(self.dtype)


def minibatch_features(features: jax.Array, kernel: jax.Array, scale: jax.Array) -> jax.Array:
    """Salimans et al. 2016, section 3.2: sum over the others of exp(-|M_i - M_j|_1) for each kernel.

    features [b, f], kernel [f, kernels, dims] whose columns are normalised to exp(scale [kernels, dims]); [b, kernels].
    """
    return jnp.exp(-_distances(features, kernel, scale)).sum(axis=1) - 1  # but for itself


def initial_scale(features: jax.Array, kernel: jax.Array) -> jax.Array:
    """[kernels, dims] with which the distance to an image's nearest is 2 on average."""
    plain = _distances(features, kernel, jnp.zeros(kernel.shape[1:]))
    nearest = jnp.where(jnp.eye(len(features), dtype=bool)[:, :, None], jnp.inf, plain).min(axis=1).mean(axis=0)
    return jnp.broadcast_to(-jnp.log(nearest / 2 + 1e-8)[:, None], kernel.shape[1:])


def _distances(features: jax.Array, kernel: jax.Array, scale: jax.Array) -> jax.Array:
    """|M_i - M_j|_1 for each kernel, [b, b, kernels]."""
    normalised = kernel * jnp.exp(scale) / jnp.sqrt(jnp.sum(kernel**2, axis=0))
    projected = jnp.einsum("bf,fkd->bkd", features, normalised)
    return jnp.abs(projected[:, None] - projected[None]).sum(axis=3)
