"""Does the latent that reaches an image tell how well a GAN learned? (paper 001, section 2, second scheme)

    gan-probe reproduce 001-inversion --preset=cpu
    gan-probe reproduce 001-inversion --train=photos/train --held=photos/test   # images of 28, 32 or 64 pixels

Inverts GANs of known quality on training and on held-out images: one trained on all images, an early state of it, one
that never saw half of the classes, one that saw few images. Expected: the reconstruction error of held-out images tells
the later state from the earlier and shows the classes that are missing; a GAN that saw few images reaches those better
than held-out ones.
"""

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure
from scipy import stats

from gan_probe import gans, sets, types
from gan_probe.commands import command
from gan_probe.data import slices
from gan_probe.experiments import experiment, figures, trained
from gan_probe.gans import inversion, runs
from gan_probe.stats import ranks

__all__ = ["EXPERIMENT", "Config"]

_COLOURS = {"train": "#3f8fd0", "held": "#d1701f"}
_OVER = "one GAN of each kind, interval over images"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    train: str = experiment.setting("tfds:mnist/train", "labelled images to train on (SRC)")
    held: str = experiment.setting("tfds:mnist/test", "labelled images that no GAN saw (SRC)")
    resize: int = experiment.setting(28, "pixels that images are resized to")
    gan: str = experiment.setting("mlp", "system, as of gan-probe train; without classes", choices=tuple(gans.GANS))
    steps: int = experiment.setting(4_000, "iterations of each GAN")
    early: int = experiment.setting(500, "iterations of its early state, and between checkpoints")
    latent: int = experiment.setting(32, "numbers of a latent")
    widths: str = experiment.setting("256,512", "units of the hidden layers, the discriminator's in the other order")
    few: int = experiment.setting(200, "images of the GAN that saw few")
    images: int = experiment.setting(200, "training images, and held-out ones, that are inverted")
    restarts: int = experiment.setting(3, "starts of each image")
    inversion_steps: int = experiment.setting(300, "steps of each start")
    seed: int = experiment.setting(0, "of training, choice of images and starts")


class Case(NamedTuple):
    """A generator: how each set of images was reached, and the first reconstructions [8, h, w, c] of held-out ones."""

    found: Mapping[str, inversion.Found]
    shown: np.ndarray


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    train, held = (_opened(config, src) for src in (config.train, config.held))
    assert train.labels is not None
    if config.steps % config.early:
        raise types.UserError(f"--early={config.early}: must divide --steps={config.steps}")
    known = int(train.labels.max()) // 2 + 1
    sets_of = {
        "all": train,
        "half of the classes": slices.choose(train, np.flatnonzero(train.labels < known)),
        "few images": slices.choose(train, np.arange(config.few)),
    }
    rng = np.random.default_rng(config.seed)
    seen, unseen = (_images(one, rng.choice(len(one), min(config.images, len(one)), replace=False))
                    for one in (train, held))  # fmt: skip
    images = {"train": seen[0], "held": unseen[0]}
    cases = {}
    for name, data in sets_of.items():
        last = _generator(config, work / name.replace(" ", "-"), data)
        own = images | ({"train": _images(data, np.arange(min(config.images, len(data))))[0]} if name[0] == "f" else {})
        cases[name] = _case(config, last, own)
        if name == "all":
            cases["early"] = _case(config, runs.load(work / "all", config.early), own)
    missing = unseen[1] >= known
    rows = [row for name, case in cases.items() for row in _rows(name, case)]
    tests = {name: _test(case) for name, case in cases.items()}
    tables = {"inversions": experiment.Table(("GAN", "set", "image", "mean squared error", "log-density"), rows)}
    shown = [("held out", images["held"][:8]), *((name, case.shown) for name, case in cases.items())]
    return experiment.Found(
        list(_claims(cases, tests, missing)),
        _figure(cases, tests, shown, missing),
        tables,
        {"training against held out": tests},
        figures.kept(shown),
    )


def _opened(config: Config, src: str) -> types.Samples:
    found = sets.opened(src, name=src, seed=config.seed, resize=config.resize)
    if found.labels is None:
        raise types.UserError(f"{src}: give labelled images, some classes of which a GAN is not shown")
    return found


