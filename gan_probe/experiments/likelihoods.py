"""The likelihood of a GAN's decoder by annealed importance sampling, against its variance (thesis 004, figure 3.5)

    gan-probe reproduce 004-ais --preset=cpu
    gan-probe reproduce 004-ais --train=tfds:fashion_mnist/train --test=tfds:fashion_mnist/test --variances=0.1,0.03

Trains the decoder of Wu et al. 2017 with 10 latents as a GAN and as a VAE, and estimates ln p of held-out images for
several variances of a pixel. Expected: the score moves by hundreds of nats with the variance alone; the VAE lies above
the GAN at each of them.
"""

import dataclasses
import math
import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe import sets, types
from gan_probe.commands import command
from gan_probe.experiments import experiment, figures, trained
from gan_probe.gans import runs
from gan_probe.likelihood import ais, bidirectional

__all__ = ["EXPERIMENT", "Config"]

_SHOWN = 8
_BATCH = 50  # images whose estimates are kept together
_COLOURS = {"GAN-10": "#d1701f", "VAE-10": "#3f8fd0"}
_PRINTED = {"GAN-10": 328.772, "VAE-10": 705.375}  # nats; Wu et al. 2017 on MNIST, at variances that they don't print


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the chains are those of Wu et al. 2017 at `paper`; the thesis doesn't print its variances."""

    train: str = experiment.setting("tfds:mnist/train", "images that the decoders are trained on (SRC)")
    test: str = experiment.setting("tfds:mnist/test", "held-out images that are scored (SRC)")
    widths: str = experiment.setting("64,256,256,1024", "units of the decoders' hidden layers, with commas")
    steps: int = experiment.setting(6_000, "iterations of each training, 100 images each")
    rate: float = experiment.setting(1e-3, "learning rate of the VAE; the GAN's is a fifth of it")
    images: int = experiment.setting(50, "held-out images")
    chains: int = experiment.setting(16, "of an image")
    temperatures: int = experiment.setting(1_000, "of the path to the least variance")
    variances: str = experiment.setting("0.1,0.05,0.025,0.01,0.005", "of a pixel in 0..1, with commas")
    simulated: int = experiment.setting(10, "images drawn from each decoder, for bounds on both sides")
    seed: int = experiment.setting(0, "of everything random")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    variances = _variances(config)
    train = sets.opened(config.train, name="train", seed=config.seed, resize=28)
    images = _dequantised(config, train.rows.shape)
    models = {name: _trained(config, name, train, work / name) for name in _COLOURS}
    scores = {name: _scores(config, model, images, variances, mesh, work / name) for name, model in models.items()}
    bounds = {name: _bounds(config, model, min(variances), mesh, work / name) for name, model in models.items()}
    tables = {
        "sweep": experiment.Table(
            ("decoder", "variance", "ln p", "low", "high", "chain noise", "ceiling"),
            list(_rows(variances, scores, images[0].size)),
        ),
        "bounds": experiment.Table(
            ("decoder", "image", "lower", "upper"),
            [(name, i, *pair) for name, ends in bounds.items() for i, pair in enumerate(zip(*ends, strict=True))],
        ),
    }
    at = np.arange(min(_SHOWN, len(images)))
    shown = [("test", images[at]), *((name, model.sampler.draw(at, config.seed)) for name, model in models.items())]
    return experiment.Found(
        list(_claims(config, variances, scores, bounds)),
        _figure(tables, shown),
        tables,
        {
            "acceptance at the end": {name: found["accepted"].mean() for name, found in scores.items()},
            "printed by Wu et al. 2017": _PRINTED,
        },
        figures.kept(shown),
        {f"{name}, {_size(config)}": _took(found) for name, found in scores.items()},
    )


def _took(found: Mapping[str, np.ndarray]) -> tuple[float, float]:
    seconds, processors = found["took"].sum(axis=1)
    return float(seconds), float(processors)


def _size(config: Config) -> str:
    return f"{config.images:,} images x {config.chains} chains x {config.temperatures:,} temperatures"


def _variances(config: Config) -> tuple[float, ...]:
    found = ais.parsed(config.variances)
    if len(found) < 2:
        raise types.UserError(f"--variances={config.variances}: give two or more numbers with commas, such as 0.1,0.01")
    ais.schedule(config.temperatures, found)  # a wrong one costs no training
    return found


def _dequantised(config: Config, shape: tuple[int, ...]) -> np.ndarray:
    """float32 [n, 28, 28, c] in 0..1, uniform within each grey level, of a seeded choice of the test set."""
    test = sets.opened(config.test, name="test", seed=config.seed, resize=28)
    rng = np.random.default_rng([config.seed, 5])
    if test.rows.shape != shape:
        raise types.UserError(f"--test={config.test}: images of {list(test.rows.shape)}, --train has {list(shape)}")
    rows = test.rows.take(np.sort(rng.permutation(len(test))[: config.images]))
    return ((rows + rng.random(rows.shape)) / 256).astype(np.float32)


