"""Parzen window log-likelihoods over the training of a normal and of a weak generator (thesis 004, figure 3.3)

    gan-probe reproduce 004-parzen --preset=cpu
    gan-probe reproduce 004-parzen --train=tfds:cifar10/train --test=tfds:cifar10/test --resize=32 \\
        --normal=improved --weak=improved_weak

Trains a GAN and the same one without batch norm, and scores every checkpoint: by Parzen windows in pixels and in the
principal components of 95 % of the variance, sigma chosen on held-out rows of its own; by DDM on a classifier's
logits, the thesis's measure of quality; and by KID on its last hidden layer, a second one that doesn't share DDM's
faults. Expected by the thesis: the weak generator's log-likelihood rises, also above the normal one's, while its images
stay worse. Expected here: it falls back and stays below; DDM prefers the weak generator, which makes one image, KID
the normal one, and Parzen scores go along with KID and against DDM.
"""

import dataclasses
import math
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure
from sklearn import decomposition, neighbors

from gan_probe import gans, sets, types
from gan_probe import reference as reference_lib
from gan_probe.commands import command
from gan_probe.experiments import experiment, figures, trained
from gan_probe.gans import runs
from gan_probe.stats import rank_correlation

__all__ = ["EXPERIMENT", "Config"]

_TITLES = {
    "pixels": "Parzen windows, pixels",
    "pca95": "Parzen windows, components of 95 % of the variance",
    "ddm": "DDM on a classifier's logits (lower is better)",
    "kid": "KID on its last hidden layer (lower is better)",
}
# Metric, embedding and switches of each kind of score; logits have a scale of their own.
_MEASURED: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "pixels": ("parzen", "pixels", {}),
    "pca95": ("parzen", "pixels", {"parzen_pca": 95.0}),
    "ddm": ("ddm", "logits:{}/classifier", {"scale": "median"}),
    "kid": ("kid", "prelogits:{}/classifier", {}),
}
_QUALITY = {"ddm": ", nats", "kid": ""}
_COLOURS = ("#3a9d5d", "#d1701f")
_CHECKED = 300  # rows of each set whose score scikit-learn computes too

