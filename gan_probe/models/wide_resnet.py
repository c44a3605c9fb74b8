"""Wide residual network WRN-d-k (Zagoruyko and Komodakis 2016): BN-ReLU-conv, 1x1 shortcut where the width changes."""

import jax
from flax import linen

from gan_probe.models import convolution, outputs

__all__ = ["WideResNet"]


class WideResNet(linen.Module):
    """Depth 6 n + 4 and widths 16 k, 32 k, 64 k: 36,479,194 parameters for WRN-28-10, 2,748,890 for WRN-16-4."""

    classes: int
    depth: int
    width: int
    dropout: float = 0.0

    @linen.compact
    def __call__(self, images: jax.Array, *, train: bool = False) -> outputs.Outputs:
        blocks, rest = divmod(self.depth - 4, 6)
        if rest:
            raise ValueError(f"depth={self.depth}: must be 6 n + 4")
        x = _conv(16)(images)
        layers = {"stem": x}
        for group in range(3):
            for block in range(blocks):
                stride = 2 if group and not block else 1
                x = _Block(16 * self.width << group, stride, self.dropout)(x, train=train)
            layers[f"group{group + 1}"] = x
        x = linen.relu(_norm(train)(x)).mean(axis=(1, 2))
        return outputs.Outputs(linen.Dense(self.classes, name="logits")(x), x, layers)


class _Block(linen.Module):
    channels: int
    stride: int
    dropout: float

    @linen.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        activated = linen.relu(_norm(train)(x))
        y = linen.relu(_norm(train)(_conv(self.channels, 3, self.stride)(activated)))
        y = linen.Dropout(self.dropout, deterministic=not train)(y)
        y = _conv(self.channels)(y)
        widened = x.shape[-1] != self.channels
        return y + (_conv(self.channels, 1, self.stride)(activated) if widened else x)


def _conv(channels: int, size: int = 3, stride: int = 1) -> convolution.Conv:
    he = linen.initializers.he_normal()
    return convolution.Conv(channels, (size, size), (stride, stride), use_bias=False, kernel_init=he)


def _norm(train: bool) -> linen.BatchNorm:
    return linen.BatchNorm(use_running_average=not train, momentum=0.9)
