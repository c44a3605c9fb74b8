"""Does the order of generators depend on the embedding, or on the network behind it? (thesis 004, 3.4.3 and 3.4.4)

Every metric ranks the generators under every embedding; two embeddings agree as far as their rankings correlate. The
thesis: logits, prelogits and hypercolumns of one classifier "track each other", and other initialisations and
architectures leave the order of DDM unchanged. That is contradicted where two generators are ordered, beyond noise, in
opposite ways.

    main(Config(real="tfds:mnist/test", fakes=("dcgan=a.npz", "weak=b.npz", "small=c.npz", "wgan=d.npz"),
                embeds=("logits:runs/cnn", "prelogits:runs/cnn", "hypercolumns:runs/cnn", "logits:runs/other")))
"""

import csv
import dataclasses
import itertools
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import matplotlib.style
import numpy as np
from matplotlib import figure

from gan_probe import content, evaluation, types
from gan_probe import reference as reference_lib
from gan_probe.commands import command
from gan_probe.report import files, svg
from gan_probe.stats import rank_correlation

__all__ = ["Config", "agreements", "figure_of", "main", "measured"]

NAME = "ddm_embeddings"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """What is compared.

    real, train: SRC of the held-out and, for metrics that need it, the training data. fakes: [NAME=]SRC of at least 4
    generators. embeds: at least 2, as of `--embed`. metrics: names of METRICS. scale: of ddm; logits need none, vectors
    of other lengths do. out: folder of the json, csv, png and svg. resize, crop, label: of images.
    """

    real: str = "digits/real"
    train: str | None = "digits/train"
    fakes: tuple[str, ...] = tuple(
        f"digits/{name}" for name in ("faithful", "memoriser", "dropper", "lowsupport", "blurred")
    )
    embeds: tuple[str, ...] = ("pixels", "pca:32", "pca:8")
    metrics: tuple[str, ...] = ("ddm", "kid")
    scale: float | str = "median"
    seed: int = 0
    resize: int | None = None
    crop: int | None = None
    label: str | None = None
    out: str = f"gan-probe-{NAME}"


def main(config: Config, progress: Any = None) -> dict[str, Any]:
    """Runs the comparison and writes its files; returns the content of the json.

    Raises:
      UserError: fewer than 4 generators or 2 embeddings, or what `evaluate` refuses.
    """
    if len(config.fakes) < rank_correlation.FEWEST or len(set(config.embeds)) < 2:
        raise types.UserError(f"{NAME}: give {rank_correlation.FEWEST} generators or more and two embeddings or more")
    out = pathlib.Path(config.out)
    files.check_out(out)
    values = measured(config, progress)
    found = {
        **content.header(f"gan_probe.experiments.{NAME}", config.seed, jax.devices()),
        "config": content.plain(dataclasses.asdict(config)),
        "values": values,
        "agreement": agreements(values),
    }
    text = json.dumps(found, allow_nan=False, indent=1) + "\n"

    def fill(partial: pathlib.Path) -> None:
        with (partial / f"{NAME}.csv").open("w", newline="", encoding="utf-8") as stream:
            _table(csv.writer(stream), values)
        drawn = figure_of(found)
        drawn.savefig(partial / f"{NAME}.png", dpi=160, metadata={"Software": None})
        drawn.savefig(partial / f"{NAME}.svg", metadata={"Date": None})
        (partial / f"{NAME}.json").write_text(text, "utf-8")

    files.put(out, fill)
    return found


def measured(config: Config, progress: Any = None) -> dict[str, Any]:
    """metric -> embedding -> generator -> what `evaluate` found, without detail."""
    fakes = command.named(list(config.fakes))
    options: dict[str, Any] = {"resize": config.resize, "crop": config.crop, "label": config.label}
    out: dict[str, Any] = {metric: {} for metric in config.metrics}
    for embed in dict.fromkeys(config.embeds):
        reference = reference_lib.Reference(
            real=config.real, train=config.train, embed=embed, seed=config.seed, **options, progress=progress
        )
        results, _ = evaluation.evaluate_against(reference, fakes, metrics=list(config.metrics), scale=config.scale)
        for metric in config.metrics:
            held = {fake: dict(found[metric]) for fake, found in results["results"].items()}
            out[metric][embed] = {fake: {k: v for k, v in one.items() if k != "detail"} for fake, one in held.items()}
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


def figure_of(found: Mapping[str, Any]) -> figure.Figure:
    """Ranks of the generators (1 for the least value) under each embedding, a panel a metric."""
    values = found["values"]
    look = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "text.parse_math": False}
    with matplotlib.style.context(["default", look]):
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
            weakest = min(found["agreement"][metric], key=lambda one: one["kendall"]["value"])
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


def _table(writer: Any, values: Mapping[str, Any]) -> None:
    writer.writerow(["metric", "embedding", "generator", "value", "low", "high", "rank"])
    for metric, by_embedding in values.items():
        for embedding, by_generator in by_embedding.items():
            ranks = _ranks(by_generator)
            for name, one in by_generator.items():
                writer.writerow([metric, embedding, name, one["value"], *one["ci95"], ranks[name]])
