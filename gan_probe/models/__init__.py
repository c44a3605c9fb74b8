"""Networks as flax.linen modules, pure by construction; held to known parameter counts by tests."""

from collections.abc import Callable, Mapping

from flax import linen

from gan_probe.models import cnn, dense, resnet, wide_resnet

__all__ = ["ARCHITECTURES"]

# name -> module for so many classes: `apply(variables, images [b, h, w, c], train=False) -> outputs.Outputs`.
ARCHITECTURES: Mapping[str, Callable[[int], linen.Module]] = {
    "linear": lambda classes: dense.Mlp(classes, widths=()),
    "mlp": lambda classes: dense.Mlp(classes, widths=(512, 256)),
    "mnist_cnn": cnn.mnist_cnn,
    "cifar_cnn": cnn.cifar_cnn,
    "swiniarski_cnn": cnn.SwiniarskiCnn,
    "shallow_cnn": cnn.shallow_cnn,
    "resnet32": lambda classes: resnet.ResNet(classes, depth=32),
    "wrn16_4": lambda classes: wide_resnet.WideResNet(classes, depth=16, width=4),
    "wrn28_10": lambda classes: wide_resnet.WideResNet(classes, depth=28, width=10),
}