Scores = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""Kind of score -> generator -> what `evaluate` found at each checkpoint."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The thesis trains Improved GAN on CIFAR-10, here a DCGAN on MNIST by default."""

    train: str = experiment.setting("tfds:mnist/train", "labelled images that all networks are trained on (SRC)")
    test: str = experiment.setting("tfds:mnist/test", "held-out images (SRC)")
    resize: int = experiment.setting(28, "pixels of a side")
    normal: str = experiment.setting("dcgan", "generator with batch norm", choices=tuple(gans.GANS))
    weak: str = experiment.setting("dcgan_weak", "generator without it", choices=tuple(gans.GANS))
    training: str = experiment.setting("cpu", "preset of both", choices=experiment.PRESETS)
    steps: int = experiment.setting(1_000, "iterations of each training")
    checkpoints: int = experiment.setting(10, "that are scored, equally far apart")
    samples: int = experiment.setting(2_000, "drawn at each checkpoint, and held-out images at most")
    arch: str = experiment.setting("mlp", "classifier whose logits DDM compares")
    seed: int = experiment.setting(0, "of training and of evaluation")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    if config.normal == config.weak:
        raise types.UserError(f"--weak={config.weak}: the same as --normal; give another of gan-probe list gans")
    train = sets.opened(config.train, name="train", seed=config.seed, resize=config.resize)
    every = max(config.steps // config.checkpoints, 1)
    steps = list(range(every, config.steps + 1, every))
    trained.classifier(work / "classifier", config.arch, train, seed=config.seed)
    for name in (config.normal, config.weak):
        trained.generator(work / name, name, train, preset=config.training, given={"steps": config.steps},
                          seed=config.seed, every=every)  # fmt: skip
    test = _test(config)
    scores = _scores(config, work, train, test, steps)
    rows = [
        (kind, name, step, found["value"], *found["ci95"], found["detail"].get("sigma"))
        for kind, by_name in scores.items()
        for name, all_steps in by_name.items()
        for step, found in zip(steps, all_steps, strict=True)
    ]
    table = experiment.Table(("score", "generator", "step", "value", "low", "high", "sigma"), rows)
    shown = {name: _drawn(work, name, steps[-1], 8, config.seed) for name in (config.normal, config.weak)}
    some = _drawn(work, config.normal, steps[-1], _CHECKED, config.seed)
    apart = _against_scikit_learn(test[:_CHECKED], some, config.seed)
    return experiment.Found(
        list(_claims(config, steps, scores)),
        _figure(table, shown),
        {"scores": table},
        {"largest difference from scikit-learn's KernelDensity, nats a row": apart},
        figures.kept(list(shown.items())),
    )


def _test(config: Config) -> np.ndarray:
    """A seeded choice of the held-out images, uint8 [n, h, w, c]."""
    test = sets.opened(config.test, name="test", seed=config.seed, resize=config.resize)
    chosen = np.random.default_rng([config.seed, 7]).permutation(len(test))[: config.samples]
    return test.rows.take(np.sort(chosen))


def _drawn(work: pathlib.Path, name: str, step: int, n: int, seed: int) -> np.ndarray:
    return runs.load(work / name, step).sampler.draw(np.arange(n), seed)


def _scores(config: Config, work: pathlib.Path, train: types.Samples, test: np.ndarray, steps: Sequence[int]) -> Scores:
    fakes = {
        f"{name}@{step}": f"run:{work / name}@{step}?n={config.samples}"
        for name in (config.normal, config.weak)
        for step in steps
    }
    out = {}
    for kind, (metric, embed, switches) in _MEASURED.items():
        reference = reference_lib.Reference(
            real=test, train=train if "parzen_pca" in switches else None, embed=embed.format(work), seed=config.seed,
            progress=command.progress,
        )  # fmt: skip
        found = reference.evaluate(fakes, metrics=[metric], **switches)["results"]
        out[kind] = {name: [found[f"{name}@{step}"][metric] for step in steps] for name in (config.normal, config.weak)}
    return out


def _against_scikit_learn(test: np.ndarray, fake: np.ndarray, seed: int) -> float:
    """Of the mean log-density of images, where both are computed, of the larger of both spaces.

    scikit-learn's tree subtracts bounds of its nodes from one another, which leaves no digit of a density far below
    that at a sample (60 nats a row too much on 8 x 8 digits): with one leaf it sums plainly.
    """
    reference = reference_lib.Reference(real=test, embed="pixels", seed=seed)
    held = reference.layouts["real"].block >= max(1, reference.blocks // 10)  # those that don't choose sigma
    real, made = (x.reshape(len(x), -1).astype(np.float64) / 255 for x in (test, fake))
    apart = []
    for percent in (0.0, 95.0):
        found = reference.evaluate(fake, metrics=["parzen"], parzen_pca=percent)["results"]["fake"]["parzen"]
        if percent:
            space = decomposition.PCA(n_components=percent / 100, svd_solver="full").fit(real)
            real, made = space.transform(real), space.transform(made)
        density = neighbors.KernelDensity(bandwidth=found["detail"]["sigma"], leaf_size=len(made)).fit(made)
        apart.append(abs(density.score_samples(real[held]).mean() - found["value"]))
    return float(max(apart))


def _claims(config: Config, steps: Sequence[int], scores: Scores) -> Iterator[experiment.Judged]:
    """Of sections 3.1.2 and 3.4.1."""
    normal, weak = (
        {kind: [(one["value"], *one["ci95"]) for one in by_name[name]] for kind, by_name in scores.items()}
        for name in (config.normal, config.weak)
    )
    yield from _rises(config.weak, steps, weak["pixels"])
    for kind, unit in _QUALITY.items():
        yield experiment.judge("004-3.4.1-a", f"its {kind.upper()} at the end less that of {config.normal}{unit} (its "
                               "images stay worse)", *experiment.difference(weak[kind][-1], normal[kind][-1]),
                               at_least=0)  # fmt: skip
    yield experiment.judge("004-3.4.1-b", f"Parzen score in the components at the end, {config.weak} less "
                           f"{config.normal}, nats", *experiment.difference(weak["pca95"][-1], normal["pca95"][-1]),
                           at_least=0)  # fmt: skip
    for kind, space in (("pixels", "in pixels"), ("pca95", "in the components")):
        for measure in _QUALITY:
            yield _tracks(space, _values(scores[kind]), measure.upper(), -_values(scores[measure]))


def _rises(
    name: str, steps: Sequence[int], scores: Sequence[tuple[float, float, float]]
) -> Iterator[experiment.Judged]:
    """Whether scores (value, low, high) of checkpoints rise over training, and not at its very beginning alone."""
    about = f"Parzen score in pixels of {name}, "
    yield experiment.judge("004-3.4.1-a", f"{about}step {steps[-1]} less step {steps[0]}, nats",
                           *experiment.difference(scores[-1], scores[0]), at_least=0)  # fmt: skip
    if len(scores) < 3:
        yield experiment.judge(
            "004-3.4.1-a", f"{about}after the first of {len(scores)} checkpoints", math.nan, at_least=0
        )
        return
    lowest = min(range(2, len(scores)), key=lambda i: scores[i][0])
    yield experiment.judge("004-3.4.1-a", f"{about}lowest of the checkpoints after step {steps[1]} (step "
                           f"{steps[lowest]}) less that at step {steps[1]}, nats (a score that rises does not "
                           "fall below it)", *experiment.difference(scores[lowest], scores[1]), at_least=0)  # fmt: skip


def _tracks(space: str, score: np.ndarray, measure: str, quality: np.ndarray) -> experiment.Judged:
    """Whether scores [n] of checkpoints order them as quality [n] does; half of Kendall's tau would be tracking."""
    measured = (
        f"Kendall's tau of Parzen scores {space} with {measure}'s order of {score.size} checkpoints, 1 for the same "
        "order (interval as of independent ones)"
    )
    enough = score.size >= rank_correlation.FEWEST and np.ptp(score) > 0 and np.ptp(quality) > 0
    if not enough:
        return experiment.judge("004-3.1.2-a", measured, float("nan"), at_most=0.5)
    tau, interval = rank_correlation.rank_agreement(score, quality)
    assert interval.low is not None and interval.high is not None
    return experiment.judge("004-3.1.2-a", measured, tau, (interval.low, interval.high), at_most=0.5)


def _values(by_name: Mapping[str, Sequence[Mapping[str, Any]]]) -> np.ndarray:
    """Of all checkpoints of both generators, float64 [2 n]."""
    return np.array([one["value"] for found in by_name.values() for one in found], float)


def _figure(table: experiment.Table, shown: Mapping[str, np.ndarray]) -> figure.Figure:
    sheet = figure.Figure(figsize=(14, 6), layout="constrained")
    places = sheet.subplot_mosaic([list(_TITLES), ["samples"] * len(_TITLES)], height_ratios=(2.2, 1))
    for kind, title in _TITLES.items():
        for name, colour in zip(shown, _COLOURS, strict=True):
            step, value, low, high, _ = figures.columns(table, kind, name)
            places[kind].plot(step, value, "o-", ms=3, color=colour, label=name)
            places[kind].fill_between(step, low, high, color=colour, alpha=0.25, lw=0)
        places[kind].set(title=title, xlabel="iteration", ylabel="squared MMD" if kind == "kid" else "nats")
    places["pixels"].legend()
    figures.images(places["samples"], list(shown.items()), "samples at the end")
    return sheet


EXPERIMENT = experiment.Experiment(
    "004",
    "section 3.4.1, figure 3.3",
    "Parzen window log-likelihoods over the training of a normal and of a weak generator",
    {
        "smoke": Config(
            train="digits/train", test="digits/real", normal="vanilla", weak="mlp", training="smoke", steps=20,
            checkpoints=2, samples=300, arch="linear",
        ),
        "cpu": Config(),
        "paper": Config(
            train="tfds:cifar10/train", test="tfds:cifar10/test", resize=32, normal="improved", weak="improved_weak",
            training="paper", steps=100_000, checkpoints=50, samples=10_000, arch="cifar_cnn",
        ),
    },
    {"smoke": 0.3, "cpu": 8, "paper": 20_000},
    main,
)  # fmt: skip
