"""The conditional networks of paper 001 (lucas-swiniarski/GAN, GenMnist.py and DiscMnist.py)."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe.models import layers

__all__ = ["Discriminator", "Generator"]


class Generator(linen.Module):
    """Latents with their one-hot class [b, z + classes] to images [b, size, size, channels] in -1..1.

    2,751,360 parameters for 28 x 28 x 1 and z + classes = 110. Transposed convolutions from 2x2 (at 64 pixels from 4x4)
    without biases; 7 pixels are 8 cut, where the code has a kernel of 3.
    """

    size: int
    channels: int
    width: int = 64
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        sizes = layers.stage_sizes(self.size)[::-1]
        if len(sizes) == 4:
            sizes = [2, *sizes]
        settings: dict[str, Any] = {"use_bias": False, "kernel_init": layers.wide, "dtype": self.dtype}
        channels = self.width * 8
        x = linen.Dense(sizes[0] ** 2 * channels, name="dense", **settings)(z)
        x = x.reshape(-1, sizes[0], sizes[0], channels)
        for i, size in enumerate(sizes[1:]):
            x = linen.relu(layers.batch_norm(train, name=f"norm{i}", scale_init=layers.gain, dtype=self.dtype)(x))
            last = i == len(sizes) - 2
            channels = self.channels if last else channels // 2
            kernel = 3 if size == 7 else 4
            x = layers.conv_transpose(x, channels, kernel, size, name=f"deconv{i}", **settings)
        return jnp.tanh(x).astype(jnp.float32)


class Discriminator(linen.Module):
    """Images [b, h, w, c] to logits [b] of being real and [b, classes] of their class."""

    classes: int
    width: int = 64
    dropout: float = 0.0
    biases: bool = False
    norm: bool = True
    dtype: Any = jnp.float32

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        x = images
        init = layers.wide if self.norm else linen.initializers.glorot_uniform()
        settings: dict[str, Any] = {"use_bias": self.biases, "kernel_init": init, "dtype": self.dtype}
        stages = len(layers.stage_sizes(images.shape[1])) - 1
        for i in range(stages + 1):
            kernel, stride = (4, 2) if i < stages else (3, 1)
            channels = self.width << min(i, 3)
            x = layers.Conv(channels, (kernel,) * 2, (stride,) * 2, ((1, 1), (1, 1)), name=f"conv{i}", **settings)(x)
            if i and self.norm:
                x = layers.batch_norm(train, name=f"norm{i}", scale_init=layers.gain, dtype=self.dtype)(x)
            x = linen.Dropout(self.dropout, broadcast_dims=(1, 2), deterministic=not train)(x)
            x = layers.leaky(x)
        x = x.reshape(len(x), -1)  # the heads' convolutions cover all that is left
        logits = linen.Dense(1, name="logit", **settings)(x)[:, 0]
        hidden = linen.relu(linen.Dense(250, name="classes_hidden", **settings)(x))
        classes = linen.Dense(self.classes, dtype=self.dtype, name="classes")(hidden)
        return logits.astype(jnp.float32), classes.astype(jnp.float32)
