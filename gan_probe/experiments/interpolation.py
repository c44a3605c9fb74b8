"""Do walks through the latent space stay near real images, where blends of pixels leave them? (papers 000, 002)

    gan-probe reproduce 002-interpolation --preset=cpu
    gan-probe reproduce 002-interpolation --gan=dcgan --recipe=paper --steps=20000

Trains a generator and a classifier, walks straight from latent to latent, and measures the images on the way against
blends of the two end images, in pixels and in the classifier's last layer. Expected: walks are no blends, and half-way
as near to training images as their ends are and nearer than blends; the classifier is as sure of the class of about
half of the half-way images as of nine in ten held-out images, of half as many blends. L2 of pixels favours what is
blurred, and a generator that is trained less (`--gan=wgan`) makes walks that fare no better than blends.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from matplotlib import figure
from scipy import special

from gan_probe import gans, sets, types
from gan_probe.classifiers import runs as classifiers
from gan_probe.experiments import experiment, figures, trained
from gan_probe.theory import latent_walk

__all__ = ["EXPERIMENT", "Config"]

_POINTS = 9  # of a walk, an odd number
_SHOWN = 5
_LENGTH, _OFF = "length of the way", "furthest from the segment of its ends"
_NEAREST = "distance to the nearest training image, over the way"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    train: str = experiment.setting("tfds:mnist/train[:20000]", "labelled images to train on (SRC)")
    real: str = experiment.setting("tfds:mnist/test[:2000]", "held-out images (SRC)")
    resize: int = experiment.setting(28, "pixels of an image's side")
    gan: str = experiment.setting(
        "wgan_gp", "system, one that makes an image of a latent alone", choices=tuple(gans.GANS)
    )
    recipe: str = experiment.setting("cpu", "preset of `gan-probe train`", choices=experiment.PRESETS)
    steps: int = experiment.setting(0, "iterations; the preset's if 0", least=0)
    arch: str = experiment.setting("mlp", "classifier whose last hidden layer measures distances")
    pairs: int = experiment.setting(300, "walks")
    seed: int = experiment.setting(0, "of training and of latents")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    train, real = (
        sets.opened(src, name=name, seed=config.seed, resize=config.resize)
        for name, src in (("train", config.train), ("real", config.real))
    )
    trained.classifier(work / "classifier", config.arch, train, seed=config.seed)
    generator = trained.generator(work / "gan", config.gan, train, preset=config.recipe, steps=config.steps,
                                  seed=config.seed)  # fmt: skip
    predict = classifiers.load(work / "classifier").predict
    walks = _walks(config, generator)
    known, held_out = (x.rows.take(np.arange(len(x))) for x in (train, real))
    measured = {
        name: _measured(embed, walks, known, held_out)
        for name, embed in {
            "pixels": _pixels,
            "prelogits": lambda images: np.asarray(predict(images).prelogits),
        }.items()
    }
    tables = {"distance": _table(measured), "paths": _paths(measured)}
    sure = {name: _sureness(predict, images[:, _POINTS // 2]) for name, images in walks.items()}
    claims = [*_claims(measured), *_class_claims(sure, _sureness(predict, held_out)), *_pixel_claims(known, held_out)]
    shown = [(kind, images[i]) for i in range(_SHOWN) for kind, images in walks.items()]
    detail = {
        "held-out images' median distance to the nearest training image": {k: x.unit for k, x in measured.items()},
        "walks whose ends are one": {k: int(np.isnan(x.length["walk"]).sum()) for k, x in measured.items()},
        "classifier's sureness of half-way images, median": {kind: np.median(x) for kind, x in sure.items()},
    }
    return experiment.Found(claims, _figure(shown, tables), tables, detail, figures.kept(shown))


def _walks(config: Config, generator: Any) -> dict[str, np.ndarray]:
    """uint8 images [pairs, points, h, w, c] of walks, and of blends of their end images."""
    decoder = generator.sampler.decoder()
    if decoder is None:
        raise types.UserError(f"--gan={config.gan}: makes no image of a latent alone; give another, such as dcgan")
    latent, decode = decoder
    ends = np.asarray(latent(jax.random.key(config.seed), 2 * config.pairs)).reshape(config.pairs, 2, -1)
    z = latent_walk.between(ends, _POINTS)
    images = np.concatenate([np.asarray(jax.jit(decode)(one)) for one in z.transpose(1, 0, 2)])
    images = images.reshape(_POINTS, config.pairs, *images.shape[1:]).swapaxes(0, 1)
    blends = latent_walk.between(images[:, [0, -1]], _POINTS)
    return {name: np.rint(255 * x).astype(np.uint8) for name, x in (("walk", images), ("blend", blends))}


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


class _Measured(NamedTuple):
    """By kind, walk or blend, of each pair [n] or point on its way [n, points].

    off: largest distance from the segment between the ends, and length of the way, both over the ends' distance.
    nearest: distance to the nearest training image, over `unit`, the median of held-out images.
    """

    off: Mapping[str, np.ndarray]
    length: Mapping[str, np.ndarray]
    nearest: Mapping[str, np.ndarray]
    unit: float


def _measured(
    embed: Callable[[np.ndarray], np.ndarray], walks: Mapping[str, np.ndarray], train: np.ndarray, real: np.ndarray
) -> _Measured:
    known = embed(train)
    unit = float(np.median(latent_walk.nearest(embed(real), known)))
    flat = {name: embed(x.reshape(-1, *x.shape[2:])).reshape(*x.shape[:2], -1) for name, x in walks.items()}
    return _Measured(
        {kind: latent_walk.off_segment(x) for kind, x in flat.items()},
        {kind: latent_walk.length(x) for kind, x in flat.items()},
        {kind: latent_walk.nearest(x, known) / unit for kind, x in flat.items()},
        unit,
    )


def _claims(measured: Mapping[str, _Measured]) -> Iterator[experiment.Judged]:
    unit = "in units of a held-out image's median distance to the nearest training image"
    for name, one in measured.items():
        walk, blend = one.nearest["walk"], one.nearest["blend"]
        half, ends = walk[:, _POINTS // 2], walk[:, [0, -1]].mean(axis=1)
        yield experiment.mean("000-1-b", f"{name}: distance of the half-way image to the nearest training image, "
                              f"{unit}", half, at_least=0.5, at_most=1.5)  # fmt: skip
        yield experiment.mean("000-1-b", f"{name}: how much further it lies than the end images, {unit}", half - ends,
                              at_most=0.1)  # fmt: skip
        yield experiment.mean("002-4-f", f"{name}: largest distance of a walk from blends of its end images, over "
                              f"that of the ends (the walk is {one.length['walk'].mean():.2f} times as long)",
                              one.off["walk"], at_least=0.1)  # fmt: skip
        yield experiment.mean("002-4-f", f"{name}: how much further from training images the half-way image lies than "
                              f"the blend, {unit}", half - blend[:, _POINTS // 2], at_most=0)  # fmt: skip


def _sureness(predict: Callable[[np.ndarray], Any], images: np.ndarray) -> np.ndarray:
    """The probability [n] that a classifier gives to the likeliest class of images [n, h, w, c]."""
    return special.softmax(np.asarray(predict(images).logits), axis=1).max(axis=1)


def _class_claims(sure: Mapping[str, np.ndarray], held_out: np.ndarray) -> Iterator[experiment.Judged]:
    """Whether half-way images [n] mean something: a classifier is as sure of them as of nine in ten held-out images."""
    walk, blend = (sure[kind] >= np.quantile(held_out, 0.1) for kind in ("walk", "blend"))
    what = "half-way images whose class a classifier is as sure of as of nine in ten held-out images'"
    yield experiment.share("000-1-b", what, walk, at_least=0.5)
    yield experiment.mean("002-4-f", f"share of {what}, less that of blends", walk.astype(float) - blend,
                          at_least=0)  # fmt: skip


def _pixel_claims(known: np.ndarray, held_out: np.ndarray) -> Iterator[experiment.Judged]:
    """Whether pixels find an image, changed as the eye hardly minds, further off than one of the training images."""
    nearest = latent_walk.nearest(_pixels(held_out), _pixels(known))
    for change, changed in (
        ("moved by one pixel", np.roll(held_out, 1, axis=2)),
        ("at 80 % of their brightness", np.rint(0.8 * held_out)),
    ):
        own = np.linalg.norm(_pixels(held_out) - _pixels(changed), axis=1)
        yield experiment.share("002-4-e", f"held-out images that lie further from themselves {change} than from the "
                               "nearest training image, in L2 of pixels", own > nearest, at_least=0.5)  # fmt: skip


def _table(measured: Mapping[str, _Measured]) -> experiment.Table:
    rows = [
        (name, kind, i / (_POINTS - 1), *experiment.averaged(distance[:, i]))
        for name, one in measured.items()
        for kind, distance in one.nearest.items()
        for i in range(_POINTS)
    ]
    return experiment.Table(("embedding", "images", "t", "distance", "low", "high"), rows)


def _paths(measured: Mapping[str, _Measured]) -> experiment.Table:
    rows = [
        (what, kind, name, *experiment.averaged(values[kind]))
        for name, one in measured.items()
        for what, values in (
            (_LENGTH, one.length),
            (_OFF, one.off),
            (_NEAREST, {kind: x.mean(axis=1) for kind, x in one.nearest.items()}),
        )
        for kind in values
    ]
    return experiment.Table(("measure", "images", "embedding", "value", "low", "high"), rows)


def _figure(shown: Sequence[tuple[str, np.ndarray]], tables: Mapping[str, experiment.Table]) -> figure.Figure:
    names = list(dict.fromkeys(row[0] for row in tables["distance"].rows))
    sheet = figure.Figure(figsize=(13, 6.5), layout="constrained")
    rows = [["grid", name, what] for name, what in zip(names, (_LENGTH, _OFF), strict=True)]
    places = sheet.subplot_mosaic(rows, width_ratios=[3, 2, 1.3])
    figures.images(places["grid"], shown)
    for kind, colour, beside in (("walk", "#3a9d5d", -0.1), ("blend", "#d1701f", 0.1)):
        drawn = {"ms": 3, "capsize": 2, "color": colour, "label": kind}
        for name in names:
            t, *ends = figures.columns(tables["distance"], name, kind)
            figures.bars(places[name], t, ends, fmt="o-", **drawn)
        for what in (_LENGTH, _OFF):
            _, *ends = figures.columns(tables["paths"], what, kind)
            figures.bars(places[what], np.arange(len(names)) + beside, ends, fmt="o", **drawn)
    for name in names:
        places[name].axhline(1, color="black", lw=0.8, ls="--", label="held-out images")
        places[name].set(title=f"{name}: distance to the nearest training image",
                         xlabel="t, the share of the way between both ends",
                         ylabel="in held-out images' medians")  # fmt: skip
    for what in (_LENGTH, _OFF):
        places[what].set(title=f"{what},\nover the distance of its ends", xlim=(-0.5, len(names) - 0.5))
        places[what].set_xticks(range(len(names)), names)
    sheet.legend(*places[names[0]].get_legend_handles_labels(), loc="outside lower right", ncols=3)
    return sheet


EXPERIMENT = experiment.Experiment(
    "002",
    "section 4",
    "walks through the latent space against blends of pixels: are they new, and near real images?",
    {
        "smoke": Config(
            train="digits/train", real="digits/real", gan="mlp", arch="linear", recipe="smoke", steps=10, pairs=20,
        ),
        "cpu": Config(),
        "paper": Config(
            train="tfds:mnist/train", real="tfds:mnist/test", gan="dcgan", recipe="paper", steps=23_000,
            arch="mnist_cnn", pairs=2_000,
        ),
    },
    {"smoke": 0.4, "cpu": 5, "paper": 300},
    main,
)  # fmt: skip
