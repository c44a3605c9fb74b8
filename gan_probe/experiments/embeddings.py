"""Does DDM order generators alike under other embeddings and other networks? (thesis 004, sections 3.4.3 and 3.4.4)

    gan-probe reproduce 004-embeddings --preset=cpu
    gan-probe reproduce 004-embeddings --gans= --fakes=a.npz,b.npz,c.npz,d.npz --arch=mnist_cnn

Trains generators, each a run of its own with a seed of its own, some of one system for less long than others, and three
classifiers (one network, the same from another start, another network), embeds all sets with layers of each, and ranks
the generators. DDM has two scales: 1, which is the thesis's (its eq 3.4 has none) and judged, and the median of real's
squared distances, which differs between embeddings. Expected: logits, prelogits and hypercolumns of one network agree
on the order, and so do the three networks' logits; no two generators are ordered in opposite ways beyond noise.
"""

import dataclasses
import itertools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe import evaluation, gans, metrics, selection, sets, types
from gan_probe import reference as reference_lib
from gan_probe.commands import command
from gan_probe.experiments import experiment, trained
from gan_probe.report import svg
from gan_probe.stats import rank_correlation

__all__ = ["EXPERIMENT", "Config", "agreements"]

_SCALES = (1.0, "median")  # of the metrics that have one; the first is the thesis's and judged
_STYLES = ("-", "--", ":")
_COLUMNS = ("score", "embedding", "generator", "value", "low", "high", "rank")
_LAYERS = ("logits:{0}/one", "prelogits:{0}/one", "hypercolumns:{0}/one")
_NETWORKS = ("logits:{0}/one", "logits:{0}/again", "logits:{0}/other")


class _Trained(NamedTuple):
    """A generator that is trained here: a system, for so many iterations (0: the preset's)."""

    gan: str
    steps: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """By default MNIST, and twelve runs of six systems."""

    real: str = experiment.setting("tfds:mnist/test[:2000]", "held-out labelled images (SRC)")
    train: str = experiment.setting("tfds:mnist/train[:20000]", "images that the generators are trained on (SRC)")
    labelled: str = experiment.setting("tfds:mnist/train[:5000]", "labelled ones that classifiers are trained on (SRC)")
    gans: str = experiment.setting(
        "vanilla@500,vanilla@3000,bigan@500,bigan@2000,wgan@200,wgan@600,acgan@300,vae@100,dcgan@100,bigan@100,wgan@50,"
        "vanilla@100",
        "generators that are trained: names in `gan-probe list gans` with commas, @STEPS after one where the preset's "
        "number isn't meant",
    )
    training: str = experiment.setting("cpu", "preset of their training", choices=experiment.PRESETS)
    fakes: str = experiment.setting("", "further generators, [NAME=]SRC with commas; at least 4 in all")
    samples: int = experiment.setting(2_000, "drawn from each generator that is trained", least=2)
    arch: str = experiment.setting("shallow_cnn", "classifier whose layers are compared")
    other: str = experiment.setting("mlp", "classifier of another architecture")
    metrics: str = experiment.setting("ddm,kid", "metrics that rank, with commas; the first is judged")
    seed: int = experiment.setting(0, "of training and of evaluation")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    fakes = command.named(config.fakes.split(",")) if config.fakes else {}
    to_train = _to_train(config.gans)
    shared = sorted(fakes.keys() & to_train.keys())
    if shared:
        raise types.UserError(f"--fakes={config.fakes}: {shared[0]} is also one of --gans; give it another name")
    if len(fakes) + len(to_train) < rank_correlation.FEWEST:
        raise types.UserError(
            f"--gans={config.gans} --fakes={config.fakes}: give {rank_correlation.FEWEST} generators or more"
        )
    selection.select(config.metrics.split(","), {})  # used last: a mistake should not cost the training before
    drawn: dict[str, Any] = {}
    if to_train:
        train = sets.opened(config.train, name="train", seed=config.seed)
        for k, (name, one) in enumerate(to_train.items()):
            found = trained.generator(
                work / name, one.gan, train, preset=config.training, steps=one.steps, seed=config.seed + k
            )
            drawn[name] = found.sampler.draw(np.arange(config.samples), config.seed)
    for run, arch, seed in (("one", config.arch, 0), ("again", config.arch, 1), ("other", config.other, 0)):
        trained.classifier(work / run, arch, config.labelled, seed=config.seed + seed)
    embeds = dict.fromkeys((*_LAYERS, *_NETWORKS))
    values = _measured(config, drawn | fakes, {embed.format("runs"): embed.format(work) for embed in embeds})
    agreement = agreements(values)
    return experiment.Found(
        [_judged("004-3.4.3-a", agreement, _LAYERS), _judged("004-3.4.4-a", agreement, _NETWORKS)],
        _figure(values, agreement),
        {"values": experiment.Table(_COLUMNS, _rows(values))},
        {"agreement": agreement},
    )


