"""Images as PNG data URIs, and many of them as one mosaic."""

import base64
import io
import math
from typing import NamedTuple

import numpy as np
from PIL import Image

__all__ = ["Picture", "mosaic", "picture", "rgba"]

_SMALL = 64  # sides below are enlarged without smoothing


class Picture(NamedTuple):
    """An image that a page can hold: its data URI, size in pixels, and whether to enlarge it by whole pixels."""

    uri: str
    width: int
    height: int
    pixelated: bool


def picture(image: np.ndarray, *, limit: int = 256, pixelated: bool | None = None) -> Picture:
    """A PNG of `image` [h, w, c] uint8, its longer side reduced to `limit` pixels where it is longer."""
    shown = Image.fromarray(_plain(image))
    small = max(shown.size) < _SMALL if pixelated is None else pixelated
    if max(shown.size) > limit:
        shown.thumbnail((limit, limit), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, format="PNG", optimize=True)
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(uri, *shown.size, small)


def mosaic(images: np.ndarray, *, limit: int = 1024) -> Picture:
    """One picture of `images` [m, h, w, c] uint8, in rows of about sqrt(m), on a transparent ground."""
    m, h, w, _ = images.shape
    columns = math.ceil(math.sqrt(m))
    rows = math.ceil(m / columns)
    gap = max(1, round(max(h, w) / 24))
    ground = np.zeros((rows * (h + gap) - gap, columns * (w + gap) - gap, 4), np.uint8)
    for k, image in enumerate(images):
        top, left = k // columns * (h + gap), k % columns * (w + gap)
        ground[top : top + h, left : left + w] = rgba(image)
    return picture(ground, limit=limit, pixelated=max(h, w) < _SMALL)


def rgba(image: np.ndarray) -> np.ndarray:
    """[h, w, 4] of `image` [h, w, c] uint8."""
    return np.asarray(Image.fromarray(_plain(image)).convert("RGBA"))


def _plain(image: np.ndarray) -> np.ndarray:
    channels = image.shape[-1]
    if channels == 1:
        return np.ascontiguousarray(image[..., 0])
    if channels in (2, 3, 4):  # LA, RGB, RGBA
        return np.ascontiguousarray(image)
    return image.mean(-1).round().astype(np.uint8)  # no colour mode has so many channels: their mean in grey
