"""The README's table of metrics is made from METRICS. `python -m tests.test_readme` rewrites it."""

import pathlib
import re

from gan_probe import metrics

README = pathlib.Path(__file__).parents[1] / "README.md"
_MARKS = re.compile(r"(<!-- metrics:.*?-->\n).*?(<!-- end of metrics -->)", re.DOTALL)


def table() -> str:
    lines = ["| metric | how to read it | better | needs | source |", "|---|---|---|---|---|"]
    for name, make in metrics.METRICS.items():
        metric = make()
        unit = f" ({metric.unit})" if metric.unit else ""
        needs = "train" if metric.train else "labels" if name == "modes" else ""
        lines.append(f"| `{name}`{unit} | {metric.about} | {metric.better} | {needs} | {metric.cites} |")
    return "\n".join(lines) + "\n"


def rewritten(text: str) -> str:
    return _MARKS.sub(lambda m: m[1] + table() + m[2], text)


def test_table_of_metrics_is_up_to_date():
    text = README.read_text("utf-8")
    assert _MARKS.search(text), "the marks around the table are gone"
    assert rewritten(text) == text, "run `python -m tests.test_readme`"


def test_table_names_every_metric():
    assert all(f"| `{name}`" in README.read_text("utf-8") for name in metrics.METRICS)


def test_files_that_it_links_exist():
    for link in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).exists(), link


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text("utf-8")), "utf-8")
