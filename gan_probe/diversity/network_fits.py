"""Networks, trained to convergence one after another; each has checkpoints of its own and is resumed where it was."""

import pathlib
import shutil
from collections.abc import Callable, Sequence

import numpy as np

from gan_probe.classifiers import runs, training
from gan_probe.diversity import fits, task
from gan_probe.stats import blocks

__all__ = ["learn"]

_HELD_OUT = 10  # one content in so many validates
_BATCH = 4096


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
    for fit in left:
        run = folder / f"{fit.source}-{fit.point}-{fit.repeat}"
        images, labels = given.images(fit.source, fit.rows), given.labels[fit.source][fit.rows]
        trained = runs.train(
            run, arch, images=images, labels=labels, classes=given.classes,
            held_out=_held_out(given.embedded[fit.source].hashes[fit.rows], given.seed), seed=given.seed + fit.repeat,
            resume=run.exists(), recipe=recipe, progress=given.progress, epoch_rows=fit.epoch_rows,
        )  # fmt: skip
        own = np.concatenate(
            [trained.predict(images[s : s + _BATCH]).logits.argmax(axis=1) for s in range(0, len(images), _BATCH)]
        )
        truth = given.labels["real"]
        found = [
            trained.predict(given.images("real", np.arange(s, min(s + _BATCH, len(truth))))).logits.argmax(axis=1)
            for s in range(0, len(truth), _BATCH)
        ]
        correct = np.concatenate(found) == truth
        done(fit, fits.Outcome(correct, float(np.mean(own == labels)), trained.epochs, trained.converged))
        shutil.rmtree(run)


def _held_out(hashes: np.ndarray, seed: int) -> np.ndarray:
    """bool [n], the validation split: copies of one content stay together, or the split would not see overfitting."""
    distinct, back = np.unique(hashes, return_inverse=True)
    return (blocks.assign(distinct, _HELD_OUT, seed) == 0)[back]
