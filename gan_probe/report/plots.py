"""The plots of the page as SVG text: class fractions with error bars, histograms, sample-size curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np

from gan_probe.report import svg

__all__ = ["curve", "fractions", "histogram", "worth"]

_CLASSES = 40


def fractions(detail: Mapping[str, Any]) -> str:
    """Class fractions of fake and real with their intervals, from `modes.detail`; "" without classes.

    Beyond 40 classes, those whose fractions differ most are drawn.
    """
    fake, real = np.asarray(detail["fake"], float), np.asarray(detail["real"], float)
    if not len(fake):
        return ""
    chosen = np.sort(np.argsort(-np.abs(fake - real), kind="stable")[:_CLASSES])
    names = [svg.short(str(detail["classes"][k])) for k in chosen]
    y = np.arange(len(chosen))
    with matplotlib.style.context(["default", svg.STYLE]):
        sheet, axes = svg.sheet(1.0 + 0.3 * len(chosen), left=0.3 + 0.085 * max(map(svg.columns, names)))
        for at, colour, label, mark, values, ci95 in (
            (y - 0.14, svg.REAL, "real", "s", real, detail["real_ci95"]),
            (y + 0.14, svg.FAKE, "fake", "o", fake, detail["fake_ci95"]),
        ):
            low, high = np.asarray(ci95, float).reshape(-1, 2)[chosen].T
            reach = np.maximum(0.0, [values[chosen] - low, high - values[chosen]])
            axes.errorbar(values[chosen], at, xerr=reach, fmt=mark, color=colour, ms=5, lw=1.6, capsize=2, label=label)
        axes.set_yticks(y, names, parse_math=False)
        axes.set_ylim(len(chosen) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("share of the set")
        axes.grid(axis="x", color=svg.INK, alpha=0.15, lw=0.6)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        return svg.text(sheet, "class fractions of fake and real")


def histogram(counts: Mapping[str, Sequence[float]], threshold: float | None, what: str) -> str:
    """Distances of fake, and where they are there of real, as shares of each set, from a `detail.histogram`.

    Args:
      counts: edges, fake, perhaps real.
      threshold: drawn where it lies within the edges.
      what: the distance, in words.
    """
    edges = np.asarray(counts["edges"], float)
    with matplotlib.style.context(["default", svg.STYLE]):
        sheet, axes = svg.sheet(2.7, left=0.75)
        fake, real = (np.asarray(counts.get(role, ()), float) for role in ("fake", "real"))
        if len(real):
            axes.stairs(real / max(real.sum(), 1.0), edges, color=svg.REAL, label="real", fill=True, alpha=0.45)
        axes.stairs(fake / max(fake.sum(), 1.0), edges, color=svg.FAKE, label="fake", lw=1.8)
        if threshold is not None and edges[0] <= threshold <= edges[-1]:
            axes.axvline(threshold, color=svg.INK, ls="--", lw=1, label="threshold")
        axes.set_xlabel(what)
        axes.set_ylabel("share of the set")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        return svg.text(sheet, what)


def curve(metric: str, by_fake: Mapping[str, Mapping[str, Any]], unit: str) -> str:
    """A metric against the rows of the fake, with intervals and, where there is one, the limit at the right edge.

    Args:
      metric: its name, for the label.
      by_fake: `detail` of each fake that has a curve.
      unit: of the value.
    """
    with matplotlib.style.context(["default", svg.STYLE]):
        legend = 0.2 * -(-len(by_fake) // 4)
        sheet, axes = svg.sheet(2.5 + legend, left=0.85, top=0.15 + legend)
        sizes = {p["n_fake"] for detail in by_fake.values() for p in detail["size_curve"]}
        largest = max(sizes)
        seen: list[float] = []
        for k, (fake, detail) in enumerate(by_fake.items()):
            points = [p for p in detail["size_curve"] if p["value"] is not None]
            n = np.array([p["n_fake"] for p in points])
            value = np.array([p["value"] for p in points], float)
            ends = np.array([[v if e is None else e for e in p["ci95"]] for p, v in zip(points, value, strict=True)])
            seen.extend(value)
            reach = np.maximum(0.0, np.abs(ends.reshape(-1, 2).T - value))
            hue, nudge = svg.HUES[k % len(svg.HUES)], 1.03 ** (k - (len(by_fake) - 1) / 2)
            look: dict[str, Any] = {"lw": 1.4, "capsize": 2, "color": hue}
            axes.errorbar(n * nudge, value, yerr=reach, fmt="o-", ms=4, label=svg.short(fake), **look)
            limit = detail.get("size_curve_limit")
            if limit:
                reach = np.abs(np.array(limit["ci95"], float) - limit["value"])[:, None]
                axes.errorbar(1.8 * largest * nudge, limit["value"], yerr=reach, fmt="D", ms=5, mfc="none", **look)
        axes.set_xscale("log")
        if min(seen) > 0 and max(seen) > 50 * min(seen):
            axes.set_yscale("log")
        marks = {int(n): f"{n:,}" for n in sorted(sizes)}
        if any(detail.get("size_curve_limit") for detail in by_fake.values()):
            marks[int(1.8 * largest)] = "limit"
        axes.set_xticks(list(marks), list(marks.values()))
        axes.minorticks_off()
        axes.set_xlabel("rows of the samples (real shrinks alike)")
        axes.set_ylabel(f"{metric} ({unit})" if unit else metric)
        axes.grid(axis="y", color=svg.INK, alpha=0.15, lw=0.6)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8)
        return svg.text(sheet, f"{metric} against the number of samples")


def worth(points: Sequence[Mapping[str, Any]], synthetic: Mapping[str, Mapping[str, Any]]) -> str:
    """Test accuracy against real training rows, lines of synthetic sets, and their worth (paper 000, figure 5).

    Args:
      points: `curve` of diversity.json.
      synthetic: `results` of it.
    """
    rows = np.array([p["rows"] for p in points], float)
    value = np.array([p["test"]["value"] for p in points])
    reach = np.abs(np.array([p["test"]["ci95"] for p in points]).T - value)
    sets = [(fake, point, found) for fake, by_point in synthetic.items() for point, found in by_point.items()]
    hues = dict(zip(synthetic, (svg.HUES[:1] + svg.HUES[2:]) * len(synthetic), strict=False))  # blue is real's
    styles = dict(zip(dict.fromkeys(point for _, point, _ in sets), ("--", ":", "-.") * len(sets), strict=False))
    with matplotlib.style.context(["default", svg.STYLE]):
        legend, strip = 0.2 * -(-(len(sets) + 1) // 3), 0.13 * len(sets) + 0.15
        sheet, axes = svg.sheet(3.3 + legend + strip, left=0.75, top=0.15 + legend)
        axes.errorbar(
            rows, 100 * value, yerr=100 * reach, fmt="o-", color=svg.REAL, ms=4, lw=2, capsize=2, label="real subsets"
        )
        ends = (rows.min() / 1.3, rows.max() * 1.3)
        lowest = 100 * min((value - reach[0]).min(), *(found["test"]["value"] for *_, found in sets))
        highest = 100 * max((value + reach[1]).max(), *(found["test"]["value"] for *_, found in sets))
        line = (highest - lowest) / 22
        for k, (fake, point, found) in enumerate(sets):
            look: dict[str, Any] = {"color": hues[fake], "ls": styles[point]}
            axes.axhline(100 * found["test"]["value"], lw=1.4, label=f"{svg.short(fake, 18)} {point}", **look)
            n, (low, high) = found["worth"]["value"], found["worth"]["ci95"]
            at = lowest - (k + 1.5) * line
            axes.plot([low or ends[0], high or ends[1]], [at, at], lw=2.2, solid_capstyle="butt", color=hues[fake])
            for end, mark, x in ((low, "<", ends[0]), (high, ">", ends[1])):
                if end is None:
                    axes.plot(x, at, mark, color=hues[fake], ms=6, clip_on=False)
            if n is not None:
                axes.plot([n, n], [at, 100 * found["test"]["value"]], lw=0.8, alpha=0.7, **look)
                axes.plot(n, at, "o", color=hues[fake], ms=5)
        axes.set_xscale("log")
        axes.set_xlim(*ends)
        axes.set_ylim(lowest - (len(sets) + 1.5) * line, highest + line)
        shown = rows if len(rows) <= 9 else rows[::2]
        axes.set_xticks(shown, [f"{int(n):,}" for n in shown])
        axes.minorticks_off()
        axes.set_xlabel("real training rows (down-sampled); bars below: worth of each synthetic set, 95 %")
        axes.set_ylabel("test accuracy (%)")
        axes.grid(color=svg.INK, alpha=0.15, lw=0.6)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8)
        return svg.text(sheet, "test accuracy against the number of real training rows")
