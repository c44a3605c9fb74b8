"""Greyscale beside colour: a set of images in the channels of another.

Greyscale is repeated over three channels; colour becomes Pillow's luma (ITU-R BT.601: .299 R + .587 G + .114 B).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from PIL import Image

from gan_probe import types

__all__ = ["alike", "in_channels"]


def alike(samples: types.Samples, like: types.Samples) -> types.Samples:
    """`samples` with as many channels as `like`, converted on demand; itself where one of them holds no images."""
    return in_channels(samples, like.rows.shape[-1], like.source) if like.kind == "images" else samples


def in_channels(samples: types.Samples, channels: int, of: str) -> types.Samples:
    """Images with 1 or 3 channels, those `of` a set or a network; itself where they have them, or are features."""
    if samples.kind != "images" or samples.rows.shape[-1] == channels:
        return samples
    note = (
        f"colour images read as greyscale (luma), as {of} is"
        if channels == 1
        else f"greyscale images repeated over RGB, as {of} has colour"
    )
    return dataclasses.replace(samples, rows=_Rows(samples.rows, channels), decoder=None, notes=(*samples.notes, note))


class _Rows:
    def __init__(self, rows: types.Rows, channels: int):
        self._rows = rows
        self.shape: tuple[int, ...] = (*rows.shape[:2], channels)
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        images = self._rows.take(indices)
        if self.shape[-1] == 3:
            return np.repeat(images, 3, axis=-1)
        n, height, width, _ = images.shape
        column = Image.fromarray(np.ascontiguousarray(images).reshape(n * height, width, 3))
        return np.asarray(column.convert("L")).reshape(n, height, width, 1)
