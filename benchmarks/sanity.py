"""What each metric sees: every metric on the embedded samplers, one honest and four that commit a known crime.

    python -m benchmarks.sanity --seeds=20                  # the matrix of docs/metrics.md
    python -m benchmarks.sanity --seeds=20 --figures=docs/metrics

A cell is the distance of a crime's mean value from the faithful sampler's, in standard deviations of the faithful one
over seeds (each seed shuffles and splits the digits anew). "worse" and "better" follow what the metric itself calls
good; within 3 deviations the metric is blind to the crime at this size (599 rows, 64 pixels).
"""

import argparse
import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import figure
from tqdm import tqdm

from gan_probe import data, metrics, reference, types
from gan_probe.classifiers import linear

SAMPLERS = ("faithful", "memoriser", "dropper", "lowsupport", "blurred")
_SEES = 3.0
_EMBED = {"gaussian_kl": "pca:20"}  # a Gaussian of pixels that never change is flat


class Seen(NamedTuple):
    """Values [seeds] of each sampler, and what its metric calls good."""

    values: Mapping[str, np.ndarray]
    intervals: Mapping[str, Sequence[float | None]]
    better: str
    unit: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--metrics", default="all")
    parser.add_argument("--figures", type=pathlib.Path, help="folder for one small figure a metric")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("sanity.json"))
    given = parser.parse_args()
    seen = simulate(given.seeds, given.metrics)
    given.out.write_text(json.dumps({m: {k: list(v) for k, v in s.values.items()} for m, s in seen.items()}) + "\n")
    print(matrix(seen))
    if given.figures:
        given.figures.mkdir(parents=True, exist_ok=True)
        for name, one in seen.items():
            draw(name, one, given.figures / f"{name}.png")


def simulate(seeds: int, wanted: str = "all") -> dict[str, Seen]:
    """Values of every metric on every sampler, over seeds."""
    found: list[dict[str, dict]] = []
    for seed in tqdm(range(seeds), desc="seeds"):
        sets = {name: data.load(f"digits/{name}?seed={seed}") for name in ("real", "train", *SAMPLERS)}
        sets |= _with_logits(sets)
        found.append({s: {} for s in SAMPLERS})
        for embed, names in _by_embedding(wanted).items():
            against = reference.Reference(real=sets["real"], train=sets["train"], embed=embed, seed=seed)
            for sampler, entries in against.evaluate({s: sets[s] for s in SAMPLERS}, metrics=names)["results"].items():
                found[-1][sampler] |= entries
    out = {}
    for name in metrics.METRICS:
        if not all(name in run[s] for run in found for s in SAMPLERS):
            continue
        values = {s: np.array([np.nan if r[s][name]["value"] is None else r[s][name]["value"] for r in found])
                  for s in SAMPLERS}  # fmt: skip
        first = found[0][SAMPLERS[0]][name]
        intervals = {s: found[0][s][name]["ci95"] for s in SAMPLERS}
        out[name] = Seen(values, intervals, first["better"], first["unit"])
    return out


def _by_embedding(wanted: str) -> dict[str, list[str]]:
    """The metrics of each embedding; pixels for all but those that they don't allow."""
    names = wanted.split(",")
    if wanted == "all":
        names = [name for name, make in metrics.METRICS.items() if not make().costly]  # these want a decoder
    out: dict[str, list[str]] = {}
    for name in names:
        out.setdefault(_EMBED.get(name, "pixels"), []).append(name)
    return out


def matrix(seen: Mapping[str, Seen]) -> str:
    """A Markdown table: metrics down, crimes across."""
    crimes = SAMPLERS[1:]
    lines = [f"| metric | faithful | {' | '.join(crimes)} |", "|---" * (len(crimes) + 2) + "|"]
    for name, one in seen.items():
        honest = one.values["faithful"]
        spread = np.nanstd(honest, ddof=1)
        cells = [_cell(one, crime, spread) for crime in crimes]
        lines.append(f"| {name} | {np.nanmean(honest):.4g} ± {spread:.2g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(name: str, one: Seen, path: pathlib.Path) -> None:
    """Values over seeds, a row a sampler, with the interval of the first seed above its points."""
    sheet = figure.Figure(figsize=(5.2, 1.75), dpi=110)
    axes = sheet.add_axes((0.17, 0.25, 0.8, 0.72))
    for row, sampler in enumerate(SAMPLERS):
        values = one.values[sampler]
        hue = "#2a6fb0" if sampler == "faithful" else "#b4480f"
        axes.plot(values, np.full(len(values), row), "o", ms=3.5, mew=0, alpha=0.45, color=hue)
        low, high = (values[0] if end is None else end for end in one.intervals[sampler])
        axes.plot([low, high], [row - 0.3] * 2, lw=2.2, color=hue)
    axes.set_yticks(range(len(SAMPLERS)), SAMPLERS, fontsize=8)
    axes.set_ylim(len(SAMPLERS) - 0.5, -0.7)
    everything = np.concatenate(list(one.values.values()))
    if np.nanmin(everything) > 0 and np.nanmax(everything) > 50 * np.nanmin(everything):
        axes.set_xscale("log")
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(" ".join(filter(None, (name, f"({one.unit})" if one.unit else ""))), fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25, lw=0.6)
    sheet.savefig(path, metadata={"Software": None})


def _cell(one: Seen, crime: str, spread: float) -> str:
    """ "12 worse", "-", or what the crime makes look better."""
    honest = np.nanmean(one.values["faithful"])
    if np.isnan(one.values[crime]).all():
        return "no value"
    gap = (np.nanmean(one.values[crime]) - honest) / max(spread, 1e-12)
    if abs(gap) < _SEES:
        return f"blind ({gap:+.1f})"
    worse = {"lower": gap > 0, "higher": gap < 0, "target": True}[one.better]
    size = f"{gap:+.0f}" if abs(gap) < 1e4 else f"{gap:+.0e}"
    return f"**{size}** worse" if worse else f"{size} *better*"


def _with_logits(sets: Mapping[str, types.Samples]) -> dict[str, types.Samples]:
    """The sets with logits of a linear classifier fitted on train, for metrics that need some."""
    features = {name: s.rows.take(np.arange(len(s))).reshape(len(s), -1) / np.float32(255) for name, s in sets.items()}
    labels = sets["train"].labels
    assert labels is not None
    model = linear.fit(features["train"], labels, 10)
    return {
        name: dataclasses.replace(s, logits=np.asarray(linear.logits(model, features[name])))
        for name, s in sets.items()
    }


if __name__ == "__main__":
    main()
