"""How each architecture is trained unless flags say otherwise."""

from collections.abc import Mapping

from gan_probe.classifiers import training

__all__ = ["CLASSIFIERS"]

_RESIDUAL = training.Recipe(optimizer="sgd", rate=0.1, weight_decay=2e-4, drops=2, patience=4, epochs=200)
_WIDE = training.Recipe(optimizer="sgd", rate=0.1, decay=0.2, weight_decay=5e-4, drops=3, patience=4, epochs=200)

CLASSIFIERS: Mapping[str, training.Recipe] = {
    "linear": training.Recipe(patience=3),
    "mlp": training.Recipe(),
    "mnist_cnn": training.Recipe(patience=0, drops=1, epochs=30),
    "cifar_cnn": training.Recipe(),
    "swiniarski_cnn": training.Recipe(rate=2e-4, batch=64, patience=4),
    "shallow_cnn": training.Recipe(),
    "resnet32": _RESIDUAL,
    "wrn16_4": _WIDE,
    "wrn28_10": _WIDE,
}
"""Recipe of every name of models.ARCHITECTURES. Sources: ResNet, He et al. 2016 (weight decay 2e-4 of its public code);
wide ResNet, Zagoruyko and Komodakis 2016; paper 001's classifier, its code; the others are ours ([U] in the papers)."""
