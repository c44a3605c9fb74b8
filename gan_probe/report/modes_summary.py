"""The terminal summary of modes: distances, label correctness and class fractions in 80 plain columns."""

import pathlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gan_probe.report import files, modes_page, numbers, terminal

__all__ = ["summary"]

_CLASSES = 10
_JUDGED = {"raw": "annotated", "corrected": "corrected"}


def summary(found: Mapping[str, Any], out: pathlib.Path | None = None) -> str:
    """What `modes` found, for a terminal; no line is wider than 80 columns.

    Args:
      found: the content of modes.json.
      out: the folder of modes.html, named in the last line.
    """
    lines = [f"gan-probe {found['gan_probe']}", *_inputs(found), "", *_distances(found), ""]
    for name in modes_page.last(found):
        lines += [*_classes(found, name, found["results"][name]), ""]
    lines += ["95 % intervals:  = exact   ~ approximate   + conservative"]
    lines += ["fractions: of each class by itself; missing and faint: of all together"]
    if out is not None:
        lines += [terminal.tail(f"page: {pathlib.Path(out) / files.MODES_PAGE}")]
    return "\n".join(terminal.fit(line, terminal.WIDTH).rstrip() for line in lines) + "\n"


def _inputs(found: Mapping[str, Any]) -> Iterator[str]:
    for name, about in found["inputs"].items():
        yield f"  {terminal.pad(name, 14)} {terminal.pad(about['source'], 44)} {about['n']:>11,} rows"
    for about in found["annotators"]:
        accuracy = about["accuracy"]
        shown = "not measured" if accuracy is None else numbers.with_interval(accuracy["value"], accuracy["ci95"])
        yield f"  {terminal.pad('annotator', 14)} {terminal.pad(about['run'], 28)} accuracy {shown}"
    if found["confusion"]["reason"]:
        yield from _wrapped(f"not corrected for the annotator's mistakes: {found['confusion']['reason']}")


def _distances(found: Mapping[str, Any]) -> Iterator[str]:
    yield "total variation of class fractions from real (lower is better)"
    for name, result in found["results"].items():
        for kind in ("raw", "corrected"):
            if result[kind] is not None:
                yield _line(name, kind, result[kind]["total_variation"], "null_expectation", "null")
    for name, result in found["results"].items():
        for kind, one in (result["label_correctness"] or {}).items():
            if one is not None:
                yield _line(name, f"labels right, {kind}", one, "", "")


def _line(name: str, what: str, one: Mapping[str, Any], beside: str, label: str) -> str:
    shown = numbers.texts(one["value"], *one["ci95"])
    extra = f"{label} {numbers.number(one['detail'][beside])}" if beside else ""
    mark = terminal.MARKS[numbers.kind(one)]
    interval = f"[{shown.low}, {shown.high}]"
    return f"  {terminal.pad(name, 16)} {terminal.pad(what, 23)} {shown.value:>6} {interval:<16} {mark} {extra}"


def _classes(found: Mapping[str, Any], name: str, result: Mapping[str, Any]) -> Iterator[str]:
    """A class a line: real, annotated and corrected; of many classes those that differ most."""
    yield terminal.plain(name)
    held = found["real"]
    real = held["labelled"] or held["corrected"] or held["raw"]
    seen = modes_page.best(result)
    worst = np.argsort(-np.abs(np.subtract(seen["values"], real["values"])), kind="stable")[:_CLASSES]
    yield f"  {terminal.pad('class', 22)} {'real':>6}  {'annotated':<23} corrected"
    for c in np.sort(worst):
        raw = numbers.with_interval(result["raw"]["values"][c], result["raw"]["ci95"][c])
        corrected = result["corrected"]
        fixed = numbers.with_interval(corrected["values"][c], corrected["ci95"][c]) if corrected else "-"
        yield f"  {terminal.pad(found['classes'][c], 22)} {real['values'][c]:6.3f}  {raw:<23} {fixed}"
    if len(found["classes"]) > _CLASSES:
        yield f"  and {len(found['classes']) - _CLASSES} classes that differ less"
    for kind in ("missing", "faint"):
        if result[kind]:
            yield from _wrapped(f"{kind}, as {_JUDGED[result['judged']]}: {', '.join(result[kind])}")
    if not result["faint"]:
        yield f"  missing, faint: none that these rows show, as {_JUDGED[result['judged']]}"
    if result["no_label_correctness"]:
        yield from _wrapped(f"label correctness: none, {result['no_label_correctness']}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(terminal.plain(text), terminal.WIDTH, initial_indent="  ", subsequent_indent="    ")
