"""Over how many directions do a generator's samples spread? (paper 002, section 4)

    gan-probe reproduce 002-spectrum --preset=cpu
    gan-probe reproduce 002-spectrum --gans=dcgan --recipe=paper --steps=20000

Trains generators and compares the covariance of their samples with that of held-out images; training images in their
place show what agreement looks like. Expected, against the paper's reading that most directions are dropped: after
minutes of training none is, and the effective rank is over nine tenths of that of held-out images.
"""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe import evaluation, gans, sets, types
from gan_probe.commands import command
from gan_probe.experiments import experiment, trained
from gan_probe.metrics import spectrum

__all__ = ["EXPERIMENT", "Config"]

_CONTROL = "training images"
_RESAMPLES = 200
_LEAST = 1e-8  # that is drawn


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    train: str = experiment.setting("tfds:mnist/train[:20000]", "images that the generators are trained on (SRC)")
    real: str = experiment.setting("tfds:mnist/test", "held-out images (SRC)")
    resize: int = experiment.setting(28, "pixels of an image's side")
    gans: str = experiment.setting("dcgan,wgan", "names in `gan-probe list gans`, with commas")
    recipe: str = experiment.setting("cpu", "preset of `gan-probe train`", choices=experiment.PRESETS)
    steps: int = experiment.setting(0, "iterations; the preset's if 0", least=0)
    samples: int = experiment.setting(4_000, "images of each set, more than there are pixels")
    seed: int = experiment.setting(0, "of training and of samples")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    for name in config.gans.split(","):
        if name not in gans.GANS:
            near = types.hint(name, gans.GANS)
            raise types.UserError(f"--gans={config.gans}: no system {name}{near}; see gan-probe list gans")
    train, real = (
        sets.opened(src, name=name, seed=config.seed, resize=config.resize)
        for name, src in (("train", config.train), ("real", config.real))
    )
    fakes = {_CONTROL: train.rows.take(np.arange(min(config.samples, len(train))))}
    for name in config.gans.split(","):
        found = trained.generator(work / name, name, train, preset=config.recipe, steps=config.steps, seed=config.seed)
        fakes[name] = found.sampler.draw(np.arange(config.samples), config.seed)
    held_out = real.rows.take(np.arange(min(config.samples, len(real))))
    results = evaluation.evaluate(
        real=held_out, fake=fakes, metrics=["spectrum"], key=config.seed, progress=command.progress
    )["results"]
    spectra = {name: found["spectrum"] for name, found in results.items()}
    tables = {
        "rank": experiment.Table(
            ("samples", "effective rank", "low", "high", "over real", "low", "high", "share of directions dropped"),
            [
                (name, one["value"], *one["ci95"], one["detail"]["ratio_to_real"]["value"],
                 *one["detail"]["ratio_to_real"]["ci95"], one["detail"]["dropped"]) for name, one in spectra.items()
            ],
        ),
        "eigenvalues": experiment.Table(("number", "real", *spectra), _eigenvalues(spectra)),
    }  # fmt: skip
    dropped = _dropped(held_out, fakes, config.seed)
    moved = _moved(held_out, {name: images for name, images in fakes.items() if name != _CONTROL}, config.seed)
    return experiment.Found(
        [*_claims(spectra, dropped), *moved], _figure(spectra, tables), tables, {"spectra": spectra}
    )


def _eigenvalues(spectra: Mapping[str, Mapping[str, Any]]) -> list[tuple]:
    """Number, eigenvalue of real, and of each set: 0 beyond the last."""
    found = [next(iter(spectra.values()))["detail"]["eigenvalues"]["real"]]
    found += [one["detail"]["eigenvalues"]["fake"] for one in spectra.values()]
    return [(i + 1, *row) for i, row in enumerate(itertools.zip_longest(*found, fillvalue=0.0))]


def _dropped(real: np.ndarray, fakes: Mapping[str, np.ndarray], seed: int) -> dict[str, tuple[float, float]]:
    """Bootstrap interval, over samples, of the share of real's directions with below 1 % of real's variance."""
    x = real.reshape(len(real), -1) / 255
    values, directions = np.linalg.eigh(np.cov(x, rowvar=False))
    rng, found = np.random.default_rng([seed, 1]), {}
    for name, images in fakes.items():
        y = (images.reshape(len(images), -1) / 255 - x.mean(axis=0)) @ directions
        weights = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), _RESAMPLES) / len(y)
        shares = spectrum.dropped(values, weights @ y**2 - (weights @ y) ** 2, dim=len(values))
        found[name] = (float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975)))
    return found


