"""What an experiment trains: taken up again in the folder where a killed run left it."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gan_probe import annotation, pass_cache, sets, types
from gan_probe.classifiers import recipes
from gan_probe.commands import command
from gan_probe.gans import runs

__all__ = ["classifier", "computed", "generator", "tested"]


def generator(
    run: pathlib.Path,
    name: str,
    data: types.Samples,
    *,
    preset: str,
    steps: int = 0,
    given: Mapping[str, Any] | None = None,
    seed: int = 0,
    every: int | None = None,
) -> runs.Trained:
    """The last state of a GAN (name in GANS, preset and settings as of `gan-probe train`) in the folder `run`.

    steps: iterations, the preset's for 0. The states of every `every` iterations, a tenth of all by default, are
    `runs.load(run, step)`.
    """
    return runs.train(
        run, name, data, preset=preset, given={**({"steps": steps} if steps else {}), **(given or {})}, seed=seed,
        every=every, resume=run.exists(), progress=command.progress,
    )  # fmt: skip


def classifier(run: pathlib.Path, arch: str, data: str | types.Samples, *, seed: int) -> None:
    """Trains a network to classify a labelled set (or its SRC) until its validation rows no longer gain."""
    annotation.classify(
        run, arch, sets.opened(data, name="train", seed=seed), seed=seed, resume=run.exists(), progress=command.progress
    )


def tested(
    run: pathlib.Path, arch: str, data: types.Samples, test: types.Samples, *, seed: int, epochs: int
) -> dict[str, Any]:
    """The same for at most so many epochs, and what accuracy.json says of it on a labelled test set."""
    recipe = dataclasses.replace(recipes.CLASSIFIERS[arch], epochs=epochs)
    _, accuracy = annotation.classify(
        run, arch, data, test, seed=seed, recipe=recipe, resume=run.exists(), progress=command.progress
    )
    assert accuracy is not None
    return accuracy


def computed(path: pathlib.Path, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays that take long: those of the npz file where a killed run left them, or else made and written there."""
    found = pass_cache.named(path)
    if found is None:
        found = {name: np.asarray(array) for name, array in make().items()}
        try:
            pass_cache.put(path, found)
        except OSError as error:
            raise types.UserError(f"{path.parent}: cannot be written ({error.strerror}); give another --out") from error
    return found
