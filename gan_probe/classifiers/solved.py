"""The linear softmax of `gan-probe classify`: solved to its optimum at once, not trained by steps.

The same problem, ridge and tolerance as every other linear model here (linear.fit), on the rows that are not held out.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_probe import types
from gan_probe.classifiers import linear, training

__all__ = ["NAME", "epoch"]

NAME = "linear"
_MOST_GB = 4.0


def epoch(
    trainer: training.Trainer, state: training.State, progress: Callable[..., Any] | None = None
) -> tuple[training.State, training.Epoch]:
    """The one epoch of a run: the optimum as the network's variables, and what the validation split says of it.

    progress: called as tqdm is; its bar counts the steps of the solver, of which nobody knows how many it takes.

    Raises:
      UserError: more rows than the solver takes at once.
    """
    images, labels = trainer.rows()
    x = images.reshape(len(images), -1).astype(np.float32) / np.float32(127.5) - 1  # as models.outputs.centred
    need = 4 * len(x) * min(2 * len(x), x.shape[1]) / 2**30
    if need > _MOST_GB:
        raise types.UserError(
            f"--arch={NAME} is solved on all rows at once: {len(x):,} of {x.shape[1]:,} pixels need {need:.1f} GiB, at "
            f"most {_MOST_GB:g}; give fewer rows ([0:K]), --resize, or --arch=mlp"
        )
    found = _solved(x, labels, trainer.module.classes, progress)
    kernel = found.weights / found.scale
    affine = {"kernel": kernel, "bias": found.bias - found.centre @ kernel}
    variables = {"params": {"logits": affine}}
    own = np.asarray(linear.logits(found, x), np.float64)
    loss, accuracy = trainer.validate(variables)
    state = state._replace(
        variables=variables, best=variables, best_loss=jnp.float32(loss), epoch=jnp.int32(1),
        dropped=jnp.int32(trainer.recipe.drops + 1 if bool(found.converged) else 0),
    )  # fmt: skip
    return state, training.Epoch(1, training.cross_entropy(own, labels), loss, accuracy, 0.0)


def _solved(x: np.ndarray, labels: np.ndarray, classes: int, progress: Callable[..., Any] | None) -> linear.Linear:
    if progress is None:
        return linear.fit(x, labels, classes)
    bar = progress(desc="solving", unit="step")
    try:
        found = linear.fit(x, labels, classes, each=lambda: bar.update(1))
        jax.effects_barrier()
    finally:
        bar.close()
    return found