def _to_train(text: str) -> dict[str, _Trained]:
    """`wgan@200,wgan,dcgan` by these names.

    Raises:
      UserError: an unknown system, a number of steps that is none, or a name that stands twice.
    """
    found: dict[str, _Trained] = {}
    for name in filter(None, text.split(",")):
        gan, at, steps = name.partition("@")
        if gan not in gans.GANS:
            raise types.UserError(
                f"--gans={text}: no system {gan}{types.hint(gan, gans.GANS)}; see gan-probe list gans"
            )
        if at and not (steps.isdecimal() and int(steps)):
            raise types.UserError(f"--gans={text}: {name}: give a whole number of steps after the @")
        if name in found:
            raise types.UserError(f"--gans={text}: {name} stands twice")
        found[name] = _Trained(gan, int(steps or 0))
    return found


def _judged(claim: str, agreement: Mapping[str, Any], embeds: Sequence[str]) -> experiment.Judged:
    """A claim that these embeddings order the generators alike; few generators can't show it."""
    named = {embed.format("runs") for embed in embeds}
    weakest, said = {}, {}
    for score, entries in agreement.items():
        pairs = [entry for entry in entries if named >= set(entry["embeddings"])]
        weakest[score] = min((entry["kendall"] for entry in pairs), key=lambda found: found["value"])
        opposite = sum(len(entry["contradictions"]) for entry in pairs)
        said[score] = f"{opposite} pair{'s' * (opposite != 1)} of generators in opposite order beyond noise"
    first, *others = agreement
    also = "".join(
        f"; by {score}: {weakest[score]['value']:.2f} [{', '.join(f'{end:.2f}' for end in weakest[score]['ci95'])}], "
        f"{said[score].partition(' of ')[0]}"
        for score in others
    )
    measured = (
        f"{first}: least Kendall tau of two of {len(named)} embeddings over the generators ({said[first]}{also}; "
        "intervals over generators like these)"
    )
    return experiment.judge(claim, measured, weakest[first]["value"], tuple(weakest[first]["ci95"]), at_least=0.5)


def _measured(config: Config, fakes: Mapping[str, Any], embeds: Mapping[str, str]) -> dict[str, Any]:
    """score -> embedding -> generator -> value, stderr, ci95; a metric with a scale is a score at each of _SCALES."""
    out: dict[str, Any] = {}
    names = config.metrics.split(",")
    train = config.train if any(metrics.METRICS[name]().train for name in names) else None
    for shown, embed in embeds.items():
        reference = reference_lib.Reference(real=config.real, train=train, embed=embed, seed=config.seed)
        results, _ = evaluation.evaluate_against(reference, fakes, metrics=names, scale=_SCALES)
        for metric in names:
            for fake, found in results["results"].items():
                for score, one in by_scale(metric, found[metric]).items():
                    out.setdefault(score, {}).setdefault(shown, {})[fake] = one
    return out


