"""diversity.json and diversity.html: the true curve, synthetic sets on it, and what each is worth in real rows."""

import json
import pathlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from gan_probe import types, whole_file
from gan_probe.report import html, numbers, plots, terminal

__all__ = ["PAGE", "RESULTS", "page", "schema", "summary", "worth", "write"]

RESULTS, PAGE = "diversity.json", "diversity.html"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of diversity.json; it refers to that of results.json, `files.schema()`."""
    return json.loads((pathlib.Path(__file__).parent / "diversity.schema.json").read_text("utf-8"))


def write(out: pathlib.Path, results: Mapping[str, Any]) -> None:
    """Writes both files under `out`, each whole or not at all.

    Raises:
      UserError: the folder cannot be written.
      ValueError: NaN or an infinity in `results`; nothing is written then.
    """
    text = json.dumps(results, allow_nan=False, indent=1) + "\n"
    try:
        for name, content in ((PAGE, page(results)), (RESULTS, text)):
            whole_file.put(out / name, content.encode("utf-8", "replace"))
    except OSError as error:
        raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another folder") from error


def page(results: Mapping[str, Any]) -> str:
    """A self-contained HTML document of the content of diversity.json."""
    return html.render(
        "diversity.html.j2",
        run=results,
        plot=plots.worth(results["curve"], results["results"]),
        curve=[
            {**point, "shown": _accuracy(point["test"]), "train": _percent(point["train_accuracy"])}
            for point in results["curve"]
        ],
        rows=[
            {
                "fake": fake, "point": point, **found, "train": _percent(found["train_accuracy"]),
                "shown": _accuracy(found["test"]), "words": worth(found["worth"]),
                "headline": found["drawn"] == "once" or point == next(iter(points)),
                "classes": [
                    {"name": name, "shown": _accuracy(c["test"]), "words": worth(c["worth"])}
                    for name, c in found["classes"].items()
                ],
            }
            for fake, points in results["results"].items()
            for point, found in points.items()
        ],
        by_class={name: _accuracy(r) for name, r in results["curve"][0]["classes"].items()},
    )  # fmt: skip


def worth(result: Mapping[str, Any]) -> str:
    """A worth in words: `212 [150, 290]`; `more than 6,000 [4,100, open]` where the accuracy lies beyond the curve."""
    low, high = (None if end is None else f"{end:,.0f}" for end in result["ci95"])
    smallest, largest = result["detail"]["curve"]
    value = {
        "above": f"more than {largest:,}", "below": f"fewer than {smallest:,}",
    }.get(result["detail"]["beyond"]) or f"{result['value']:,.0f}"  # fmt: skip
    return f"{value} [{low or 'open'}, {high or 'open'}]"


def summary(results: Mapping[str, Any], out: pathlib.Path | None = None) -> str:
    """What a run found, for a terminal; no line is wider than 80 columns."""
    lines = [f"gan-probe {results['gan_probe']}", *_inputs(results), "", *_curve(results), "", *_worths(results)]
    for warning in results["warnings"][:5]:
        lines += textwrap.wrap(terminal.plain(f"warning: {warning}"), terminal.WIDTH, subsequent_indent="  ")
    if len(results["warnings"]) > 5:
        lines.append(f"warning: {len(results['warnings']) - 5} more in {RESULTS}")
    if out is not None:
        lines.append(terminal.tail(f"report: {pathlib.Path(out) / PAGE}"))
    return "\n".join(terminal.fit(line, terminal.WIDTH).rstrip() for line in lines) + "\n"


def _inputs(results: Mapping[str, Any]) -> Iterator[str]:
    settings = results["settings"]
    for name, about in results["inputs"].items():
        yield f"  {terminal.pad(name, 14)} {terminal.pad(about['source'], 44)} {about['n']:>11,} rows"
    ridge = f", ridge {settings['ridge']:g}" if "ridge" in settings else ""
    yield f"  {terminal.pad('classifier', 14)} {settings['arch']}{ridge}, {len(results['classes'])} classes"
    for fake, by in results["labelled_by"].items():
        if by != "labels of the set":
            yield f"  {terminal.pad(fake, 14)} labelled by {terminal.plain(by)}"


def _curve(results: Mapping[str, Any]) -> Iterator[str]:
    yield "real rows   factor  fits    train  test accuracy"
    for p in results["curve"]:
        yield (
            f"{p['rows']:>9,} {p['factor']:>8} {p['repeats']:>5} {_percent(p['train_accuracy']):>8}  "
            f"{_accuracy(p['test'])}"
        )


def _worths(results: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'trained on':22} {'train':>7}  {'test accuracy':22} worth in real rows"
    for fake, points in results["results"].items():
        for point, found in points.items():
            name = terminal.pad(f"{terminal.fit(terminal.plain(fake), 16)} {point}", 22)
            yield (
                f"{name} {_percent(found['train_accuracy']):>7}  {terminal.pad(_accuracy(found['test']), 22)} "
                f"{worth(found['worth'])}"
            )
    kinds = {numbers.kind(f["worth"]) for points in results["results"].values() for f in points.values()}
    yield f"worth: the size of random real subsets as good, 95 % interval ({', '.join(sorted(kinds))})"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _accuracy(result: Mapping[str, Any]) -> str:
    low, high = (100 * end for end in result["ci95"])
    return f"{100 * result['value']:.1f} % [{low:.1f}, {high:.1f}]"
