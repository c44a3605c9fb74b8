"""Plots of modes.html: class fractions raw and corrected, confidence, fractions over training (000 figures 1, 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np

from gan_probe.report import svg

__all__ = ["confidence", "distances", "evolution", "fractions"]

_CLASSES = 40
_LINES = 10


def fractions(classes: Sequence[str], series: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Class fractions with their intervals; beyond 40 classes, those that differ most from the first series.

    Args:
      classes: names.
      series: label and fractions (`values`, `ci95`, `together95`); the first one is real.
    """
    table = np.array([one["values"] for _, one in series], float)
    chosen = np.sort(np.argsort(-np.abs(table - table[0]).max(axis=0), kind="stable")[:_CLASSES])
    names = [svg.short(classes[k]) for k in chosen]
    y = np.arange(len(chosen))
    looks = ((svg.REAL, "s", svg.REAL), (svg.FAKE, "o", "none"), (svg.FAKE, "o", svg.FAKE))
    with matplotlib.style.context(["default", svg.STYLE]):
        sheet, axes = svg.sheet(1.0 + 0.4 * len(chosen), left=0.3 + 0.085 * max(map(svg.columns, names)))
        for k, ((label, one), (colour, mark, fill)) in enumerate(zip(series, looks, strict=False)):
            values = np.array(one["values"], float)[chosen]
            at = y + 0.22 * (k - (len(series) - 1) / 2)
            for ends, width, marked in (("together95", 0.7, "none"), ("ci95", 2.2, mark)):
                low, high = np.array(one[ends], float)[chosen].T
                axes.errorbar(
                    values, at, xerr=np.maximum(0.0, [values - low, high - values]), color=colour, mfc=fill, ms=4.5,
                    lw=width, fmt=marked, label=label if ends == "ci95" else None,
                )  # fmt: skip
        axes.set_yticks(y, names, parse_math=False)
        axes.set_ylim(len(chosen) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("share of the set")
        axes.grid(axis="x", color=svg.INK, alpha=0.15, lw=0.6)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        return svg.text(sheet, "class fractions of fake and real")


def confidence(real: Mapping[str, Any], fake: Mapping[str, Any]) -> str:
    """Shares of rows by softmax probability of the annotated class, in tenths."""
    edges = np.array(real["edges"], float)
    with matplotlib.style.context(["default", svg.STYLE]):
        sheet, axes = svg.sheet(2.4, left=0.75)
        width = 0.4 * (edges[1] - edges[0])
        for label, one, colour, side in (("real", real, svg.REAL, -0.5), ("fake", fake, svg.FAKE, 0.5)):
            counts = np.array(one["counts"], float)
            axes.bar(
                (edges[1:] + edges[:-1]) / 2 + side * width, counts / counts.sum(), width, color=colour, label=label
            )
        axes.set_xticks(edges)
        axes.set_xlabel("softmax probability of the annotated class")
        axes.set_ylabel("share of the set")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        return svg.text(sheet, "annotator confidence")


def evolution(classes: Sequence[str], steps: Sequence[int], seen: Sequence[Mapping[str, Any]]) -> str:
    """Class fractions over training steps; of many classes, those that move most.

    Args:
      seen: fractions (`values`, `ci95`) at each step.
    """
    values = np.array([one["values"] for one in seen], float)
    ci95 = np.array([one["ci95"] for one in seen], float)
    chosen = np.sort(np.argsort(-np.ptp(values, axis=0), kind="stable")[:_LINES])
    with matplotlib.style.context(["default", svg.STYLE]):
        rows = -(-len(chosen) // 4)
        sheet, axes = svg.sheet(2.6 + 0.2 * rows, left=0.75, top=0.15 + 0.2 * rows)
        for k, c in enumerate(chosen):
            line: dict[str, Any] = {"color": svg.HUES[k % len(svg.HUES)], "ls": "-" if k < len(svg.HUES) else "--"}
            axes.plot(steps, values[:, c], "o", ms=3, lw=1.4, label=_plain(svg.short(classes[c], 20)), **line)
            axes.fill_between(steps, ci95[:, c, 0], ci95[:, c, 1], color=line["color"], alpha=0.15, lw=0)
        _over_steps(axes, steps, "share of the set")
        return svg.text(sheet, "class fractions over training")


def distances(steps: Mapping[str, Sequence[int]], seen: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Total variation from real over training steps, a line a generator.

    Args:
      steps: by generator.   seen: total variation (`value`, `ci95`) at each of its steps.
    """
    with matplotlib.style.context(["default", svg.STYLE]):
        rows = -(-len(steps) // 4)
        sheet, axes = svg.sheet(2.4 + 0.2 * rows, left=0.75, top=0.15 + 0.2 * rows)
        for k, (name, at) in enumerate(steps.items()):
            values = np.array([one["value"] for one in seen[name]], float)
            low, high = np.array([one["ci95"] for one in seen[name]], float).T
            look: dict[str, Any] = {"color": svg.HUES[k % len(svg.HUES)], "lw": 1.4, "capsize": 2, "ms": 4}
            reach = np.maximum(0.0, [values - low, high - values])
            axes.errorbar(at, values, yerr=reach, fmt="o-", label=_plain(svg.short(name, 20)), **look)
        _over_steps(axes, sorted({s for at in steps.values() for s in at}), "total variation from real")
        return svg.text(sheet, "total variation from real over training")


def _over_steps(axes: Any, steps: Sequence[int], what: str) -> None:
    axes.set_xlabel("training step")
    axes.set_ylabel(what)
    axes.set_ylim(bottom=0)
    if len(steps) <= 8:
        axes.set_xticks(list(steps), [f"{s:,}" for s in steps])
    else:
        axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", color=svg.INK, alpha=0.15, lw=0.6)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8)


def _plain(name: str) -> str:
    """A name that a legend neither hides (a leading underscore) nor reads as mathematics."""
    return name.replace("$", r"\$") if not name.startswith("_") else " " + name.replace("$", r"\$")
