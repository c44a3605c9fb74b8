"""The terminal summary of modes: distances, label correctness and class fractions in 80 plain columns."""

import pathlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe.report import files, modes_page, numbers, terminal

__all__ = ["summary"]

_CLASSES = 10
_NAME, _LEAST_NAME = 22, 8  # columns of a class's name
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
    yield from _columns(
        [("class", "real", "annotated", "corrected")]
        + [
            (found["classes"][c], f"{real['values'][c]:.3f}", _share(result["raw"], c), _share(result["corrected"], c))
            for c in np.sort(worst)
        ]
    )
    if len(found["classes"]) > _CLASSES:
        yield f"  and {len(found['classes']) - _CLASSES} classes that differ less"
    for kind in ("missing", "faint"):
        if result[kind]:
            yield from _wrapped(f"{kind}, as {_JUDGED[result['judged']]}: {', '.join(result[kind])}")
    if not result["faint"]:
        yield f"  missing, faint: none that these rows show, as {_JUDGED[result['judged']]}"
    if result["no_label_correctness"]:
        yield from _wrapped(f"label correctness: none, {result['no_label_correctness']}")


def _share(shares: Mapping[str, Any] | None, c: int) -> str:
    return numbers.with_interval(shares["values"][c], shares["ci95"][c]) if shares else "-"


def _columns(rows: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    """Lines whose columns are as wide as what stands in them; names of classes give way, down to a few letters."""
    real, annotated, corrected = (max(len(row[k]) for row in rows) for k in (1, 2, 3))
    room = terminal.WIDTH - len("  " + " " + "  " + "  ") - real - annotated - corrected
    for name, *cells in rows:
        head = terminal.pad(name, min(max(room, _LEAST_NAME), _NAME))
        yield f"  {head} {cells[0]:>{real}}  {cells[1]:<{annotated}}  {cells[2]}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(terminal.plain(text), terminal.WIDTH, initial_indent="  ", subsequent_indent="    ")
