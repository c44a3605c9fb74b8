"""One picture of the verdicts, for a README: a row a fake, with samples, words and the numbers that decided."""

import pathlib
import warnings
from collections.abc import Mapping
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib import figure

from gan_probe import types
from gan_probe.report import images, numbers, page_data

__all__ = ["verdict_picture"]

_SAMPLES = 8
_COLOURS = {"holds": "#1a7f43", "fails": "#c02626", "cannot tell": "#7a6000"}
_SIGNS = {"holds": "\u2713", "fails": "\u2717", "cannot tell": "?"}
_STYLE = {"font.family": "sans-serif", "font.size": 10, "text.parse_math": False}
_NAME, _CELL, _TILE, _ROW, _HEAD = 1.7, 2.5, 0.38, 1.0, 0.45  # inches


def verdict_picture(results: Mapping[str, Any], pictures: Mapping[str, np.ndarray], path: pathlib.Path) -> None:
    """Writes a PNG with a row for each fake.

    Args:
      results: the content of results.json.
      pictures: as for `files.write`; the first 8 of "{fake}/grid" are shown.
      path: the file to write.

    Raises:
      UserError: `path` cannot be written.
    """
    fakes, questions = list(results["results"]), page_data.question_names(results)
    grids = {fake: pictures[f"{fake}/grid"][:_SAMPLES] for fake in fakes if f"{fake}/grid" in pictures}
    across = _SAMPLES // 2 * _TILE + 0.3 if grids else 0.0
    width, height = _NAME + across + _CELL * len(questions), _HEAD + _ROW * len(fakes)
    with matplotlib.style.context(["default", _STYLE]):
        sheet = figure.Figure(figsize=(width, height), dpi=160, facecolor="white")

        def write(x: float, y: float, text: str, **look: Any) -> None:
            sheet.text(x / width, 1 - y / height, text, va="center", **look)

        for q, question in enumerate(questions):
            write(_NAME + across + q * _CELL, _HEAD / 2, question, color="#5c666e")
        for k, fake in enumerate(fakes):
            middle = _HEAD + (k + 0.5) * _ROW
            write(0.12, middle, _short(fake, 18), weight="bold")
            for s, image in enumerate(grids.get(fake, ())):
                x, y = _NAME + s % 4 * _TILE, middle + (s // 4 - 1) * _TILE
                axes = sheet.add_axes(
                    (x / width, 1 - (y + _TILE) / height, 0.93 * _TILE / width, 0.93 * _TILE / height)
                )
                axes.imshow(images.rgba(image), interpolation="nearest" if max(image.shape[:2]) < 64 else "antialiased")
                axes.set_axis_off()
            for q, question in enumerate(questions):
                verdict = results["verdicts"].get(fake, {}).get(question)
                if verdict is not None:
                    x, outcome = _NAME + across + q * _CELL, verdict["outcome"]
                    write(
                        x,
                        middle - 0.14,
                        f"{_SIGNS[outcome]} {outcome}",
                        color=_COLOURS[outcome],
                        weight="bold",
                        size=11,
                    )
                    decided = numbers.deciding(verdict, results["results"][fake]) or verdict["reason"]
                    write(x, middle + 0.14, _short(decided, 38), color="#3a4248", size=8)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
                sheet.savefig(path, format="png", metadata={"Software": None})
        except OSError as error:
            raise types.UserError(f"{path}: cannot be written ({error.strerror}); name another file") from error


def _short(text: str, most: int) -> str:
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= most else text[: most - 3] + "..."
