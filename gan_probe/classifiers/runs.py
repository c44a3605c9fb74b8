"""A classifier's run directory: what it is in run.json, its weights in checkpoints, resumed where it was killed."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from gan_probe import checkpoint, models, run_file, types, whole_file
from gan_probe.classifiers import recipes, solved, training
from gan_probe.models import outputs

__all__ = ["Classifier", "load", "predicted", "put", "train", "unfinished"]

_BATCH = 4096  # rows decoded at once


class Classifier(NamedTuple):
    """A trained classifier.

    arch: name in models.ARCHITECTURES. classes: their names. shape: (h, w, c) of its images. sha256: of its weights.
    predict: uint8 images [n, h, w, c] to Outputs of NumPy arrays (without layers).
    variables: of the module, for those who need its layers.
    epochs: that it was trained for. converged: whether the rule of convergence ended it, not the limit of epochs.
    finished: False where training was stopped and not taken up again.
    """

    arch: str
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    sha256: str
    predict: Callable[[np.ndarray], outputs.Outputs]
    variables: Any
    epochs: int = 0
    converged: bool = False
    finished: bool = True


def train(
    out: pathlib.Path,
    arch: str,
    *,
    images: training.Images,
    labels: np.ndarray,
    classes: tuple[str, ...],
    held_out: np.ndarray,
    seed: int = 0,
    about: dict[str, Any] | None = None,
    beside: Mapping[str, bytes] | None = None,
    resume: bool = False,
    recipe: training.Recipe | None = None,
    epoch_rows: int | None = None,
    progress: Callable[..., Any] | None = None,
    report: Callable[[training.Epoch], None] = lambda epoch: None,
) -> Classifier:
    """Trains to convergence, with a checkpoint an epoch.

    Args:
      out: the run directory; new or empty, or with `resume` one of the same settings.
      arch: name in models.ARCHITECTURES; linear has its optimum computed, all others are trained by steps.
      images: uint8 [n, h, w, c].    labels: int [n].    held_out: bool [n], the validation split.
      about: what else run.json says: the source of the data.
      beside: further files of the folder, by name, there before the first epoch.
      recipe: of the steps; recipes.CLASSIFIERS by default, and always for linear.
      epoch_rows: see training.Trainer.
      progress: called as tqdm is, once an epoch.
      report: called after every epoch.

    Raises:
      UserError: an unknown architecture, a directory that holds something else, or a run of other settings.
    """
    if arch not in models.ARCHITECTURES:
        hint = types.hint(arch, models.ARCHITECTURES)
        raise types.UserError(f"--arch={arch}: unknown{hint}; see gan-probe list classifiers")
    models.check_takes(arch, images.shape[1:])
    if held_out.all() or not held_out.any():
        raise types.UserError(f"{len(labels)} labelled images are too few: some to train on, some to validate")
    recipe = recipes.CLASSIFIERS[arch] if recipe is None or arch == solved.NAME else recipe
    settings = {
        "kind": "classifier", "arch": arch, "classes": list(classes), "shape": list(images.shape[1:]), "seed": seed,
        "recipe": dataclasses.asdict(recipe), **(about or {}),
    }  # fmt: skip
    trainer = training.Trainer(
        models.ARCHITECTURES[arch](len(classes)), recipe, images=images, labels=labels, held_out=held_out, seed=seed,
        epoch_rows=epoch_rows,
    )  # fmt: skip
    history = list(run_file.begin(out, settings, resume=resume).get("epochs", []))
    for name, content in (beside or {}).items():
        put(out / name, content)
    state = trainer.init()
    step = checkpoint.latest(out) if resume else None
    if step is not None:
        state = checkpoint.load(out, step, state)
        history = history[:step]
    while not trainer.finished(state):
        state, epoch = (solved.epoch if arch == solved.NAME else _epoch)(trainer, state, progress)
        if not np.isfinite(epoch.train_loss):
            raise types.UserError(f"{out}: the loss is not finite in epoch {epoch.epoch}; lower the learning rate")
        history.append(epoch._asdict())
        # In this order: a run killed in between begins its last epoch again, and none is missing from the record.
        run_file.write(out, {**settings, "finished": False, "epochs": history})
        checkpoint.save(out, epoch.epoch, state)
        report(epoch)
    run_file.write(out, {**settings, "finished": True, "epochs": history})
    return load(out)


def _epoch(
    trainer: training.Trainer, state: training.State, progress: Callable[..., Any] | None
) -> tuple[training.State, training.Epoch]:
    bar = progress(total=trainer.steps, desc=f"epoch {int(state.epoch) + 1}", unit="step") if progress else None
    found = trainer.epoch(state, bar.update if bar is not None else lambda: None)
    if bar is not None:
        bar.close()
    return found


def load(run: pathlib.Path) -> Classifier:
    """The classifier of a run directory, with the parameters of its best epoch.

    Raises:
      UserError: no run of a classifier is there, or it is damaged.
    """
    run = pathlib.Path(run)
    about = _read(run)
    step = checkpoint.latest(run)
    if step is None:
        raise types.UserError(f"{run}: no checkpoint there yet; run gan-probe classify again with --resume")
    try:
        module = models.ARCHITECTURES[about["arch"]](len(about["classes"]))
        shape = tuple(int(side) for side in about["shape"])
        blank, recipe = np.zeros((0, *shape), np.uint8), training.Recipe(**about["recipe"])
    except (KeyError, TypeError, ValueError) as error:
        raise types.UserError(f"{run}: its run.json is damaged ({error}); train it again") from error
    trainer = training.Trainer(
        module, recipe, images=blank, labels=np.zeros(0, int), held_out=np.zeros(0, bool), seed=0
    )
    state = checkpoint.load(run, step, jax.eval_shape(trainer.init))
    variables, converged = state.best, int(state.dropped) > trainer.recipe.drops
    predict = training.predictor(module)
    return Classifier(
        about["arch"], tuple(about["classes"]), shape, _sha256(variables), lambda x: predict(variables, x), variables,
        epochs=int(state.epoch), converged=converged, finished=about.get("finished") is True,
    )  # fmt: skip


def predicted(classifier: Classifier, take: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """int [n], the likeliest class of each of these rows [n], which `take` decodes a batch at a time."""
    found = [
        classifier.predict(take(rows[start : start + _BATCH])).logits.argmax(axis=1)
        for start in range(0, len(rows), _BATCH)
    ]
    return np.concatenate(found)


def unfinished(run: str, classifier: Classifier) -> list[str]:
    """A warning where the training of a run was stopped, for those who use it all the same."""
    if classifier.finished:
        return []
    epochs = f"{classifier.epochs} epoch{'s' * (classifier.epochs != 1)}"
    return [f"warning: training of {run} was stopped after {epochs}; go on with gan-probe classify --resume"]


def put(path: pathlib.Path, content: bytes) -> None:
    """Write a file of a run, whole; UserError where that can't be."""
    try:
        whole_file.put(path, content)
    except OSError as error:
        raise types.UserError(f"{path}: cannot be written ({error.strerror})") from error


def _read(run: pathlib.Path) -> dict[str, Any]:
    about = run_file.read(run, "classifier")
    if str(about.get("arch")) not in models.ARCHITECTURES:
        raise types.UserError(f"{run}: not a classifier's run")
    return about


def _sha256(variables: Any) -> str:
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(variables):
        digest.update(jax.tree_util.keystr(path).encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()
