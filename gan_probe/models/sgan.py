"""The networks of Stacked GAN (Huang et al. 2017; xunhuang1995/SGAN, cifar) at 28 and 32 pixels."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Encoder", "FeatureDiscriminator", "FeatureGenerator", "ImageDiscriminator", "ImageGenerator"]


class Encoder(linen.Module):
    """Images to features [b, units] of its hidden layer: two VALID 5x5 convolutions with pools; and their logits."""

    classes: int
    width: int = 64
    units: int = 256
    dtype: Any = jnp.float32

    def setup(self):
        he = linen.initializers.he_normal()
        self.convs = [
            layers.Conv(self.width * times, (5, 5), padding="VALID", kernel_init=he, dtype=self.dtype)
            for times in (1, 2)
        ]
        self.hidden = linen.Dense(self.units, kernel_init=he, dtype=self.dtype)
        self.logits = linen.Dense(self.classes, dtype=self.dtype)

    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        """Features [b, units] and their logits [b, classes]."""
        del train
        x = images
        for conv in self.convs:
            x = linen.max_pool(linen.relu(conv(x)), (2, 2), (2, 2))
        features = linen.relu(self.hidden(x.reshape(len(x), -1))).astype(jnp.float32)
        return features, self.classify(features)

    def classify(self, features: jax.Array) -> jax.Array:
        """Logits [b, classes] of features."""
        return self.logits(features).astype(jnp.float32)


class FeatureGenerator(linen.Module):
    """(latents [b, z], one-hot classes [b, classes]) to features [b, units], not negative."""

    units: int = 256
    width: int = 512
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, given: tuple[jax.Array, jax.Array], *, train: bool) -> jax.Array:
        z, classes = given
        parts = [
            _dense(z, self.width // 2, train, self.dtype, "z"),
            _dense(classes, self.width, train, self.dtype, "class"),
        ]
        x = jnp.concatenate(parts, axis=1)
        for i in range(2):
            x = _dense(x, self.width, train, self.dtype, f"hidden{i}")
        x = linen.Dense(self.units, kernel_init=layers.wide, dtype=self.dtype, name="features")(x)
        return linen.relu(x).astype(jnp.float32)


class ImageGenerator(linen.Module):
    """(latents [b, z], features [b, units]) to images [b, size, size, channels] in -1..1: 5, 10, 14, 28, 32 pixels."""

    size: int
    channels: int
    width: int = 128
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, given: tuple[jax.Array, jax.Array], *, train: bool) -> jax.Array:
        z, features = given
        for i in range(2):
            z = _dense(z, 128, train, self.dtype, f"z{i}")
        x = _dense(jnp.concatenate([z, features.astype(z.dtype)], axis=1), 50 * self.width, train, self.dtype, "dense")
        x = x.reshape(-1, 5, 5, 2 * self.width)
        plan: Sequence[tuple[int, int, str]] = (
            (2 * self.width, 2, "SAME"),
            (self.width, 1, "VALID"),
            (self.width, 2, "SAME"),
        )
        for i, (channels, stride, padding) in enumerate(plan):
            x = self._deconv(x, channels, stride, padding, f"deconv{i}")
            x = linen.relu(layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x))
        x = jnp.tanh(self._deconv(x, self.channels, 1, "VALID", "image").astype(jnp.float32))
        border = (32 - self.size) // 2
        return x[:, border : border + self.size, border : border + self.size]

    def _deconv(self, x: jax.Array, channels: int, stride: int, padding: str, name: str) -> jax.Array:
        return layers.ConvTranspose(
            channels, (5, 5), (stride, stride), padding, kernel_init=layers.wide, dtype=self.dtype, name=name
        )(x)


class ImageDiscriminator(linen.Module):
    """Images to logits [b, classes] and the latent that it recovers [b, z], the one pooled, the other not."""

    classes: int
    latent: int
    width: int = 96
    dropout: float = 0.1
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        x = _noisy(self, images, 0.05, train)
        for i, (times, kernel, stride, padding) in enumerate(
            (
                (1, 3, 1, "SAME"),
                (1, 3, 2, "SAME"),
                (2, 3, 1, "SAME"),
                (2, 3, 2, "SAME"),
                (2, 3, 1, "VALID"),
                (2, 1, 1, "SAME"),
            )
        ):
            x = layers.Conv(
                times * self.width, (kernel,) * 2, (stride,) * 2, padding, kernel_init=layers.wide, dtype=self.dtype,
                name=f"conv{i}",
            )(x)  # fmt: skip
            x = layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x) if 0 < i < 5 else x
            x = layers.leaky(x)
            x = linen.Dropout(self.dropout, deterministic=not train)(x) if stride == 2 else x
        x = x.astype(jnp.float32)
        return _heads(x.mean(axis=(1, 2)), x.reshape(len(x), -1), self.classes, self.latent)


class FeatureDiscriminator(linen.Module):
    """Features [b, units] to logits [b, classes] and the latent that it recovers [b, z]."""

    classes: int
    latent: int
    width: int = 512
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, features: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        x = _noisy(self, features, 0.2, train)
        for i in range(2):
            x = linen.Dense(self.width, kernel_init=layers.wide, dtype=self.dtype, name=f"hidden{i}")(x)
            x = layers.batch_norm(train, name=f"norm{i}", dtype=self.dtype)(x) if i else x
            x = _noisy(self, layers.leaky(x), 0.2, train)
        x = x.astype(jnp.float32)
        return _heads(x, x, self.classes, self.latent)


def _heads(x: jax.Array, whole: jax.Array, classes: int, latent: int) -> tuple[jax.Array, jax.Array]:
    recovered = linen.Dense(latent, kernel_init=layers.wide, name="latent")(whole)
    return linen.Dense(classes, kernel_init=layers.wide, name="logits")(x), recovered


def _noisy(module: linen.Module, x: jax.Array, deviation: float, train: bool) -> jax.Array:
    return x + deviation * jax.random.normal(module.make_rng("dropout"), x.shape, x.dtype) if train else x


def _dense(x: jax.Array, width: int, train: bool, dtype: Any, name: str) -> jax.Array:
    x = linen.Dense(width, kernel_init=layers.wide, dtype=dtype, name=name)(x)
    return linen.relu(layers.batch_norm(train, name=f"{name}_norm", dtype=dtype)(x))
