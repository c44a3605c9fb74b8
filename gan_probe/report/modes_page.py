"""modes.json and modes.html: schema, plain data for the page, and both files written whole."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe.report import files, forest, html, images, mode_plots, numbers

__all__ = ["best", "last", "page", "schema", "write"]

_HEADER = ("schema", "gan_probe", "created", "command", "seed", "environment", "inputs")


def schema() -> dict[str, Any]:
    """The JSON Schema of modes.json; the header and the estimates are those of results.json."""
    own = json.loads((pathlib.Path(__file__).parent / "modes.schema.json").read_text("utf-8"))
    shared = files.schema()
    own["properties"] |= {key: shared["properties"][key] for key in _HEADER}
    own["required"] = [*_HEADER, *own["required"]]
    own["$defs"] |= {key: shared["$defs"][key] for key in ("sha256", "number", "ci95", "input", "result")}
    return own


def write(out: pathlib.Path, found: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> None:
    """Writes modes.json and modes.html, both or none.

    Args:
      out: a new or empty folder, or one that holds an earlier report.
      found: the content of modes.json.   pictures: as `page` takes them.

    Raises:
      UserError: as `files.check_out`.
    """
    text = json.dumps(found, allow_nan=False, indent=1) + "\n"
    shown = page(found, pictures)

    def fill(partial: pathlib.Path) -> None:
        (partial / files.MODES_PAGE).write_bytes(shown.encode("utf-8", "replace"))
        (partial / files.MODES).write_text(text, "utf-8")

    files.put(out, fill, files.MODES)


def best(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Corrected fractions where there are any, raw ones otherwise."""
    return result["corrected"] or result["raw"]


def last(found: Mapping[str, Any]) -> list[str]:
    """Names of the fakes without the earlier steps of an evolution."""
    earlier = {at["fake"] for seen in found["evolution"].values() for at in seen[:-1]}
    return [name for name in found["results"] if name not in earlier]


def page(found: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> str:
    """A self-contained HTML document.

    Args:
      found: the content of modes.json.
      pictures: "NAME/class" -> uint8 images [m, h, w, c] annotated with that class, of real and fakes.
    """
    return html.render(
        "modes.html.j2",
        run={key: found[key] for key in ("gan_probe", "created", "command", "seed")},
        environment=found["environment"],
        inputs=[{"name": name, **about} for name, about in found["inputs"].items()],
        annotators=[_annotator(a) for a in found["annotators"]],
        confusion=_confusion(found),
        distances=_distances(found["results"]),
        evolution=_evolution(found),
        fakes=[_fake(found, pictures, name, k) for k, name in enumerate(last(found))],
        real_examples=_examples(found, pictures, "real"),
    )


def _annotator(about: Mapping[str, Any]) -> dict[str, Any]:
    accuracy = about["accuracy"]
    shown = "not measured" if accuracy is None else numbers.with_interval(accuracy["value"], accuracy["ci95"])
    return {**about, "accuracy": shown}


def _confusion(found: Mapping[str, Any]) -> dict[str, Any]:
    known = found["confusion"]
    rows = []
    if known["counts"] is not None and len(found["classes"]) <= 20:
        for name, counts in zip(found["classes"], known["counts"], strict=True):
            total = sum(counts)
            rows.append({"name": name, "cells": [{"count": c, "share": c / total if total else 0} for c in counts]})
    accuracy = known["accuracy"]
    return {
        "source": known["source"], "n": known["n"], "reason": known["reason"], "rows": rows,
        "classes": found["classes"],
        "condition": numbers.number(known["condition"]), "noise": numbers.number(known["noise"]),
        "accuracy": "" if accuracy is None else numbers.with_interval(accuracy["value"], accuracy["ci95"]),
    }  # fmt: skip


def _distances(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a fake and kind of fractions: total variation with its interval on one axis."""
    held = [
        (name, kind, result[kind]["total_variation"])
        for name, result in results.items()
        for kind in ("raw", "corrected")
        if result[kind] is not None
    ]
    axis = forest.axis([[one["value"], *one["ci95"]] for _, _, one in held])
    return [
        {
            "fake": name, "kind": kind, "value": numbers.texts(one["value"], *one["ci95"]).value,
            "interval": numbers.interval(one), "null": numbers.number(one["detail"]["null_expectation"]),
            "mark": forest.mark(axis, one["value"], *one["ci95"]),
            "sizes": f"{one['n_real']:,} / {one['n_fake']:,}",
        }
        for name, kind, one in held
    ]  # fmt: skip


def _evolution(found: Mapping[str, Any]) -> list[dict[str, str]]:
    if not found["evolution"]:
        return []
    steps = {name: [at["step"] for at in seen] for name, seen in found["evolution"].items()}
    seen = {name: [best(found["results"][a["fake"]]) for a in ats] for name, ats in found["evolution"].items()}
    distances = {name: [one["total_variation"] for one in ones] for name, ones in seen.items()}
    return [
        {"title": "Total variation from real", "plot": mode_plots.distances(steps, distances)},
        *({"title": name, "plot": mode_plots.evolution(found["classes"], steps[name], seen[name])} for name in seen),
    ]


def _fake(found: Mapping[str, Any], pictures: Mapping[str, np.ndarray], name: str, k: int) -> dict[str, Any]:
    result, real = found["results"][name], found["real"]
    series = [("real, labels" if real["labelled"] else "real, annotated", real["labelled"] or real["raw"])]
    if real["labelled"] is None and real["corrected"]:
        series = [("real, corrected", real["corrected"])]
    series += [("annotated", result["raw"])]
    series += [("corrected", result["corrected"])] if result["corrected"] else []
    correctness = result["label_correctness"]
    return {
        "name": name,
        "anchor": f"fake-{k}",
        "missing": ", ".join(result["missing"]) or "none shown",
        "faint": ", ".join(result["faint"]) or "none shown",
        "judged": result["judged"],
        "fractions": mode_plots.fractions(found["classes"], series),
        "correctness": {
            kind: None if correctness is None or one is None else numbers.estimate(one)
            for kind, one in (correctness or {"raw": None, "corrected": None}).items()
        },
        "no_correctness": result["no_label_correctness"],
        "per_class": _per_class(found["classes"], correctness),
        "confidence": [
            {
                "run": about["run"],
                "plot": mode_plots.confidence(mine, theirs),
                "means": [numbers.with_interval(one["mean"], one["ci95"]) for one in (mine, theirs)],
            }
            for about, mine, theirs in zip(found["annotators"], real["confidence"], result["confidence"], strict=True)
        ],
        "examples": _examples(found, pictures, name),
    }


def _per_class(classes: Sequence[str], correctness: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if correctness is None:
        return []
    raw = correctness["raw"]["detail"]["per_class"]
    corrected = correctness["corrected"]["detail"]["per_class"] if correctness["corrected"] else None
    return [
        {
            "name": name, "n": raw["n"][c], "raw": numbers.with_interval(raw["values"][c], raw["ci95"][c]),
            "corrected": numbers.with_interval(corrected["values"][c], corrected["ci95"][c]) if corrected else "-",
        }
        for c, name in enumerate(classes)
        if raw["n"][c]
    ]  # fmt: skip


def _examples(found: Mapping[str, Any], pictures: Mapping[str, np.ndarray], name: str) -> list[dict[str, Any]]:
    held = [(c, pictures[f"{name}/{c}"]) for c in found["classes"] if f"{name}/{c}" in pictures]
    return [{"label": c, "pictures": [images.picture(i, limit=96)._asdict() for i in shown]} for c, shown in held]
