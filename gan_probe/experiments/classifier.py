"""What does the classifier that scores generators reach on real digits? (paper 001, table of section 2)

    gan-probe reproduce 001-classifier --preset=cpu

Trains the paper's classifier on real images, from several seeds, and tests it on held-out ones: the first line of the
paper's table, against which the lines of generators are read. The recipe is that of its code; the paper gives no length
of training: a classifier that is stopped by --epochs and falls short leaves the claim open.
"""

import dataclasses
import pathlib

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe import models, sets
from gan_probe.experiments import experiment, figures, trained

__all__ = ["EXPERIMENT", "Config"]

_PRINTED = 0.9868


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    train: str = experiment.setting("tfds:mnist/train", "labelled images to train on (SRC)")
    test: str = experiment.setting("tfds:mnist/test", "labelled held-out images (SRC)")
    resize: int = experiment.setting(28, "pixels of an image's side")
    arch: str = experiment.setting("swiniarski_cnn", "classifier", choices=tuple(models.ARCHITECTURES))
    epochs: int = experiment.setting(12, "of each training at most")
    trainings: int = experiment.setting(3, "from seeds of their own")
    seed: int = experiment.setting(0, "the first of them")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    train, test = (
        sets.opened(src, name=name, seed=config.seed, resize=config.resize)
        for name, src in (("train", config.train), ("test", config.test))
    )
    seeds = range(config.seed, config.seed + config.trainings)
    found = [
        trained.tested(work / f"classifier-{seed}", config.arch, train, test, seed=seed, epochs=config.epochs)
        for seed in seeds
    ]
    tables = {
        "accuracy": experiment.Table(
            ("seed", "class", "accuracy", "low", "high"),
            [
                (seed, name, one["value"], *one["ci95"])
                for seed, accuracy in zip(seeds, found, strict=True)
                for name, one in [("all", accuracy), *zip(accuracy["classes"], accuracy["per_class"], strict=True)]
            ],
        )
    }
    claim = _reaches(config, found[0]["n"], np.array([one["value"] for one in found]),
                     converged=all(one["converged"] for one in found))  # fmt: skip
    return experiment.Found([claim], _figure(config, tables["accuracy"]), tables, {"trainings": found})


def _reaches(config: Config, n: int, accuracy: np.ndarray, *, converged: bool) -> experiment.Judged:
    """From the accuracy of each training, on one set of test images. Trained for less the claim stays open."""
    value, low, high = experiment.averaged(accuracy)
    limit = "" if converged else "; upper end: longer training may reach more"
    return experiment.judge("001-T1-a", f"{config.arch}, {config.epochs} epochs at most: share of {n:,} images of "
                            f"{config.test} labelled as they are (interval over {accuracy.size} trainings{limit})",
                            value, (low, high if converged else max(high, 1.0)), at_least=_PRINTED)  # fmt: skip


def _figure(config: Config, table: experiment.Table) -> figure.Figure:
    sheet = figure.Figure(figsize=(8, 4), layout="constrained")
    axes = sheet.subplots()
    for seed in sorted({row[0] for row in table.rows}):
        name, *ends = figures.columns(table, seed)
        at = np.arange(len(name)) + 0.15 * (seed - config.seed)
        figures.bars(axes, at, ends, fmt="o", ms=4, capsize=2, label=f"seed {seed}")
        axes.set_xticks(at, name)
    axes.axhline(_PRINTED, ls="--", lw=1, color="black", label=f"in the paper, all classes: {_PRINTED:.2%}")
    axes.set(title=f"{config.arch} trained on real images", xlabel="class", ylabel="accuracy on held-out images")
    axes.legend(loc="lower left")
    return sheet


EXPERIMENT = experiment.Experiment(
    "001",
    "table of section 2, first line",
    "the classifier that scores generators, trained on real digits",
    {
        "smoke": Config(train="digits/train", test="digits/real", epochs=1, trainings=2),
        "cpu": Config(),
        "paper": Config(epochs=200, trainings=10),
    },
    {"smoke": 0.2, "cpu": 15, "paper": 800},
    main,
)
