"""EfficientNet-Lite0: EfficientNet (Tan and Le 2019) without squeeze-and-excitation, ReLU6 for swish.

Modules are named as the parameters of its PyTorch port, without leading underscores: `blocks.3.expand_conv`.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

from gan_probe.models import convolution, outputs

__all__ = ["SIZE", "EfficientNetLite0", "prepared", "variables"]

SIZE = 224

# Repeats, kernel, stride, expansion, channels of each stage: table 1 of the paper.
_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
_HEAD = 1280


class EfficientNetLite0(linen.Module):
    """4,652,008 parameters for 1000 classes. Takes what `prepared` gives; prelogits: pooled [b, 1280]."""

    classes: int = 1000

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool = False) -> outputs.Outputs:
        def normed(x: jax.Array, name: str) -> jax.Array:
            return linen.BatchNorm(use_running_average=not train, momentum=0.99, epsilon=1e-3, name=name)(x)

        def conv(x: jax.Array, channels: int, kernel: int, stride: int, name: str, groups: int = 1) -> jax.Array:
            return convolution.Conv(
                channels, (kernel, kernel), (stride, stride), use_bias=False, feature_group_count=groups, name=name
            )(x)

        x = linen.relu6(normed(conv(images, 32, 3, 2, "conv_stem"), "bn0"))
        layers, block = {"stem": x}, 0
        for stage, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
            for repeat in range(repeats):
                at, given, step = f"blocks.{block}.", x, 1 if repeat else stride
                if expansion > 1:
                    x = conv(x, expansion * x.shape[-1], 1, 1, f"{at}expand_conv")
                    x = linen.relu6(normed(x, f"{at}bn0"))
                x = conv(x, x.shape[-1], kernel, step, f"{at}depthwise_conv", groups=x.shape[-1])
                x = linen.relu6(normed(x, f"{at}bn1"))
                x = normed(conv(x, channels, 1, 1, f"{at}project_conv"), f"{at}bn2")
                x = x + given if x.shape == given.shape else x
                block += 1
            layers[f"stage{stage + 1}"] = x
        x = linen.relu6(normed(conv(x, _HEAD, 1, 1, "conv_head"), "bn1")).mean(axis=(1, 2))
        return outputs.Outputs(linen.Dense(self.classes, name="fc")(x), x, layers)


def prepared(images: jax.Array) -> jax.Array:
    """uint8 [b, h, w, 1 or 3] of any size to what the network takes, float32 [b, 224, 224, 3].

    The whole image is resized by bicubic interpolation (antialiased where it shrinks), grey repeated thrice, and
    (x - 127) / 128 taken, as published. The published accuracy is of the central 7/8 of a photograph; what a generator
    does near the border counts here.
    """
    b, _, _, c = images.shape
    x = jax.image.resize(images.astype(jnp.float32), (b, SIZE, SIZE, c), "cubic", antialias=True)
    return jnp.broadcast_to((jnp.clip(x, 0, 255) - 127) / 128, (b, SIZE, SIZE, 3))


def variables(tensors: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Variables of the module from the parameters of its PyTorch port, by their names there.

    Raises:
      ValueError: where they are not those of this network.
    """
    like = jax.eval_shape(EfficientNetLite0().init, jax.random.key(0), jnp.zeros((1, SIZE, SIZE, 3)))
    found: dict[str, dict[str, Any]] = {collection: {} for collection in like}
    for name, tensor in tensors.items():
        scope, _, kind = name.removeprefix("_").replace("._", ".").rpartition(".")
        if kind == "num_batches_tracked":
            continue
        collection = "batch_stats" if kind.startswith("running_") else "params"
        leaf = {"running_mean": "mean", "running_var": "var", "weight": "kernel" if tensor.ndim > 1 else "scale"}
        # [out, in, h, w] to [h, w, in, out], [out, in] to [in, out].
        value = np.moveaxis(tensor, (0, 1), (-1, -2)) if tensor.ndim > 1 else tensor
        found[collection].setdefault(scope, {})[leaf.get(kind, kind)] = np.ascontiguousarray(value)
    shapes = [jax.tree.map(lambda leaf: (leaf.shape, str(leaf.dtype)), tree) for tree in (like, found)]
    if shapes[0] != shapes[1]:
        raise ValueError("not the parameters of EfficientNet-Lite0")
    return found
