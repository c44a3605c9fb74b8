"""Figures as SVG text for a page: one style, a sheet with fixed margins, names cut short.

Text stays text and colours are CSS variables (`--ink`, `--fake`, `--real`), so that a plot follows the page into the
dark; no date and a fixed salt, so that the same numbers give the same bytes.
"""

import io
import re
import unicodedata
import warnings

from matplotlib import axes as axes_module
from matplotlib import figure

__all__ = ["FAKE", "HUES", "INK", "REAL", "STYLE", "columns", "sheet", "short", "text"]

# Sentinel colours that the SVG writer prints and `text` replaces.
INK, FAKE, REAL = "#010203", "#010204", "#010205"
_VARIABLES = {INK: "var(--ink)", FAKE: "var(--fake)", REAL: "var(--real)"}
STYLE = {
    "svg.hashsalt": "gan-probe",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
# Of several fakes in one plot; each is legible on light and on dark ground.
HUES = ("#d1701f", "#3f8fd0", "#3a9d5d", "#a86cc9", "#c9489a", "#8a8f2a", "#2fa3a3", "#b5554d")


def sheet(height: float, *, left: float, top: float = 0.35) -> tuple[figure.Figure, axes_module.Axes]:
    """Axes in a figure 6.4 inches wide with fixed margins: a layout engine would draw everything twice."""
    drawn = figure.Figure(figsize=(6.4, height))
    return drawn, drawn.add_axes((left / 6.4, 0.5 / height, (6.2 - left) / 6.4, 1 - (0.5 + top) / height))


def text(drawn: figure.Figure, label: str) -> str:
    """The figure as an svg element; `label` is read out for it and must need no escaping."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # A glyph that the layout font lacks is drawn by the browser's own font.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        drawn.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    found = buffer.getvalue()
    found = found[found.index("<svg") :]  # no prologue and no document type inside HTML
    found = re.sub(r"<metadata>.*?</metadata>", "", found, count=1, flags=re.DOTALL)
    head, rest = found.split(">", 1)
    head = re.sub(r' (xmlns(:\w+)?|width|height|version)="[^"]*"', "", head)
    rest = re.sub(
        r' id="(figure|axes|patch|matplotlib|text|line2d|legend|xtick|ytick|LineCollection|PathPatch)\S*"', "", rest
    )
    for sentinel, variable in _VARIABLES.items():
        rest = rest.replace(sentinel, variable)
    return f'{head} role="img" aria-label="{label}">{rest}'.strip()


def short(name: str, most: int = 24) -> str:
    """A name with what can be printed, cut to so many characters."""
    name = "".join(c if c.isprintable() else "?" for c in name)
    return name if len(name) <= most else name[: most - 3] + "..."


def columns(name: str) -> int:
    """How wide a name is, in columns of Latin letters."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in name)
