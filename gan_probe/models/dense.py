"""Fully connected networks; without hidden layers the linear softmax of paper 000."""

from collections.abc import Sequence

import jax
from flax import linen

from gan_probe.models import outputs

__all__ = ["Mlp"]


class Mlp(linen.Module):
    """relu layers of `widths` on flattened pixels; paper 000's small network has one, of "few hidden units" ([U])."""

    classes: int
    widths: Sequence[int]

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool = False) -> outputs.Outputs:
        x = images.reshape(len(images), -1)
        layers = {}
        for i, width in enumerate(self.widths):
            x = linen.relu(linen.Dense(width, name=f"hidden{i}")(x))
            layers[f"hidden{i}"] = x[:, None, None]
        return outputs.Outputs(linen.Dense(self.classes, name="logits")(x), x, layers)
