"""The README's tables and docs/papers.md: `python -m tests.test_readme` makes them of METRICS, claims and docs/papers.

docs/papers/ID holds the figure of a run of `gan-probe reproduce` and, of its results.json, the claims and how they were
found: `python -m tests.test_readme DIR` keeps the run in DIR.
"""

import collections
import dataclasses
import json
import pathlib
import re
import sys

from PIL import Image

from gan_probe import content, metrics
from gan_probe.experiments import EXPERIMENTS, claims, experiment

README = pathlib.Path(__file__).parents[1] / "README.md"
PAPERS = README.parent / "docs" / "papers.md"
_MARKS = {
    name: re.compile(rf"(<!-- {name}:.*?-->\n).*?(<!-- end of {name} -->)", re.DOTALL) for name in ("metrics", "claims")
}


def table() -> str:
    lines = ["| metric | how to read it | better | needs | source |", "|---|---|---|---|---|"]
    for name, make in metrics.METRICS.items():
        metric = make()
        unit = f" ({metric.unit})" if metric.unit else ""
        needs = "train" if metric.train else "labels" if name == "modes" else ""
        lines.append(f"| `{name}`{unit} | {metric.about} | {metric.better} | {needs} | {metric.cites} |")
    return "\n".join(lines) + "\n"


OUTCOMES = ("holds", "does not hold", "cannot tell")


KEPT = ("gan_probe", "created", "command", "seconds", "processor_seconds", "timings", "settings", "claims")


def keep(out: pathlib.Path) -> None:
    """Puts what a run of an experiment wrote into `out` in the place of what was kept of the last one."""
    results = json.loads((out / "results.json").read_text("utf-8"))
    folder = PAPERS.with_suffix("") / results["experiment"]
    folder.mkdir(parents=True, exist_ok=True)
    held = {name: round(results[name]) if "seconds" in name else results[name] for name in KEPT if results.get(name)}
    held |= {"resumed": True} if results.get("resumed") else {}
    held |= {"created": held["created"][:10], "command": held["command"].partition(" --out=")[0]}
    (folder / "claims.json").write_text(json.dumps(held, indent=1) + "\n", "utf-8")
    drawn = Image.open(out / "figure.png").convert("RGB")
    drawn.thumbnail((1100, 1100), Image.Resampling.LANCZOS)
    drawn.quantize(256).save(folder / "figure.png", optimize=True)


def kept(name: str) -> dict | None:
    """What is kept of a run of an experiment, None without one."""
    path = PAPERS.with_suffix("") / name / "claims.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def by_claim(run: dict) -> dict[str, list[dict]]:
    """The lines of each claim, in the order of their first."""
    found: dict[str, list[dict]] = {}
    for one in run["claims"]:
        found.setdefault(one["id"], []).append(one)
    return found


def verdict(parts: list[dict]) -> str:
    return experiment.overall(one["outcome"] for one in parts)


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def papers_page() -> str:
    """Every experiment of which a run is kept: its command, figure, and claims."""
    lines = [
        "# The papers' claims, judged again",
        "",
        "Made by `python -m tests.test_readme` from what `gan-probe reproduce` wrote. A claim of several parts holds",
        "where all of them do, and doesn't where one doesn't; sentences are ours (`gan_probe/experiments/claims.csv`),",
        "numbers beside them the paper's own where it prints one; intervals are of 95 %. Seconds are those that",
        "passed, then, where recorded, those of all processors.",
    ]
    for name, line in EXPERIMENTS.items():
        run = kept(name)
        if run is None:
            continue
        more = "over " if run.get("resumed") else ""  # the last part of a run that was taken up again
        took = [f"{run['seconds']:,} s"] if "seconds" in run else []
        took += [f"{run['processor_seconds']:,} s of processor time"] if "processor_seconds" in run else []
        seconds = f", {more}{', '.join(took)}" if took else ""
        note = ["", run["note"]] if "note" in run else []
        for part, of in run.get("timings", {}).items():
            note += ["", f"{part}: {of['seconds']:,.0f} s, {of['processor_seconds']:,.0f} s of processor time."]
        lines += [
            "", f"## {name}: {line.about}", "", f"Paper {line.paper}, {line.place}. {run['created']}{seconds}:", "",
            f"    {run['command']}", "", f"![{name}](papers/{name}/figure.png)", *note, "",
            "| claim | the paper says | its number | here | | outcome |", "|---|---|---|---|---|---|",
        ]  # fmt: skip
        for claim, parts in by_claim(run).items():
            said = (claim, parts[0]["sentence"], claims.claims()[claim].number)
            if len(parts) > 1:
                lines.append(row(*said, f"{len(parts)} parts:", "", f"**{verdict(parts)}**"))
            for one in parts:
                low, high = one["ci95"]
                value = "-" if one["value"] is None else f"{one['value']:.4g}"
                interval = "" if low is None or low == high else f" [{low:.4g}, {high:.4g}]"
                found = (one["measured"], f"{value}{interval}; {one['rule']}")
                lines.append(
                    row("", "", "", *found, one["outcome"])
                    if len(parts) > 1
                    else row(*said, *found, f"**{one['outcome']}**")
                )
    return "\n".join(lines) + "\n"


