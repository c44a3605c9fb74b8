"""The terminal summary in 80 plain columns: a verdict a row, each metric a row per fake, what was skipped."""

import pathlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from gan_probe.report import facts, numbers, page_data, terminal

__all__ = ["summary"]


def summary(results: Mapping[str, Any], out: pathlib.Path | None = None) -> str:
    """What a run found, for a terminal; no line is wider than 80 columns.

    Args:
      results: the content of results.json.
      out: the report's folder, named in the last line.
    """
    lines = [f"gan-probe {results['gan_probe']}", *_inputs(results), ""]
    lines += _verdicts(results)
    lines += _metrics(results)
    lines += _skipped(results)
    if out is not None:
        lines += [terminal.tail(f"report: {pathlib.Path(out) / 'report.html'}")]
    return "\n".join(terminal.fit(line, terminal.WIDTH).rstrip() for line in lines) + "\n"


def _inputs(results: Mapping[str, Any]) -> Iterator[str]:
    for name, about in results["inputs"].items():
        yield f"  {terminal.pad(name, 14)} {terminal.pad(about['source'], 44)} {about['n']:>11,} rows"
    yield f"  {terminal.pad('embedding', 14)} {results['embedding']['name']}, seed {results['seed']}"


def _verdicts(results: Mapping[str, Any]) -> Iterator[str]:
    questions = page_data.question_names(results)
    for fake, metrics in results["results"].items():
        verdicts = results["verdicts"].get(fake, {})
        if not verdicts:
            continue
        yield terminal.fit(terminal.plain(fake), terminal.WIDTH)
        for question in questions:
            if question in verdicts:
                verdict = verdicts[question]
                decided = numbers.deciding(verdict, metrics) or verdict["reason"]
                yield f"  {terminal.pad(question, 22)} {terminal.pad(verdict['outcome'], 12)} {terminal.plain(decided)}"
        yield ""


def _metrics(results: Mapping[str, Any]) -> Iterator[str]:
    for name in page_data.metric_names(results):
        held = {fake: metrics[name] for fake, metrics in results["results"].items() if name in metrics}
        first = next(iter(held.values()))
        about = [f"{first['better']} is better" if first["better"] != "target" else "target"]
        about += [first["unit"]] if first["unit"] else []
        conventions = dict.fromkeys(result["convention"] for result in held.values() if result["convention"])
        yield from textwrap.wrap(
            f"{name} ({'; '.join([*about, *map(terminal.plain, conventions)])})",
            terminal.WIDTH,
            subsequent_indent="    ",
        )
        for fake, result in held.items():
            shown = numbers.texts(result["value"], *result["ci95"])
            interval = f"[{shown.low}, {shown.high}]"
            beside = terminal.pad(facts.beside(result["detail"]), 15)
            mark = terminal.MARKS[numbers.kind(result)]
            yield f"  {terminal.pad(fake, 22)} {shown.value:>11} {interval:<25} {beside} {mark}"
            if warning := result["detail"].get("warning"):
                text = f"    warning: {terminal.plain(warning)}"
                yield from textwrap.wrap(text, terminal.WIDTH, subsequent_indent="      ")
    yield "95 % intervals:  = exact   ~ approximate   + conservative"
    yield "beside: real's own, null for equal laws, p of a permutation, beta over real's"
    yield ""


def _skipped(results: Mapping[str, Any]) -> Iterator[str]:
    fakes = list(results["results"])
    by_reason: dict[tuple[str, str], list[str]] = {}
    for fake, reasons in results["skipped"].items():
        for metric, reason in reasons.items():
            by_reason.setdefault((metric, reason), []).append(fake)
    for (metric, reason), held in by_reason.items():
        whose = "" if len(held) == len(fakes) else f" for {', '.join(map(terminal.plain, held))}"
        yield from textwrap.wrap(
            f"skipped {metric}{whose}: {terminal.plain(reason)}", terminal.WIDTH, subsequent_indent="    "
        )
    if by_reason:
        yield ""
