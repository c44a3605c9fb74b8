"""docs/metrics.md has a section with a figure for every metric, in the order of the table, and names its switches."""

import inspect
import pathlib
import re

import pytest

from gan_probe import metrics

DOCS = pathlib.Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "metrics.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def test_sections_are_the_metrics_in_their_order():
    assert [name for name in SECTIONS if name in metrics.METRICS] == list(metrics.METRICS)


@pytest.mark.parametrize("name", metrics.METRICS)
def test_a_section_is_whole(name):
    section = SECTIONS[name]
    figure = re.search(r"!\[.*?\]\((metrics/\w+\.png)\)", section)
    assert figure and (DOCS / figure[1]).read_bytes().startswith(b"\x89PNG")
    for part in ("Definition", "Interval", "Cost", "Switches"):
        assert f"- **{part}.**" in section, part
    for switch in inspect.signature(metrics.METRICS[name]).parameters:
        assert f"`{switch}`" in section, switch
    assert f"(#{name})" in TEXT
