"""Plain data for the page: what each table, picture and plot shows, with no layout in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe import metrics as metrics_lib
from gan_probe.report import cards, facts, forest, images, numbers, plots

__all__ = ["BETTER", "METRIC_ORDER", "metric_names", "page_data", "question_names"]

# Known metrics in the order of reading; others follow by name.
METRIC_ORDER = tuple(metrics_lib.METRICS)
_QUESTIONS = ("covers the modes", "makes distinct samples", "does not copy", "matches real")
BETTER = {"lower": "lower is better", "higher": "higher is better", "target": "nearest its target is best"}
_CLASSES = {"holds": "holds", "fails": "fails", "cannot tell": "unclear"}


def page_data(results: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Everything that report.html.j2 lays out, as strings, numbers, lists and dictionaries.

    Args:
      results: the content of results.json.
      pictures: as for `files.write`.
    """
    fakes = list(results["results"])
    questions = question_names(results)
    return {
        "run": {key: results[key] for key in ("gan_probe", "created", "command", "seed")},
        "fakes": [{"name": fake, "anchor": f"fake-{k}"} for k, fake in enumerate(fakes)],
        "questions": questions,
        "verdicts": [
            {"fake": fake, "anchor": f"fake-{k}", "cells": _cells(results, fake, questions)}
            for k, fake in enumerate(fakes)
        ],
        "metrics": [_metric(results["results"], name) for name in metric_names(results)],
        "details": [
            _fake(results, pictures, fake, anchor=f"fake-{k}", questions=questions) for k, fake in enumerate(fakes)
        ],
        "samples": _samples(fakes, pictures),
        "skipped": [
            {"fake": fake, "metric": metric, "reason": reason}
            for fake, reasons in results["skipped"].items()
            for metric, reason in reasons.items()
        ],
        "inputs": [{"name": name, **about} for name, about in results["inputs"].items()],
        "embedding": results["embedding"],
        "environment": results["environment"],
        "timings": [_timing(stage, spent) for stage, spent in results["timings"].items()],
    }


def metric_names(results: Mapping[str, Any]) -> list[str]:
    """Metrics that at least one fake has, in the order of reading."""
    present = {name for metrics in results["results"].values() for name in metrics}
    return [name for name in METRIC_ORDER if name in present] + sorted(present - set(METRIC_ORDER))


def question_names(results: Mapping[str, Any]) -> list[str]:
    """Questions that at least one fake was asked, the usual ones first."""
    asked = {
        question: None
        for verdicts in results["verdicts"].values()
        for question, verdict in verdicts.items()
        if not verdict["reason"].endswith("was not asked for")
    }
    return [q for q in _QUESTIONS if q in asked] + [q for q in asked if q not in _QUESTIONS]


def _cells(results: Mapping[str, Any], fake: str, questions: Sequence[str]) -> list[dict[str, Any] | None]:
    verdicts, metrics = results["verdicts"].get(fake, {}), results["results"][fake]
    return [
        {
            "question": question,
            **verdicts[question],
            "css": _CLASSES[verdicts[question]["outcome"]],
            "number": numbers.deciding(verdicts[question], metrics),
        }
        if question in verdicts
        else None
        for question in questions
    ]


def _metric(by_fake: Mapping[str, Any], name: str) -> dict[str, Any]:
    held = {fake: metrics[name] for fake, metrics in by_fake.items() if name in metrics}
    first = next(iter(held.values()))
    # What all fakes share stands once above the rows; what differs stands in its row.
    same = {key: all(r[key] == first[key] for r in held.values()) for key in ("interval", "convention", "estimand")}
    axis = forest.axis([[r["value"], *r["ci95"]] for r in held.values()])
    rows = []
    for fake, result in held.items():
        shown = numbers.texts(result["value"], *result["ci95"])
        notes = [] if same["interval"] else [numbers.method(result)]
        notes += [text for text in (facts.beside(result["detail"]), result["detail"].get("warning", "")) if text]
        notes += [result[key] for key in ("convention", "estimand") if not same[key]]
        rows.append(
            {
                "fake": fake,
                "value": shown.value,
                "interval": f"[{shown.low}, {shown.high}]",
                "kind": numbers.kind(result),
                "stderr": numbers.number(result["stderr"], digits=2),
                "sizes": f"{result['n_real']:,} / {result['n_fake']:,}",
                "notes": "; ".join(notes),
                "mark": forest.mark(axis, result["value"], *result["ci95"]),
            }
        )
    return {
        "name": name,
        "unit": first["unit"],
        "better": BETTER[first["better"]],
        "convention": first["convention"] if same["convention"] else "",
        "estimand": first["estimand"] if same["estimand"] else "",
        "method": numbers.method(first) if same["interval"] else "",
        "axis": _ends(axis),
        "rows": rows,
        "curve": _curve(name, held, first["unit"]),
    }


