"""One page over several runs: each metric a table of (run, fake) with intervals, and what makes runs incomparable."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gan_probe import types
from gan_probe.report import files, forest, html, numbers, page_data

__all__ = ["compare"]


def compare(directories: Sequence[pathlib.Path]) -> str:
    """A self-contained HTML page over reports.

    Args:
      directories: folders that `files.write` wrote.

    Raises:
      UserError: none given, or one that cannot be read.
    """
    if not directories:
        raise types.UserError("compare: no report given; name the folders that `gan-probe evaluate --out` wrote")
    runs = dict(zip(_labels(directories), (files.read(d)[0] for d in directories), strict=True))
    names = page_data.metric_names({"results": {run: _all(results) for run, results in runs.items()}})
    return html.render(
        "compare.html.j2",
        runs=[
            {
                "label": label,
                "created": results["created"],
                "command": results["command"],
                "embedding": results["embedding"]["name"],
                "real": results["inputs"]["real"],
                "fakes": list(results["results"]),
            }
            for label, results in runs.items()
        ],
        warnings=_warnings(runs),
        metrics=[_metric(runs, name) for name in names],
    )


def _all(results: Mapping[str, Any]) -> dict[str, Any]:
    return {name: result for metrics in results["results"].values() for name, result in metrics.items()}


def _labels(directories: Sequence[pathlib.Path]) -> list[str]:
    """Folder names, or whole paths where names repeat; a folder given twice is counted."""
    paths = [pathlib.Path(d) for d in directories]
    names = [p.resolve().name for p in paths]
    labels = [str(p) if names.count(name) > 1 else name for p, name in zip(paths, names, strict=True)]
    return [f"{x} ({labels[:k].count(x) + 1})" if labels.count(x) > 1 else x for k, x in enumerate(labels)]


def _metric(runs: Mapping[str, Any], name: str) -> dict[str, Any]:
    held = [
        (label, fake, metrics[name])
        for label, results in runs.items()
        for fake, metrics in results["results"].items()
        if name in metrics
    ]
    axis = forest.axis([[result["value"], *result["ci95"]] for _, _, result in held])
    first = held[0][2]
    return {
        "name": name,
        "unit": first["unit"],
        "better": page_data.BETTER[first["better"]],
        "warnings": _metric_warnings([result for _, _, result in held]),
        "rows": [
            {
                "run": label,
                "fake": fake,
                "value": numbers.texts(result["value"], *result["ci95"]).value,
                "interval": numbers.interval(result),
                "kind": numbers.kind(result),
                "sizes": f"{result['n_real']:,} / {result['n_fake']:,}",
                "convention": result["convention"],
                "mark": forest.mark(axis, result["value"], *result["ci95"]),
            }
            for label, fake, result in held
        ],
    }


def _metric_warnings(held: Sequence[Mapping[str, Any]]) -> list[str]:
    warnings = []
    if len({result["convention"] for result in held}) > 1:
        warnings.append("The conventions differ: these numbers are not the same quantity.")
    if len({result["estimand"] for result in held}) > 1:
        warnings.append("The estimands differ: these intervals do not cover the same quantity.")
    at_n = [result for result in held if result["estimand"] == "at_n"]
    if len({(result["n_real"], result["n_fake"]) for result in at_n}) > 1:
        warnings.append("The sample sizes differ, and this value depends on them (at_n).")
    return warnings


def _warnings(runs: Mapping[str, Any]) -> list[str]:
    checks: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
        ("The embeddings differ: distances of one run do not compare with those of another.", _embedding),
        ("The real sets differ (sha256).", lambda results: results["inputs"]["real"]["sha256"]),
        ("The training sets differ (sha256).", lambda results: results["inputs"].get("train", {}).get("sha256")),
    )
    return [
        text for text, of in checks if any(of(results) != of(next(iter(runs.values()))) for results in runs.values())
    ]


def _embedding(results: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(results["embedding"][key] for key in ("name", "parameters", "sha256"))