def by_scale(metric: str, found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What `evaluate` found with scale=_SCALES, as value, stderr and ci95 at each of them; one that has none is one."""
    scaled = found.get("detail", {}).get("scales")
    parts = {metric: found} if scaled is None else {
        f"{metric}, s={s if s == 'median' else f'{s:g}'}": one for s, one in zip(_SCALES, scaled, strict=True)
    }  # fmt: skip
    return {score: {key: one[key] for key in ("value", "stderr", "ci95")} for score, one in parts.items()}


def agreements(values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """score -> Kendall's and Spearman's correlation of every two embeddings, and generators ordered oppositely."""
    out: dict[str, list[dict[str, Any]]] = {}
    for score, by_embedding in values.items():
        out[score] = []
        for a, b in itertools.combinations(by_embedding, 2):
            names = list(by_embedding[a])
            one, other = (np.array([by_embedding[e][n]["value"] for n in names], float) for e in (a, b))
            errors = [np.array([by_embedding[e][n]["stderr"] for n in names], float) for e in (a, b)]
            entry: dict[str, Any] = {"embeddings": [a, b]}
            for coefficient in ("kendall", "spearman"):
                value, interval = rank_correlation.rank_agreement(one, other, coefficient)
                entry[coefficient] = {
                    "value": value, "ci95": [interval.low, interval.high],
                    "interval": f"{interval.method}; {interval.kind}",
                }  # fmt: skip
            opposite = rank_correlation.contradictions(one, other, a_stderr=errors[0], b_stderr=errors[1])
            entry["contradictions"] = [[names[i], names[j]] for i, j in opposite]
            out[score].append(entry)
    return out


def _figure(values: Mapping[str, Any], agreement: Mapping[str, Any]) -> figure.Figure:
    """Ranks of the generators (1 for the least value) under each embedding, a panel a score, a colour a system."""
    names = list(next(iter(next(iter(values.values())).values())))
    systems = [name.partition("@")[0] for name in names]
    with matplotlib.rc_context({"text.parse_math": False}):
        drawn = figure.Figure(figsize=(2 + 3.3 * len(values), max(4.2, 1.6 + 0.26 * len(names))), layout="constrained")
        panels = drawn.subplots(1, len(values), squeeze=False)[0]
        for axes, (score, by_embedding) in zip(panels, values.items(), strict=True):
            for k, (name, system) in enumerate(zip(names, systems, strict=True)):
                hue = list(dict.fromkeys(systems)).index(system) % len(svg.HUES)
                style = _STYLES[systems[:k].count(system) % len(_STYLES)]
                ranks = [_ranks(one)[name] for one in by_embedding.values()]
                axes.plot(ranks, style, marker="o", color=svg.HUES[hue], label=svg.short(name, 24))
            axes.set_xticks(range(len(by_embedding)), [_brief(e) for e in by_embedding], rotation=30, ha="right")
            axes.set_yticks(range(1, len(names) + 1))
            axes.invert_yaxis()
            weakest = min(agreement[score], key=lambda one: one["kendall"]["value"])
            low, high = weakest["kendall"]["ci95"]
            tau = weakest["kendall"]["value"]
            axes.set_title(f"{score}: least Kendall tau {tau:.2f} [{low:.2f}, {high:.2f}]", fontsize=9)
        panels[0].set_ylabel("rank (1: least value)")
        panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        return drawn


def _brief(embedding: str) -> str:
    """`logits:runs/cnn` as `logits:cnn`."""
    name, colon, argument = embedding.partition(":")
    return svg.short(name + colon + argument.rpartition("/")[2], 28)


def _ranks(by_generator: Mapping[str, Any]) -> dict[str, int]:
    order: Sequence[str] = sorted(by_generator, key=lambda name: by_generator[name]["value"])
    return {name: rank for rank, name in enumerate(order, start=1)}


def _rows(values: Mapping[str, Any]) -> list[tuple]:
    rows = []
    for score, by_embedding in values.items():
        for embedding, by_generator in by_embedding.items():
            ranks = _ranks(by_generator)
            rows += [
                (score, embedding, name, one["value"], *one["ci95"], ranks[name]) for name, one in by_generator.items()
            ]
    return rows


EXPERIMENT = experiment.Experiment(
    "004",
    "sections 3.4.3 and 3.4.4, figure 3.4",
    "does the order of generators under DDM depend on the embedding or on the network behind it?",
    {
        "smoke": Config(
            real="digits/real",
            train="digits/train",
            labelled="digits/train",
            gans="",
            fakes="digits/faithful,digits/memoriser,digits/dropper,digits/lowsupport,digits/blurred",
            arch="mlp",
            other="linear",
            metrics="ddm",
        ),
        "cpu": Config(),
        "paper": Config(
            real="tfds:mnist/test",
            train="tfds:mnist/train",
            labelled="tfds:mnist/train",
            gans="dcgan,dcgan_small,dcgan_weak,wgan,wgan_gp,acgan,acgan_wasserstein,vae,vanilla,bigan,ali,improved",
            training="paper",
            samples=10_000,
            arch="mnist_cnn",
        ),
    },
    {"smoke": 0.5, "cpu": 10, "paper": 6_000},
    main,
)
