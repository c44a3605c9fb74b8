"""Pictures of samples: a grid of images, or a scatter of points in the plane."""

import io
import pathlib

import numpy as np
from PIL import Image

from gan_probe import types, whole_file

__all__ = ["png", "write"]

_SCALE = {28: 2, 32: 2}  # small images are shown larger


def write(path: pathlib.Path, samples: np.ndarray, columns: int) -> None:
    """Writes `png` of the samples; nothing for features of more than two dimensions. UserError where it cannot."""
    found = png(samples, columns)
    if found is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.put(path, found)
    except OSError as error:
        raise types.UserError(
            f"{path}: cannot be written ({error.strerror}); mend it and go on with --resume"
        ) from error


def png(samples: np.ndarray, columns: int) -> bytes | None:
    """PNG of uint8 images [n, h, w, c] in rows of `columns`, or of points float [n, 2]; None for other features."""
    buffer = io.BytesIO()
    if samples.ndim == 4:
        _tiled(samples, columns).save(buffer, "PNG")
    elif samples.shape[1] == 2:
        _scatter(samples, buffer)
    else:
        return None
    return buffer.getvalue()


def _tiled(images: np.ndarray, columns: int) -> Image.Image:
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    canvas = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image
    picture = Image.fromarray(canvas[..., 0] if channels == 1 else canvas)
    scale = _SCALE.get(height, 1)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def _scatter(points: np.ndarray, buffer: io.BytesIO) -> None:
    from matplotlib import figure

    drawn = figure.Figure(figsize=(4, 4), layout="tight")
    axes = drawn.subplots()
    axes.plot(points[:, 0], points[:, 1], ".", markersize=2, alpha=0.5)
    axes.set_aspect("equal", adjustable="datalim")
    drawn.savefig(buffer, format="png", dpi=100)
