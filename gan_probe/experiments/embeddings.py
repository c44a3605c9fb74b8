"""Does DDM order generators alike under other embeddings and other networks? (thesis 004, sections 3.4.3 and 3.4.4)

    gan-probe reproduce 004-embeddings --preset=cpu
    gan-probe reproduce 004-embeddings --real=tfds:mnist/test --train=tfds:mnist/train \\
        --fakes=a.npz,b.npz,c.npz,d.npz --arch=mnist_cnn

Trains three classifiers (one network, the same from another start, another network), embeds all sets with layers of
each, and ranks the generators. Expected: logits, prelogits and hypercolumns of one network agree on the order, and so
do the three networks' logits; no two generators are ordered in opposite ways beyond noise.
"""

import dataclasses
import itertools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe import evaluation, selection, types
from gan_probe import reference as reference_lib
from gan_probe.commands import command
from gan_probe.experiments import experiment, trained
from gan_probe.report import svg
from gan_probe.stats import rank_correlation

__all__ = ["EXPERIMENT", "Config", "agreements"]

_COLUMNS = ("metric", "embedding", "generator", "value", "low", "high", "rank")
_LAYERS = ("logits:{0}/one", "prelogits:{0}/one", "hypercolumns:{0}/one")
_NETWORKS = ("logits:{0}/one", "logits:{0}/again", "logits:{0}/other")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """By default the embedded digits and their five samplers."""

    real: str = experiment.setting("digits/real", "held-out labelled images (SRC)")
    train: str = experiment.setting("digits/train", "labelled images that the classifiers are trained on (SRC)")
    fakes: str = experiment.setting(
        "digits/faithful,digits/memoriser,digits/dropper,digits/lowsupport,digits/blurred",
        "[NAME=]SRC of at least 4 generators, with commas",
    )
    arch: str = experiment.setting("shallow_cnn", "network whose layers are compared")
    other: str = experiment.setting("mlp", "network of another architecture")
    metrics: str = experiment.setting("ddm,kid", "metrics that rank, with commas; the first is judged")
    seed: int = experiment.setting(0, "of training and of evaluation")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    fakes = command.named(config.fakes.split(","))
    if len(fakes) < rank_correlation.FEWEST:
        raise types.UserError(f"--fakes={config.fakes}: give {rank_correlation.FEWEST} generators or more")
    selection.select(config.metrics.split(","), {})  # used last: a mistake should not cost the training before
    for run, arch, seed in (("one", config.arch, 0), ("again", config.arch, 1), ("other", config.other, 0)):
        trained.classifier(work / run, arch, config.train, seed=config.seed + seed)
    embeds = dict.fromkeys((*_LAYERS, *_NETWORKS))
    values = _measured(config, fakes, {embed.format("runs"): embed.format(work) for embed in embeds})
    agreement = agreements(values)
    first = next(iter(values))
    return experiment.Found(
        [
            _judged("004-3.4.3-a", agreement[first], _LAYERS),
            _judged("004-3.4.4-a", agreement[first], _NETWORKS),
        ],
        _figure(values, agreement),
        {"values": experiment.Table(_COLUMNS, _rows(values))},
        {"agreement": agreement},
    )


def _judged(claim: str, agreement: Sequence[Mapping[str, Any]], embeds: Sequence[str]) -> experiment.Judged:
    """A claim that these embeddings order the generators alike; few generators can't show it."""
    named = {embed.format("runs") for embed in embeds}
    pairs = [entry for entry in agreement if named >= set(entry["embeddings"])]
    weakest = min((entry["kendall"] for entry in pairs), key=lambda found: found["value"])
    opposite = sum(len(entry["contradictions"]) for entry in pairs)
    measured = (
        f"least Kendall tau of two of {len(named)} embeddings over the generators ({opposite} pairs of generators in "
        "opposite order beyond noise)"
    )
    return experiment.judge(claim, measured, weakest["value"], tuple(weakest["ci95"]), at_least=0.5)


def _measured(config: Config, fakes: Mapping[str, str], embeds: Mapping[str, str]) -> dict[str, Any]:
    """metric -> embedding -> generator -> what `evaluate` found, without detail."""
    names = config.metrics.split(",")
    out: dict[str, Any] = {metric: {} for metric in names}
    for shown, embed in embeds.items():
        # Logits have a scale of their own (thesis, section 3.2); vectors of other lengths take the median distance.
        reference = reference_lib.Reference(real=config.real, train=config.train, embed=embed, seed=config.seed)
        results, _ = evaluation.evaluate_against(reference, fakes, metrics=names, scale="median")
        for metric in names:
            held = {fake: dict(found[metric]) for fake, found in results["results"].items()}
            out[metric][shown] = {fake: {k: v for k, v in one.items() if k != "detail"} for fake, one in held.items()}
    return out


def agreements(values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """metric -> Kendall's and Spearman's correlation of every two embeddings, and generators ordered oppositely."""
    out: dict[str, list[dict[str, Any]]] = {}
    for metric, by_embedding in values.items():
        out[metric] = []
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
            out[metric].append(entry)
    return out


def _figure(values: Mapping[str, Any], agreement: Mapping[str, Any]) -> figure.Figure:
    """Ranks of the generators (1 for the least value) under each embedding, a panel a metric."""
    with matplotlib.rc_context({"text.parse_math": False}):
        drawn = figure.Figure(figsize=(1.6 + 3.6 * len(values), 4.2), layout="constrained")
        panels = drawn.subplots(1, len(values), squeeze=False)[0]
        for axes, (metric, by_embedding) in zip(panels, values.items(), strict=True):
            names = list(next(iter(by_embedding.values())))
            for k, name in enumerate(names):
                ranks = [_ranks(one)[name] for one in by_embedding.values()]
                axes.plot(ranks, "o-", color=svg.HUES[k % len(svg.HUES)], label=svg.short(name))
            axes.set_xticks(range(len(by_embedding)), [_brief(e) for e in by_embedding], rotation=30, ha="right")
            axes.set_yticks(range(1, len(names) + 1))
            axes.invert_yaxis()
            weakest = min(agreement[metric], key=lambda one: one["kendall"]["value"])
            low, high = weakest["kendall"]["ci95"]
            tau = weakest["kendall"]["value"]
            axes.set_title(f"{metric}: least Kendall tau {tau:.2f} [{low:.2f}, {high:.2f}]", fontsize=9)
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
    for metric, by_embedding in values.items():
        for embedding, by_generator in by_embedding.items():
            ranks = _ranks(by_generator)
            rows += [
                (metric, embedding, name, one["value"], *one["ci95"], ranks[name]) for name, one in by_generator.items()
            ]
    return rows


EXPERIMENT = experiment.Experiment(
    "004",
    "sections 3.4.3 and 3.4.4, figure 3.4",
    "does the order of generators under DDM depend on the embedding or on the network behind it?",
    {"smoke": Config(arch="mlp", other="linear", metrics="ddm"), "cpu": Config(), "paper": Config()},
    {"smoke": 0.5, "cpu": 1, "paper": 3},
    main,
)
