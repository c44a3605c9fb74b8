"""Centre crops and antialiased resizing, for files and arrays alike.

`crop=N` takes the N x N centre. `resize=N` takes the largest centred square, where an image is not square, and
resamples it to N x N with Pillow's Lanczos filter, whose support grows with the reduction (no aliasing). With both,
crop is first.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_probe import types
from gan_probe.data import threads

__all__ = ["Geometry", "apply"]


class Geometry(NamedTuple):
    """Sizes in pixels; None leaves images as they are."""

    crop: int | None = None
    resize: int | None = None

    def validated(self) -> "Geometry":
        """Itself; UserError where a size is not a positive whole number."""
        for flag, size in zip(self._fields, self, strict=True):
            if size is not None and (isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1):
                raise types.UserError(f"--{flag} must be a positive number of pixels, not {size!r}")
        return self

    @property
    def identity(self) -> bool:
        return self.crop is None and self.resize is None

    def box(self, width: int, height: int, name: str) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what is kept; UserError naming the image where it is smaller than the crop."""
        if self.crop is not None:
            if min(width, height) < self.crop:
                raise types.UserError(
                    f"{name} is {width}x{height}, smaller than --crop={self.crop}; choose a smaller crop"
                )
            return _centred(width, height, self.crop)
        if self.resize is not None:
            return _centred(width, height, min(width, height))
        return 0, 0, width, height

    def shape(self, width: int, height: int, name: str) -> tuple[int, int]:
        """(height, width) of an image of this size afterwards."""
        left, top, right, bottom = self.box(width, height, name)
        return (self.resize, self.resize) if self.resize is not None else (bottom - top, right - left)

    def image(self, image: Image.Image, name: str) -> Image.Image:
        box = self.box(*image.size, name)
        if box != (0, 0, *image.size):
            image = image.crop(box)
        if self.resize is not None and image.size != (self.resize, self.resize):
            image = image.resize((self.resize, self.resize), Image.Resampling.LANCZOS)
        return image

    def notes(self) -> tuple[str, ...]:
        """What was done, for the report."""
        crop = () if self.crop is None else (f"images cropped to their {self.crop}x{self.crop} centre",)
        size = f"images resized to {self.resize}x{self.resize} (Lanczos, antialiased; centre square)"
        return crop + (() if self.resize is None else (size,))


def apply(samples: types.Samples, geometry: Geometry) -> types.Samples:
    """The same set with every image cropped and resized on demand.

    Raises:
      types.UserError: for features, which have no size, and for images smaller than the crop.
    """
    if geometry.identity:
        return samples
    if samples.kind != "images":
        raise types.UserError(f"{samples.source}: --crop and --resize are for images, this source holds features")
    rows = _Rows(samples.rows, geometry, samples.source)
    return dataclasses.replace(samples, rows=rows, decoder=None, notes=samples.notes + geometry.notes())


class _Rows:
    def __init__(self, rows: types.Rows, geometry: Geometry, source: str):
        height, width, channels = rows.shape
        self._rows, self._geometry, self._source = rows, geometry, source
        self.shape: tuple[int, ...] = (*geometry.shape(width, height, f"{source}: image 0"), channels)
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        images = self._rows.take(indices)
        left, top, right, bottom = self._geometry.box(images.shape[2], images.shape[1], self._source)
        images = images[:, top:bottom, left:right]
        if images.shape[1:] == self.shape:
            return np.ascontiguousarray(images)
        out = np.empty((len(images), *self.shape), np.uint8)

        def resample(index: int) -> None:
            pixels = images[index, :, :, 0] if self.shape[2] == 1 else images[index]
            resized = self._geometry.image(Image.fromarray(np.ascontiguousarray(pixels)), self._source)
            out[index] = np.asarray(resized).reshape(self.shape)

        threads.ordered_map(resample, range(len(images)))
        return out


def _centred(width: int, height: int, size: int) -> tuple[int, int, int, int]:
    left, top = (width - size) // 2, (height - size) // 2
    return left, top, left + size, top + size
