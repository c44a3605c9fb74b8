"""Running an experiment: its settings, its files, and the page over all of them."""

import csv
import dataclasses
import hashlib
import json
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
import matplotlib.style

from gan_probe import content, parallel, types, whole_file
from gan_probe.experiments import EXPERIMENTS, experiment
from gan_probe.experiments import claims as claims_lib
from gan_probe.report import files
from gan_probe.version import __version__

__all__ = ["INDEX", "RESULTS", "finished", "index", "reproduce", "settings"]

RESULTS, INDEX = "results.json", "index.html"
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "gan-probe",
}


def settings(name: str, preset: str, given: Mapping[str, Any]) -> Any:
    """The settings of an experiment: a preset's, with what was given in its place.

    Raises:
      UserError: no such experiment, preset or setting.
    """
    if name not in EXPERIMENTS:
        near = types.hint(name, EXPERIMENTS)
        raise types.UserError(f"{name}: no such experiment{near}; see gan-probe list experiments")
    chosen = EXPERIMENTS[name]
    if preset not in chosen.presets:
        raise types.UserError(f"--preset={preset}: unknown{types.hint(preset, chosen.presets)}; one of "
                              f"{', '.join(chosen.presets)}")  # fmt: skip
    known = {field.name: field.metadata for field in dataclasses.fields(chosen.presets[preset])}
    for key in given:
        if key not in known:
            raise types.UserError(f"--{key}: {name} has no such setting; it has {', '.join(known)}")
    for key, value in given.items():
        least, choices = known[key]["least"], known[key]["choices"]
        least = least if least is not None else 0 if key == "seed" else 1
        if choices and value not in choices:
            raise types.UserError(f"--{key}={value}: unknown{types.hint(value, choices)}; one of {', '.join(choices)}")
        if isinstance(value, int) and not isinstance(value, bool) and not least <= value < 2**31:
            raise types.UserError(f"--{key}={value}: must be a whole number from {least} and below 2^31")
        if isinstance(value, float) and not (least <= value < float("inf") or 0 < value < 1):
            raise types.UserError(
                f"--{key}={value}: must be above 0" if least else f"--{key}={value}: must be 0 or more"
            )
    return dataclasses.replace(chosen.presets[preset], **given)


def reproduce(
    name: str, preset: str, config: Any, out: pathlib.Path, *, command: str, report: Callable[[str], None]
) -> dict[str, Any]:
    """Runs an experiment and writes results.json, its figure (PNG and SVG) and its numbers (CSV) into `out`.

    What a killed run of the same settings trained is taken up again; once there are results, all that is left goes.

    Returns:
      The content of results.json.

    Raises:
      UserError: `out` holds something else than an earlier run of this experiment, or cannot be written.
    """
    files.check_out(out, experiment=name)
    chosen = EXPERIMENTS[name]
    mesh = parallel.mesh()
    started, worked = time.perf_counter(), time.process_time()
    with matplotlib.style.context(["default", _STYLE]):
        work = out / f"{whole_file.PARTIAL}{_digest(name, config)}"
        resumed = work.exists()
        try:
            found = chosen.main(config, mesh, work)
        except MemoryError as error:
            raise types.UserError(
                f"{name}: these settings take more memory than there is ({error}); give less"
            ) from error
        seconds = time.perf_counter() - started
        results = {
            **content.header(command, getattr(config, "seed", 0), list(mesh.devices.flat)),
            "experiment": name,
            "paper": chosen.paper,
            "place": chosen.place,
            "about": chosen.about,
            "preset": preset,
            "settings": content.plain(dataclasses.asdict(config)),
            "resumed": resumed,  # then seconds are of the last part
            "seconds": seconds,
            "processor_seconds": time.process_time() - worked,
            "timings": {
                part: {"seconds": passed, "processor_seconds": processors}
                for part, (passed, processors) in found.timings.items()
            },
            "claims": [_claim(judged) for judged in found.claims],
            "verdicts": _verdicts(found.claims),
            "tables": [f"{table}.csv" for table in found.tables],
            "files": list(found.files),
            "detail": content.plain(found.detail),
        }
        text = json.dumps(results, allow_nan=False, indent=1) + "\n"

        def fill(partial: pathlib.Path) -> None:
            for table, (header, rows) in found.tables.items():
                with (partial / f"{table}.csv").open("w", newline="", encoding="utf-8") as stream:
                    csv.writer(stream).writerows([header, *rows])
            found.figure.savefig(partial / "figure.png", dpi=150, metadata={"Software": None})
            found.figure.savefig(partial / "figure.svg", metadata={"Date": None})
            for file, written in found.files.items():
                (partial / file).write_bytes(written)
            (partial / RESULTS).write_text(text, "utf-8")

        files.put(out, fill, experiment=name)
    for left in out.glob(f"{whole_file.PARTIAL}*"):
        shutil.rmtree(left, ignore_errors=True)
    report(f"{name} ({preset}, {seconds:.0f} s): {out}")
    return results


def finished(name: str, config: Any, out: pathlib.Path) -> dict[str, Any] | None:
    """What an earlier run of the same settings left in `out`, None without one."""
    results = _earlier(out)
    same = (
        results.get("gan_probe") == __version__
        and results.get("experiment") == name
        and "verdicts" in results
        and results.get("settings") == content.plain(dataclasses.asdict(config))
    )
    return results if same else None


def index(out: pathlib.Path, parts: Sequence[Mapping[str, Any]], broken: Mapping[str, str]) -> pathlib.Path:
    """Writes one page over experiments that lie in folders of `out`; `broken` ones with the reason."""
    templates = pathlib.Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    style = (pathlib.Path(files.__file__).parent / "templates" / "style.css").read_text("utf-8")
    page = environment.get_template("index.html.j2").render(
        parts=parts,
        broken=broken,
        style=style,
        css={"holds": "holds", "does not hold": "fails", "cannot tell": "unclear"},
        total=len(claims_lib.claims()),
    )
    try:
        whole_file.put(out / INDEX, page.encode("utf-8", "replace"))
    except OSError as error:
        raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another folder") from error
    return out / INDEX


def _digest(name: str, config: Any) -> str:
    """Settings as a name: what other settings trained is of no use."""
    text = json.dumps([name, content.plain(dataclasses.asdict(config))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _earlier(out: pathlib.Path) -> dict[str, Any]:
    try:
        results = json.loads((out / RESULTS).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return results if isinstance(results, dict) else {}


def _verdicts(judged: Sequence[experiment.Judged]) -> dict[str, str]:
    """One outcome a claim, whatever its parts."""
    return {
        claim: experiment.overall(part.outcome for part in judged if part.claim == claim)
        for claim in dict.fromkeys(part.claim for part in judged)
    }


def _claim(judged: experiment.Judged) -> dict[str, Any]:
    claim = claims_lib.claims()[judged.claim]
    return {
        "id": claim.id, "paper": claim.paper, "place": claim.place, "sentence": claim.sentence,
        "measured": judged.measured, "value": content.plain(judged.value),
        "ci95": content.plain([judged.low, judged.high]),
        "rule": judged.rule, "outcome": judged.outcome, "papers_number": claim.number or None,
    }  # fmt: skip
