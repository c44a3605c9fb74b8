"""How each architecture is trained unless flags say otherwise."""

import dataclasses
import math
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from gan_probe import types
from gan_probe.classifiers import training

__all__ = ["CLASSIFIERS", "changed"]

_RESIDUAL = training.Recipe(optimizer="sgd", rate=0.1, weight_decay=2e-4, drops=2, patience=4, epochs=200)
_WIDE = training.Recipe(optimizer="sgd", rate=0.1, decay=0.2, weight_decay=5e-4, drops=3, patience=4, epochs=200)

CLASSIFIERS: Mapping[str, training.Recipe] = {
    "linear": training.Recipe(epochs=1),
    "mlp": training.Recipe(),
    "small_mlp": training.Recipe(),
    "mnist_cnn": training.Recipe(patience=0, drops=1, epochs=30),
    "cifar_cnn": training.Recipe(),
    "swiniarski_cnn": training.Recipe(rate=2e-4, batch=64, patience=4),
    "shallow_cnn": training.Recipe(),
    "resnet32": _RESIDUAL,
    "wrn16_4": _WIDE,
    "wrn28_10": _WIDE,
}
"""Recipe of every name of models.ARCHITECTURES. Sources: ResNet, He et al. 2016 (weight decay 2e-4 of its public code);
wide ResNet, Zagoruyko and Komodakis 2016; paper 001's classifier, its code; the others are ours ([U] in the papers);
linear is solved, not trained by steps."""


class _Range(NamedTuple):
    least: float
    most: float = sys.float_info.max
    above: bool = False  # the least itself is out


_RANGES = {
    "rate": _Range(0, above=True),  # nothing would be learnt at a rate of 0
    "decay": _Range(0, 1),  # the rate falls
    "weight_decay": _Range(0), "drops": _Range(0), "patience": _Range(0), "epochs": _Range(1), "batch": _Range(1),
}  # fmt: skip


def changed(arch: str, text: str) -> training.Recipe:
    """The recipe of an architecture with other settings, as `epochs=7,batch=32`; see training.Recipe.

    Raises:
      UserError: no recipe to change, an unknown setting, or a value of the wrong kind or out of range.
    """
    if arch not in CLASSIFIERS or arch == "linear":
        raise types.UserError(f"--recipe={text}: {arch} is not trained by steps")
    recipe, values = CLASSIFIERS[arch], {}
    known = dataclasses.asdict(recipe)
    for part in text.split(","):
        name, _, value = (word.strip() for word in part.partition("="))
        if name not in known:
            words = f"{name or 'nothing'} is no setting{types.hint(name, known)}; one of {', '.join(known)}"
            raise types.UserError(f"--recipe={text}: {words}")
        values[name] = _value(name, value, type(known[name]))
    return dataclasses.replace(recipe, **values)


def _value(name: str, value: str, kind: type) -> Any:
    if name == "optimizer":
        if value not in ("sgd", "adam"):
            raise types.UserError(f"--recipe: optimizer={value}: sgd or adam")
        return value
    try:
        number = kind(value)
    except ValueError:
        number = math.nan
    least, most, above = _RANGES[name]
    if not (least <= number <= most) or (above and number == least):
        upto = "" if most == sys.float_info.max else f" to {most:g}"
        wanted = f"{'whole' if kind is int else 'finite'} number {'above' if above else 'from'} {least:g}{upto}"
        raise types.UserError(f"--recipe: {name}={value}: give a {wanted}")
    return number
