"""Networks, trained to convergence one after another; each has checkpoints of its own and is resumed where it was."""

import pathlib
import shutil
from collections.abc import Callable, Sequence

import numpy as np

from gan_probe import annotation
from gan_probe.classifiers import recipes, runs, training
from gan_probe.diversity import fits, task

__all__ = ["fresh_epochs", "learn"]

_STEPS = 20  # least of an epoch: between two looks at the validation loss a small set is passed over several times


def learn(
    given: task.Task,
    wanted: Sequence[fits.Fit],
    left: Sequence[fits.Fit],
    done: Callable[[fits.Fit, fits.Outcome], None],
    *,
    arch: str,
    folder: pathlib.Path,
    recipe: training.Recipe | None = None,
) -> None:
    """Trains every one of `left` under `folder`, and tells `done` of each; a run's checkpoints then go."""
    del wanted
    recipe = recipe or recipes.CLASSIFIERS[arch]
    for fit in left:
        run = folder / fit.slug
        images, labels = given.images(fit.source, fit.rows), given.labels[fit.source][fit.rows]
        trained = runs.train(
            run, arch, images=images, labels=labels, classes=given.classes,
            held_out=_held_out(given, fit),
            seed=given.seed + fit.repeat,
            resume=run.exists(), recipe=recipe, progress=given.progress,
            epoch_rows=fit.epoch_rows or _epoch(fit, recipe),
        )  # fmt: skip
        own = runs.predicted(trained, images.__getitem__, np.arange(len(labels)))
        truth = given.labels["real"]
        every = np.arange(len(truth))
        correct = runs.predicted(trained, given.images("real", every).__getitem__, every) == truth
        done(fit, fits.Outcome(correct, float(np.mean(own == labels)), trained.epochs, trained.converged))
        shutil.rmtree(run)


def fresh_epochs(given: task.Task, fit: fits.Fit) -> float:
    """Epochs of a fit on fresh samples before one that it has trained on comes again; copies are no new ones."""
    used = given.embedded[fit.source].hashes[fit.rows][~_held_out(given, fit)]
    return len(np.unique(used)) / (fit.epoch_rows or len(fit.rows))


def _held_out(given: task.Task, fit: fits.Fit) -> np.ndarray:
    return annotation.validation_rows(given.embedded[fit.source].hashes[fit.rows], given.seed)


def _epoch(fit: fits.Fit, recipe: training.Recipe) -> int | None:
    """Rows of an epoch where one pass would be too few steps."""
    return _STEPS * recipe.batch if len(fit.rows) < _STEPS * recipe.batch else None
