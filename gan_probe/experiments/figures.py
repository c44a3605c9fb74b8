"""What several figures share: lines of images, error bars, and columns of the tables that they plot."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_probe.experiments import experiment

__all__ = ["bars", "columns", "images"]


def images(axes: Any, lines: Sequence[tuple[str, np.ndarray]], title: str = "") -> None:
    """Named lines of images, [n, h, w, c] each, uint8 or floats in 0..1; grey where c = 1."""
    framed = [
        np.concatenate(list(np.pad(x / 255 if x.dtype == np.uint8 else x.astype(float), _FRAME, constant_values=1)), 1)
        for _, x in lines
    ]
    drawn = np.concatenate(framed).clip(0, 1)
    axes.imshow(drawn[..., 0] if drawn.shape[2] == 1 else drawn, cmap="gray", vmin=0, vmax=1)
    axes.set_yticks(len(framed[0]) * (np.arange(len(lines)) + 0.5), [name for name, _ in lines])
    axes.set(xticks=[], title=title)


_FRAME = ((0, 0), (1, 1), (1, 1), (0, 0))


def bars(axes: Any, x: Any, ends: Sequence[np.ndarray], **drawn: Any) -> None:
    """Values with their intervals; ends: value, low, high."""
    value, low, high = map(np.asarray, ends)
    axes.errorbar(x, value, np.abs([low - value, high - value]), **drawn)


def columns(table: experiment.Table, *first: Any) -> list[np.ndarray]:
    """The columns after those that a table's rows begin with, of the rows that begin so."""
    rows = [row[len(first) :] for row in table.rows if tuple(row[: len(first)]) == first]
    return [np.array(column) for column in zip(*rows, strict=True)]