def _moved(real: np.ndarray, fakes: Mapping[str, np.ndarray], seed: int) -> Iterator[experiment.Judged]:
    """Whether the mean of real images, moved by two pixels, is further from their own than that of samples is."""
    rng, n = np.random.default_rng([seed, 2]), len(real)
    shifted = (np.roll(real, 2, axis=2).astype(float) - real).reshape(n, -1)
    for name, images in fakes.items():
        if name == _CONTROL:
            continue
        x, y = (one.reshape(len(one), -1).astype(float) for one in (real, images))

        def ratio(real: np.ndarray, fake: np.ndarray, x: np.ndarray = x, y: np.ndarray = y) -> float:
            return float(np.linalg.norm(real @ shifted) / np.linalg.norm(fake @ y - real @ x))

        even = [np.full(len(one), 1 / len(one)) for one in (x, y)]
        drawn = [ratio(*(rng.multinomial(len(w), w) / len(w) for w in even)) for _ in range(_RESAMPLES)]
        low, high = np.quantile(drawn, (0.025, 0.975))
        yield experiment.judge("000-2-a", "distance of the mean of held-out images moved by two pixels from that of "
                               f"held-out images, over that of samples of {name}", ratio(*even), (low, high),
                               at_least=1)  # fmt: skip


def _claims(
    spectra: Mapping[str, Mapping[str, Any]], dropped: Mapping[str, tuple[float, float]]
) -> Iterator[experiment.Judged]:
    """Most directions lost: no variance along more than half of them, an effective rank of less than half."""
    control = spectra[_CONTROL]["detail"]["dropped"]
    for name in spectra:
        if name == _CONTROL:
            continue
        detail = spectra[name]["detail"]
        ratio = detail["ratio_to_real"]
        yield experiment.judge("002-4-l", f"{name}: share of held-out images' principal directions along which samples "
                               f"have below 1 % of their variance (training images: {control:.2f})",
                               detail["dropped"], dropped[name], at_least=0.5)  # fmt: skip
        yield experiment.judge("002-4-l", f"{name}: effective rank of the covariance over that of held-out images",
                               ratio["value"], (ratio["ci95"][0], ratio["ci95"][1]), at_most=0.5)  # fmt: skip


def _figure(spectra: Mapping[str, Mapping[str, Any]], tables: Mapping[str, experiment.Table]) -> figure.Figure:
    sheet = figure.Figure(figsize=(10, 4.2), layout="constrained")
    decay, rank = sheet.subplots(1, 2, width_ratios=[3, 2])
    number, real, *sets_of = np.array(tables["eigenvalues"].rows).T
    decay.semilogy(number, np.maximum(real, _LEAST), color="black", label="held-out images")
    for name, values in zip(spectra, sets_of, strict=True):
        decay.semilogy(number, np.maximum(values, _LEAST), label=name)
    decay.set(title="eigenvalues of the covariance (pixels in 0..1)", xlabel="number", ylim=(_LEAST, None))
    decay.legend()
    first = next(iter(spectra.values()))["detail"]["real"]
    rank.axhline(first, color="black", lw=0.8, label="held-out images")
    for k, one in enumerate(spectra.values()):
        low, high = one["ci95"]
        rank.errorbar(k, one["value"], [[one["value"] - low], [high - one["value"]]], fmt="o", capsize=4)
        rank.annotate(f"{one['detail']['dropped']:.0%} dropped", (k, one["value"]), (6, 0), textcoords="offset points")
    rank.set(title="effective rank; share of real's directions dropped", ylim=(0, None), xlim=(-0.5, len(spectra)))
    rank.set_xticks(range(len(spectra)), spectra)
    rank.legend(loc="lower left")
    return sheet


EXPERIMENT = experiment.Experiment(
    "002",
    "section 4",
    "the covariance spectrum of trained generators against that of real images",
    {
        "smoke": Config(train="digits/train", real="digits/real", gans="mlp", recipe="smoke", steps=10, samples=300),
        "cpu": Config(),
        "paper": Config(train="tfds:mnist/train", recipe="paper", steps=23_000, samples=10_000),
    },
    {"smoke": 0.3, "cpu": 3.5, "paper": 600},
    main,
)