def _trained(config: Config, name: str, train: types.Samples, run: pathlib.Path) -> runs.Trained:
    """GAN-10 or VAE-10; the discriminator of the former is not known."""
    every = max(config.steps // 10, 100)
    given: dict[str, Any] = {"steps": config.steps, "batch": 100, "latent": 10, "widths": config.widths}
    if name == "VAE-10":  # its variance is .03 in Wu et al.; pixels are in -1..1 here
        given |= {"rate": config.rate, "beta1": 0.9, "divergence": 8 * 0.03 / math.prod(train.rows.shape)}
        return trained.generator(run, "vae", train, preset="paper", given=given, seed=config.seed, every=every)
    given |= {"activation": "tanh", "discriminator_widths": "512,256"}
    given |= {"rate": config.rate / 5, "discriminator_rate": config.rate / 5}
    return trained.generator(run, "mlp", train, preset="paper", given=given, seed=config.seed, every=every)


def _estimator(config: Config, model: runs.Trained, mesh: Mesh) -> dict[str, Any]:
    """What AIS and its bounds are told in common."""
    found = model.sampler.decoder()
    assert found is not None
    latent, decoder = found
    return {"decoder": decoder, "latent": latent.size, "chains": config.chains, "temperatures": config.temperatures,
            "mesh": mesh}  # fmt: skip


def _scores(
    config: Config, model: runs.Trained, images: np.ndarray, variances: Sequence[float], mesh: Mesh, run: pathlib.Path
) -> dict[str, np.ndarray]:
    """The fields of ais.LogLikelihood for all images; took: seconds, and those of all processors, [2, batches]."""
    key, told, parts = jax.random.fold_in(jax.random.key(config.seed), 1), _estimator(config, model, mesh), []
    for first in range(0, len(images), _BATCH):

        def estimate(first: int = first) -> dict[str, np.ndarray]:
            started, worked = time.perf_counter(), time.process_time()
            with command.progress(total=config.temperatures, desc=f"{run.name}: image {first}", unit="step") as bar:
                found = ais.log_likelihood(key, images=images[first : first + _BATCH], variances=variances, first=first,
                                           advance=bar.update, **told)._asdict()  # fmt: skip
            took = [[time.perf_counter() - started], [time.process_time() - worked]]
            return {**found, "took": np.array(took)}

        parts.append(trained.computed(run.with_name(f"{run.name}-scores-{first}.npz"), estimate))
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def _bounds(
    config: Config, model: runs.Trained, variance: float, mesh: Mesh, run: pathlib.Path
) -> bidirectional.Bounds:
    key, told = jax.random.fold_in(jax.random.key(config.seed), 2), _estimator(config, model, mesh)

    def estimate() -> dict[str, np.ndarray]:
        with command.progress(total=2 * config.temperatures, desc=f"{run.name}: bounds", unit="step") as bar:
            return bidirectional.bounds(key, n=config.simulated, variance=variance, advance=bar.update,
                                        **told)._asdict()  # fmt: skip

    return bidirectional.Bounds(**trained.computed(run.with_name(f"{run.name}-bounds.npz"), estimate))


def _rows(
    variances: Sequence[float], scores: Mapping[str, Mapping[str, np.ndarray]], pixels: int
) -> Iterator[tuple[Any, ...]]:
    """Of the sweep; chain noise is that of the mean over images, the ceiling ln p of an image met exactly."""
    for name, found in scores.items():
        for variance, value, noise in zip(variances, found["value"], found["noise"], strict=True):
            ceiling = -pixels / 2 * np.log(2 * np.pi * variance)
            yield name, variance, *experiment.averaged(value), float(np.sqrt((noise**2).sum()) / len(noise)), ceiling


def _claims(
    config: Config,
    variances: Sequence[float],
    scores: Mapping[str, Mapping[str, np.ndarray]],
    bounds: Mapping[str, bidirectional.Bounds],
) -> Iterator[experiment.Judged]:
    """Of sections 3.1.2 and 3.4.1; intervals are over images."""
    gan, vae = (scores[name]["value"] for name in _COLOURS)
    most, least = gan.mean(axis=1).argmax(), gan.mean(axis=1).argmin()
    yield experiment.mean("004-3.1.2-f", f"GAN-10, ln p at variance {variances[most]:g} less that at "
                          f"{variances[least]:g}, nats", gan[most] - gan[least], at_least=10)  # fmt: skip

    yield _magnitude(variances, gan)
    apart = vae - gan
    closest = apart.mean(axis=1).argmin()
    yield experiment.mean("004-3.1.2-d", "ln p of the VAE less that of the GAN on the same images, nats, at the "
                          f"variance where it is least ({variances[closest]:g})", apart[closest],
                          at_least=0)  # fmt: skip
    best = vae.mean(axis=1).argmax()
    yield experiment.mean("004-3.1.2-d", f"the same, each at its best variance ({variances[best]:g} and "
                          f"{variances[most]:g})", vae[best] - gan[most], at_least=0)  # fmt: skip
    yield _far(min(variances), config.temperatures, *bounds["GAN-10"])


def _magnitude(variances: Sequence[float], values: np.ndarray) -> experiment.Judged:
    """Whether ln p [v, images] varies by a factor of ten, in nats: a - b >= .9 max(|a|, |b|) for its ends a and b.

    Of one sign they are then a factor of ten apart; else the score is 0 at some variance between theirs. A difference
    has Student's interval over images, whatever its signs.
    """
    means = values.mean(axis=1)
    most, least, farthest = means.argmax(), means.argmin(), np.abs(means).argmax()
    ends = f"{means[most]:.4g} at variance {variances[most]:g} less {means[least]:.4g} at {variances[least]:g}"
    size = np.sign(means[farthest]) * values[farthest]
    return experiment.mean("004-3.4.1-e", f"GAN-10, ln p over the sweep, nats: {ends}, less nine tenths of the "
                           "one farther from 0 (at 0 a factor of ten)",
                           values[most] - values[least] - 0.9 * size, at_least=0)  # fmt: skip


def _far(variance: float, temperatures: int, lower: np.ndarray, upper: np.ndarray) -> experiment.Judged:
    """The truth lies between the bounds [images] and AIS' estimate is the lower one: a wide gap doesn't say how far."""
    gap, _, most = experiment.averaged(upper - lower)
    return experiment.judge("004-3.4.1-f", f"GAN-10 at variance {variance:g}, images of its own, {temperatures:,} "
                            "temperatures: how far the estimate lies below ln p, nats (from 0 to the gap of its "
                            f"bounds, {gap:.3g} on average)", gap / 2, (0.0, most), at_least=10)  # fmt: skip


def _figure(tables: Mapping[str, experiment.Table], shown: Sequence[tuple[str, np.ndarray]]) -> figure.Figure:
    sheet = figure.Figure(figsize=(12, 4.6), layout="constrained")
    left, middle, right = sheet.subplots(1, 3, width_ratios=(1.3, 1, 1))
    for (name, colour), beside in zip(_COLOURS.items(), (-0.15, 0.15), strict=True):
        variance, *ends, _, ceiling = figures.columns(tables["sweep"], name)
        figures.bars(left, variance, ends, fmt="o-", ms=4, capsize=3, color=colour, label=name)
        left.axhline(_PRINTED[name], ls=":", lw=1, color=colour, label=f"{name} on MNIST in Wu et al. 2017")
        image, lower, upper = figures.columns(tables["bounds"], name)
        middle.vlines(image + beside, lower, upper, color=colour, alpha=0.6)
        middle.plot(image + beside, lower, "^", ms=5, color=colour, label=f"{name}, lower bound")
        middle.plot(image + beside, upper, "v", ms=5, color=colour, mfc="none", label="and upper bound")
    left.plot(variance, ceiling, "--", lw=0.8, color="black", label="an image met exactly")
    left.axhline(0, color="grey", lw=0.5)
    left.set_xscale("log")
    left.set_xticks(variance, [f"{v:g}" for v in variance], minor=False)
    left.minorticks_off()
    left.set(title="held-out images, mean and 95 % interval over images", xlabel="variance of a pixel given z",
             ylabel="ln p by AIS, nats")  # fmt: skip
    middle.set(
        title="images drawn from the decoders", xlabel="image", ylabel=f"ln p at variance {min(variance):g}, nats"
    )
    middle.xaxis.get_major_locator().set_params(integer=True)
    left.legend()
    middle.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    figures.images(right, shown, "test images and samples")
    return sheet


EXPERIMENT = experiment.Experiment(
    "004",
    "section 3.4.1, figure 3.5",
    "annealed importance sampling of a GAN and of a VAE, against the variance of a pixel",
    {
        "smoke": Config(
            train="digits/train", test="digits/real", widths="16", steps=20, images=4, chains=4, temperatures=40,
            simulated=4,
        ),
        "cpu": Config(),
        "paper": Config(steps=200_000, rate=1e-4, images=1_000, temperatures=10_000, simulated=100),
    },
    {"smoke": 0.3, "cpu": 35, "paper": 6_000},
    main,
)  # fmt: skip