def claims_table() -> str:
    lines = ["| experiment | paper | what | claims | judged at `cpu`: hold, fail, open |", "|---|---|---|---|---|"]
    for name, line in EXPERIMENTS.items():
        judged = sum(claim.driver == name for claim in claims.claims().values())
        found = collections.Counter(map(verdict, by_claim(kept(name) or {"claims": []}).values()))
        counts = ", ".join(str(found[o]) for o in OUTCOMES) if found else "not kept"
        lines.append(f"| `{name}` | {line.paper}, {line.place} | {line.about} | {judged} | {counts} |")
    reasons = collections.Counter(c.reason.partition(":")[0].split()[0] for c in claims.claims().values() if c.reason)
    later = reasons["image"] + reasons["not"]
    total = len(claims.claims())
    lines.append(f"| | | experiments to come (image GANs and classifiers) | {later} | |")
    rest = sum(reasons.values()) - later
    lines.append(f"| | | not for an experiment: opinions, definitions, other works | {rest} | |")
    lines.append(f"| | all five | every claim of `gan_probe/experiments/claims.csv` | {total} | |")
    return "\n".join(lines) + "\n"


def rewritten(text: str) -> str:
    for name, made in (("metrics", table()), ("claims", claims_table())):
        marks = _MARKS[name].search(text)
        assert marks, f"the marks around the table of {name} are gone"
        text = text[: marks.end(1)] + made + text[marks.start(2) :]
    return text


def test_tables_are_up_to_date():
    text = README.read_text("utf-8")
    assert rewritten(text) == text, "run `python -m tests.test_readme`"


def test_the_page_of_claims_is_up_to_date():
    assert PAPERS.read_text("utf-8") == papers_page(), "run `python -m tests.test_readme`"


def test_kept_claims_are_those_of_the_experiment():
    """A claim that moves to another experiment or changes its sentence needs a new run."""
    for name in EXPERIMENTS:
        for one in (kept(name) or {"claims": []})["claims"]:
            assert claims.claims()[one["id"]].driver == name
            assert claims.claims()[one["id"]].sentence == one["sentence"]


def test_kept_runs_have_every_claim_of_their_experiment():
    for name in EXPERIMENTS:
        if (run := kept(name)) is not None:
            own = {claim.id for claim in claims.claims().values() if claim.driver == name}
            assert own <= set(by_claim(run)), name


def test_kept_runs_have_todays_settings():
    for name, line in EXPERIMENTS.items():
        if (run := kept(name)) is not None and "settings" in run:
            assert run["settings"] == content.plain(dataclasses.asdict(line.presets["cpu"])), name


def test_table_names_every_metric():
    assert all(f"| `{name}`" in README.read_text("utf-8") for name in metrics.METRICS)


def test_files_that_it_links_exist():
    for link in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).exists(), link


if __name__ == "__main__":
    for given in sys.argv[1:]:
        keep(pathlib.Path(given))
    README.write_text(rewritten(README.read_text("utf-8")), "utf-8")
    PAPERS.write_text(papers_page(), "utf-8")
