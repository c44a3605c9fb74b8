"""One encoded image to uint8 pixels, by stated rules.

Greyscale is one channel, everything else (palettes, CMYK) is read as RGB. Transparency is composited over white.
16 bits a channel become 8. Of an animation the first frame counts. Orientation tags are ignored, as training pipelines
do.
"""

import warnings
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from gan_probe import types
from gan_probe.data import geometry as geometry_lib

__all__ = ["Header", "header", "oversize_is_an_error", "pixels"]

_DEEP = ("I;16", "I;16B", "I;16L", "I;16N")
_GREY = ("1", "L", "LA", "La", "I", *_DEEP)


class Header(NamedTuple):
    """What the first bytes of an image say."""

    width: int
    height: int
    colour: bool
    palette: bool
    alpha: bool
    deep: bool


def header(file: str | BinaryIO, name: str) -> Header:
    """Reads no pixels.

    Raises:
      types.UserError: where it is no image, or claims more pixels than Pillow decodes safely (Image.MAX_IMAGE_PIXELS).
    """
    image = _open(file, name)
    with image:
        return Header(
            *image.size,
            colour=image.mode not in _GREY,
            palette=image.mode in ("P", "PA"),
            alpha=_transparent(image),
            deep=image.mode in (*_DEEP, "I") or ";16" in str([tile[3] for tile in getattr(image, "tile", ())]),
        )


def pixels(file: str | BinaryIO, name: str, *, colour: bool, geometry: geometry_lib.Geometry) -> np.ndarray:
    """The image as uint8 [h, w, 3], or [h, w, 1] where `colour` is False, cropped and resized.

    Raises:
      types.UserError: where its data are truncated or damaged.
    """
    image = _open(file, name)
    with image:
        try:
            decoded = _eight_bits(image, "RGB" if colour else "L")
        except Exception as error:  # Pillow's plugins raise whatever their parsers meet in damaged data
            raise types.UserError(f"{name} cannot be decoded ({_reason(error)}); replace or remove it") from error
    array = np.asarray(geometry.image(decoded, name))
    return array if colour else array[..., np.newaxis]


class oversize_is_an_error(warnings.catch_warnings):
    """While headers are read: Pillow only warns of images up to twice the size that it calls safe.

    Filters belong to the process, so the thread that starts the readers enters this, not the readers.
    """

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("error", Image.DecompressionBombWarning)


def _open(file: str | BinaryIO, name: str) -> Image.Image:
    try:
        image = Image.open(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = Image.MAX_IMAGE_PIXELS
        raise types.UserError(f"{name} claims more than {limit} pixels; shrink or remove it") from error
    except Exception as error:
        raise types.UserError(f"{name} is not a readable image ({_reason(error)}); replace or remove it") from error
    if image.mode == "F" or (image.mode == "I" and image.format != "PNG"):
        image.close()
        raise types.UserError(f"{name} has 32 bits a channel (mode {image.mode}); convert it to 8 bits")
    return image


def _eight_bits(image: Image.Image, mode: str) -> Image.Image:
    if image.mode in (*_DEEP, "I"):
        deep = np.asarray(image).astype(np.int64)
        return Image.fromarray(((deep * 255 + 32767) // 65535).clip(0, 255).astype(np.uint8)).convert(mode)
    if _transparent(image):
        foreground = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, foreground).convert(mode)
    return image.convert(mode)


def _transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "no known image format"
    return " ".join(str(error).split()) or type(error).__name__
