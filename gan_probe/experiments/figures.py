"""What several figures share: lines of images, error bars, and columns of the tables that they plot."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from gan_probe.experiments import experiment

__all__ = ["animation", "bars", "columns", "images", "kept"]

_FRAME = ((0, 0), (1, 1), (1, 1), (0, 0))


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


def kept(lines: Sequence[tuple[str, np.ndarray]]) -> Mapping[str, bytes]:
    """The file of lines of images that `images` draws: their names, and uint8 images [lines, n, h, w, c]."""
    held = io.BytesIO()
    bytes_ = [x if x.dtype == np.uint8 else np.rint(255 * x.clip(0, 1)).astype(np.uint8) for _, x in lines]
    np.savez_compressed(held, names=np.array([name for name, _ in lines]), images=np.stack(bytes_))
    return {"images.npz": held.getvalue()}


def bars(axes: Any, x: Any, ends: Sequence[np.ndarray], **drawn: Any) -> None:
    """Values with their intervals; ends: value, low, high."""
    value, low, high = map(np.asarray, ends)
    axes.errorbar(x, value, np.abs([low - value, high - value]), **drawn)


def columns(table: experiment.Table, *first: Any) -> list[np.ndarray]:
    """The columns after those that a table's rows begin with, of the rows that begin so."""
    rows = [row[len(first) :] for row in table.rows if tuple(row[: len(first)]) == first]
    return [np.array(column) for column in zip(*rows, strict=True)]


def animation(frames: Sequence[Sequence[tuple[str, np.ndarray]]], *, pixels: int = 6) -> bytes:
    """An animated GIF of frames of named densities [x, y] side by side, each shaded from 0 to its largest value.

    pixels: of a cell's side.
    """
    drawn = []
    for frame in frames:
        shades = [
            (255 * matplotlib.colormaps["magma"](x.T[::-1] / x.max(initial=1e-12))[..., :3]).astype(np.uint8)
            for _, x in frame
        ]
        panels = [
            np.pad(shade.repeat(pixels, 0).repeat(pixels, 1), ((14, 2), (2, 2), (0, 0)), constant_values=64)
            for shade in shades
        ]
        image = Image.fromarray(np.concatenate(panels, axis=1))
        for k, (name, _) in enumerate(frame):
            ImageDraw.Draw(image).text((4 + k * panels[0].shape[1], 1), name, fill="white")
        drawn.append(image)
    held = io.BytesIO()
    drawn[0].save(held, "GIF", save_all=True, append_images=drawn[1:], duration=600, loop=0)
    return held.getvalue()
