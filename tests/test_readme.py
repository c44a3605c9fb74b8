"""The README's tables are made from METRICS and claims.csv. `python -m tests.test_readme` rewrites them."""

import collections
import pathlib
import re

from gan_probe import metrics
from gan_probe.experiments import EXPERIMENTS, claims

README = pathlib.Path(__file__).parents[1] / "README.md"
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


def claims_table() -> str:
    lines = ["| experiment | paper | what | claims judged |", "|---|---|---|---|"]
    for name, line in EXPERIMENTS.items():
        judged = sum(claim.driver == name for claim in claims.claims().values())
        lines.append(f"| `{name}` | {line.paper}, {line.place} | {line.about} | {judged} |")
    reasons = collections.Counter(c.reason.partition(":")[0].split()[0] for c in claims.claims().values() if c.reason)
    later = reasons["image"] + reasons["not"]
    total = len(claims.claims())
    lines.append(f"| | | experiments to come (image GANs and classifiers) | {later} |")
    lines.append(f"| | | not for an experiment: opinions, definitions, other works | {sum(reasons.values()) - later} |")
    lines.append(f"| | all five | every claim of `gan_probe/experiments/claims.csv` | {total} |")
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


def test_table_names_every_metric():
    assert all(f"| `{name}`" in README.read_text("utf-8") for name in metrics.METRICS)


def test_files_that_it_links_exist():
    for link in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).exists(), link


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text("utf-8")), "utf-8")