def _images(data: types.Samples, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows float32 [n, h, w, c] in 0..1 and their labels."""
    assert data.labels is not None
    return data.rows.take(at).astype(np.float32) / 255, data.labels[at]


def _generator(config: Config, run: pathlib.Path, data: types.Samples) -> runs.Trained:
    given: dict[str, Any] = {"steps": config.steps, "latent": config.latent}
    if config.gan == "mlp":
        back = ",".join(reversed(config.widths.split(",")))
        given |= {"widths": config.widths, "discriminator_widths": back, "batch": 64,
                  "rate": 2e-4, "discriminator_rate": 2e-4}  # fmt: skip
    return trained.generator(run, config.gan, data, preset="cpu", given=given, seed=config.seed,
                             every=config.early)  # fmt: skip


def _case(config: Config, last: runs.Trained, images: Mapping[str, np.ndarray]) -> Case:
    decoder = last.sampler.decoder()
    if decoder is None:
        raise types.UserError(f"--gan={config.gan}: no decoder of one latent a row; give mlp, dcgan or vae")
    found = {
        name: inversion.invert(*decoder, rows, restarts=config.restarts, steps=config.inversion_steps,
                               seed=config.seed, progress=command.progress)
        for name, rows in images.items()
    }  # fmt: skip
    return Case(found, np.asarray(decoder[1](inversion.latents(decoder[0], found["held"].normals[:8]))))


def _test(case: Case) -> dict[str, Any]:
    """Chance that a held-out image is worse than a training image, its interval, and p of Mann and Whitney."""
    out = {}
    for name, sign in (("error", 1), ("log_density", -1)):
        x, y = (sign * getattr(case.found[one], name).astype(np.float64) for one in ("train", "held"))
        found = ranks.auc(x=x, y=y)
        p = 2 * stats.norm.sf(abs(ranks.mann_whitney_z(x=x, y=y)))
        out[name] = {"auc": found.value, "ci95": [found.interval.low, found.interval.high], "p": p}
    return out


def _claims(cases: Mapping[str, Case], tests: Mapping[str, Any], missing: np.ndarray) -> Iterator[experiment.Judged]:
    """What is known of each GAN must show: in the error, and in the density of the latent."""
    held = {name: case.found["held"] for name, case in cases.items()}
    yield _uneven(held["all"].every)
    for field, sign, what in (("error", 1, "a larger error"), ("log_density", -1, "a latent of lower density")):
        value = {name: sign * getattr(found, field) for name, found in held.items()}
        yield experiment.share("001-2-c", f"held-out images with {what} under the early state than under the last "
                               f"({_OVER})", value["early"] > value["all"], at_least=0.75)  # fmt: skip
        worse = value["half of the classes"] > value["all"]
        yield experiment.share("001-2-c", f"held-out images of classes that a GAN never saw with {what} there than "
                               f"under the GAN that saw all ({_OVER})", worse[missing], at_least=0.75)  # fmt: skip
        few = tests["few images"][field]
        yield experiment.judge("001-2-c", f"GAN that saw few images: chance that a held-out image has {what} than "
                               f"one of those (p = {few['p']:.2g}; {_OVER})", few["auc"], tuple(few["ci95"]),
                               at_least=0.75)  # fmt: skip


def _uneven(every: np.ndarray) -> experiment.Judged:
    """Whether the errors [restarts, n] that one image is left with depend on the start; one start can't tell."""
    apart = every.max(axis=0) >= 1.1 * every.min(axis=0)
    ratio = np.median(every.max(axis=0) / every.min(axis=0))
    return experiment.share("001-2-e", f"held-out images whose error from the worst of {len(every)} starts is a tenth "
                            f"above that from the best (median ratio {ratio:.3g}; one GAN, interval over images)",
                            apart if len(every) > 1 else apart[:0], at_least=0.5)  # fmt: skip


def _rows(name: str, case: Case) -> Iterator[tuple]:
    for one, found in case.found.items():
        for i, (error, density) in enumerate(zip(found.error, found.log_density, strict=True)):
            yield name, one, i, float(error), float(density)


def _figure(
    cases: Mapping[str, Case], tests: Mapping[str, Any], shown: Sequence[tuple[str, np.ndarray]], missing: np.ndarray
) -> figure.Figure:
    """Held-out images above what each GAN makes of them; error against density."""
    sheet = figure.Figure(figsize=(12, 8), layout="constrained")
    top, bottom = np.asarray(sheet.subfigures(2, 1))
    figures.images(top.subplots(), shown)
    panels = bottom.subplots(1, len(cases), sharex=True, sharey=True)
    for axes, (name, case) in zip(panels, cases.items(), strict=True):
        for one, found in case.found.items():
            axes.scatter(found.log_density, found.error, s=4, color=_COLOURS[one], label=one)
        if name == "half of the classes":
            found = case.found["held"]
            axes.scatter(found.log_density[missing], found.error[missing], s=14, facecolor="none",
                         edgecolor="black", lw=0.4, label="held, class never seen")  # fmt: skip
        test = tests[name]["error"]
        axes.set(title=f"{name}: AUC {test['auc']:.2f}, p = {test['p']:.1g}", xlabel="log-density of latent",
                 yscale="log")  # fmt: skip
    panels[0].set_ylabel("mean squared error")
    labelled = {name: handle for axes in panels for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    bottom.legend(labelled.values(), labelled.keys(), loc="outside lower center", ncols=3, markerscale=2)
    return sheet


EXPERIMENT = experiment.Experiment(
    "001",
    "section 2, second scheme",
    "latents that reach training and held-out images: what error and likelihood tell of GANs of known quality",
    {
        "smoke": Config(train="digits/train", held="digits/real", steps=20, early=10, latent=8, widths="32,64", few=64,
                        images=20, restarts=2, inversion_steps=20),
        "cpu": Config(),
        "paper": Config(gan="dcgan", steps=20_000, early=2_000, latent=100, few=2_000, images=2_000, restarts=8,
                        inversion_steps=2_000),
    },
    {"smoke": 0.3, "cpu": 17, "paper": 2_000},
    main,
)  # fmt: skip
