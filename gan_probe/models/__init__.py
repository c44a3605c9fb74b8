"""Networks as flax.linen modules, pure by construction; held to known parameter counts by tests."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
from flax import linen

from gan_probe import types
from gan_probe.models import cnn, dense, resnet, wide_resnet

__all__ = ["ARCHITECTURES", "check_takes"]

# name -> module for so many classes: `apply(variables, images [b, h, w, c], train=False) -> outputs.Outputs`.
ARCHITECTURES: Mapping[str, Callable[[int], linen.Module]] = {
    "linear": lambda classes: dense.Mlp(classes, widths=()),
    "mlp": lambda classes: dense.Mlp(classes, widths=(512, 256)),
    "small_mlp": lambda classes: dense.Mlp(classes, widths=(32,)),
    "mnist_cnn": cnn.mnist_cnn,
    "cifar_cnn": cnn.cifar_cnn,
    "swiniarski_cnn": cnn.SwiniarskiCnn,
    "shallow_cnn": cnn.shallow_cnn,
    "resnet32": lambda classes: resnet.ResNet(classes, depth=32),
    "wrn16_4": lambda classes: wide_resnet.WideResNet(classes, depth=16, width=4),
    "wrn28_10": lambda classes: wide_resnet.WideResNet(classes, depth=28, width=10),
}


def check_takes(arch: str, shape: Sequence[int]) -> None:
    """That the network of this name can be built for images of this shape (h, w, c).

    Raises:
      UserError: its layers leave no pixel of such an image.
    """
    if not _takes(arch, shape):
        enough = (n for n in range(max(shape[:2]), 65) if _takes(arch, (n, n, shape[2])))
        raise types.UserError(
            f"--arch={arch}: takes no images of {shape[1]}x{shape[0]} pixels; give --resize={next(enough, 64)}"
        )


def _takes(arch: str, shape: Sequence[int]) -> bool:
    blank = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    try:
        out = jax.eval_shape(ARCHITECTURES[arch](2).init, jax.random.key(0), blank)
    except (TypeError, ValueError, ZeroDivisionError):
        return False
    return all(leaf.size for leaf in jax.tree.leaves(out))