def _curve(name: str, held: Mapping[str, Any], unit: str) -> str:
    """The sample-size curve of a metric with more than one size, "" without."""
    curves = {
        fake: result["detail"] for fake, result in held.items() if len(result["detail"].get("size_curve", ())) > 1
    }
    drawn = {fake: d for fake, d in curves.items() if any(p["value"] is not None for p in d["size_curve"])}
    return plots.curve(name, drawn, unit) if drawn else ""


def _ends(axis: forest.Axis | None) -> dict[str, Any] | None:
    """What to print at the two ends of an interval plot."""
    if axis is None or axis.low == axis.high:
        return None
    if axis.log:
        return {"low": _round(axis.low), "high": _round(axis.high), "log": True}
    shown = numbers.texts(axis.low, axis.low, axis.high)
    return {"low": shown.low, "high": shown.high, "log": False}


def _round(x: float) -> str:
    return numbers.number(float(f"{x:.1e}"), digits=2)


def _fake(
    results: Mapping[str, Any],
    pictures: Mapping[str, np.ndarray],
    fake: str,
    *,
    anchor: str,
    questions: Sequence[str],
) -> dict[str, Any]:
    metrics = results["results"][fake]
    birthday, memory, modes = (metrics.get(m, {}).get("detail") for m in ("birthday", "memorization", "modes"))
    return {
        "name": fake,
        "anchor": anchor,
        "verdicts": [cell for cell in _cells(results, fake, questions) if cell],
        "pairs": cards.pairs(birthday["closest"], pictures.get(f"{fake}/closest")) if birthday else [],
        "pair_facts": facts.birthday(birthday) if birthday else [],
        "copies": cards.copies(memory["closest"], pictures.get(f"{fake}/copies")) if memory else [],
        "copy_facts": facts.memorization(memory) if memory else [],
        "histograms": [
            _histogram(memory, ((memory or {}).get("share_within") or {}).get("threshold"), "nearest training row"),
            _histogram(birthday, (birthday or {}).get("threshold"), "nearest other row of the set"),
        ],
        "fractions": plots.fractions(modes) if modes else "",
        "mode_facts": facts.modes(modes) if modes else [],
    }


def _histogram(detail: Mapping[str, Any] | None, threshold: float | None, what: str) -> dict[str, str] | None:
    """A metric's histogram with its title, None without one."""
    if not detail or not detail.get("histogram"):
        return None
    plot = plots.histogram(detail["histogram"], threshold, f"distance to the {what}")
    return {"title": f"Distance to the {what}", "plot": plot}


def _samples(fakes: Sequence[str], pictures: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    held = [("real", "real/grid"), ("train", "train/grid")] + [(fake, f"{fake}/grid") for fake in fakes]
    return [
        {"name": name, "count": len(pictures[key]), "picture": images.mosaic(pictures[key])._asdict()}
        for name, key in held
        if key in pictures and len(pictures[key])
    ]


def _timing(stage: str, spent: Mapping[str, Any]) -> dict[str, str]:
    pairs = spent["pairs"]
    return {
        "stage": stage,
        "seconds": numbers.number(spent["seconds"]),
        "pairs": "-" if pairs is None else f"{pairs:,.0f}",
        "gflop_per_s": numbers.number(spent["gflop_per_s"]),
        "fraction": numbers.number(spent["fraction_of_matmul"], digits=2),
    }
