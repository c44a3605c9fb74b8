"""Small convolutional classifiers of the papers. Where a paper gives no sizes ([U]) ours are stated here."""

import functools
from collections.abc import Sequence

import jax
from flax import linen

from gan_probe.models import convolution, outputs

__all__ = ["Cnn", "SwiniarskiCnn", "cifar_cnn", "mnist_cnn", "shallow_cnn"]


class Cnn(linen.Module):
    """ReLU convolutions (SAME), each of `pooled` followed by a 2x2 max pool, then ReLU dense layers and the logits.

    channels, kernel: of the convolutions. pooled: their indices after which a pool stands. dense: widths.
    """

    classes: int
    channels: Sequence[int]
    kernel: int
    pooled: Sequence[int]
    dense: Sequence[int]

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool = False) -> outputs.Outputs:
        del train
        x, layers = images, {}
        xavier = linen.initializers.xavier_uniform()
        for i, channels in enumerate(self.channels):
            x = linen.relu(convolution.Conv(channels, (self.kernel,) * 2, kernel_init=xavier, name=f"conv{i}")(x))
            if i in self.pooled:
                x = linen.max_pool(x, (2, 2), (2, 2))
            layers[f"conv{i}"] = x
        x = x.reshape(len(x), -1)
        for i, width in enumerate(self.dense):
            x = linen.relu(linen.Dense(width, kernel_init=xavier, name=f"dense{i}")(x))
        return outputs.Outputs(linen.Dense(self.classes, kernel_init=xavier, name="logits")(x), x, layers)


# Thesis 004: "4-layer CNN", Xavier; widths [U].
mnist_cnn = functools.partial(Cnn, channels=(16, 32, 32, 64), kernel=3, pooled=(0, 1), dense=(128,))
# Paper 003: three convolutions and two dense layers; widths [U].
cifar_cnn = functools.partial(Cnn, channels=(64, 128, 256), kernel=3, pooled=(0, 1, 2), dense=(256,))
# Thesis 004, figure 2.6: the shallow classifier that is to be fooled; sizes [U].
shallow_cnn = functools.partial(Cnn, channels=(32,), kernel=5, pooled=(0,), dense=(64,))


class SwiniarskiCnn(linen.Module):
    """Paper 001's MNIST classifier; its code puts a ReLU on the logits, which `relu_logits` keeps."""

    classes: int
    relu_logits: bool = True

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool = False) -> outputs.Outputs:
        first = linen.relu(linen.max_pool(convolution.Conv(10, (5, 5), padding="VALID")(images), (2, 2), (2, 2)))
        x = convolution.Conv(20, (5, 5), padding="VALID")(first)
        x = linen.Dropout(0.5, broadcast_dims=(1, 2), deterministic=not train)(x)
        second = linen.relu(linen.max_pool(x, (2, 2), (2, 2)))
        x = linen.relu(linen.Dense(50)(second.reshape(len(second), -1)))
        dropped = linen.Dropout(0.5, deterministic=not train)(x)
        logits = linen.Dense(self.classes, name="logits")(dropped)
        logits = linen.relu(logits) if self.relu_logits else logits
        return outputs.Outputs(logits, x, {"conv0": first, "conv1": second})
