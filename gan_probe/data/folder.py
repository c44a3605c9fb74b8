"""A folder of images, decoded on demand.

Files ending in png, jpg, jpeg, webp, bmp, gif, tif or tiff count, at any depth, sorted by path; hidden ones do not.
Sub-folders of the first level are classes. A set with any colour image is RGB and its greyscale images are repeated
over three channels; else it is greyscale (decode says how other modes are read). What was converted is counted in the
notes.
"""

import os
import pathlib
from collections.abc import Sequence

import numpy as np

from gan_probe import types
from gan_probe.data import celeba, decode, kinds, labels, threads
from gan_probe.data import geometry as geometry_lib

__all__ = ["IMAGES", "accepts", "load"]

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def accepts(src: str) -> bool:
    return os.path.isdir(src) or src.lower().endswith(IMAGES)


def load(src: str, options: kinds.Options) -> types.Samples:
    """Reads every header, no pixels.

    Raises:
      types.UserError: for a single file, an empty folder, a file that is no image, images of different sizes.
    """
    root = pathlib.Path(src)
    if root.is_file():
        raise types.UserError(f"{src} is a single image; give the folder that holds the set")
    if not root.is_dir():
        raise types.UserError(f"{src} does not exist; give a folder of images")
    if (root / "run.json").exists():
        raise types.UserError(f"{src} is the folder of a run, no set of images; samples of a trained GAN are run:{src}")
    names, ignored = _names(root)
    if not names:
        raise types.UserError(f"{src} holds no image ({', '.join(IMAGES)}); give a folder of images")
    with decode.oversize_is_an_error():
        headers = threads.ordered_map(lambda name: decode.header(str(root / name), str(root / name)), names)
    colour = any(header.colour for header in headers)
    codes, classes, notes = _labels(root, names, options.label)
    return types.Samples(
        source=src,
        rows=_Rows(root, names, _shape(root, names, headers, options.geometry), colour, options.geometry),
        kind="images",
        labels=codes,
        classes=classes,
        names=names,
        notes=(*_notes(headers, colour, ignored), *notes, *options.geometry.notes()),
    )


class _Rows:
    def __init__(
        self,
        root: pathlib.Path,
        names: list[str],
        size: tuple[int, int],
        colour: bool,
        geometry: geometry_lib.Geometry,
    ):
        self._root, self._names, self._colour, self._geometry = root, names, colour, geometry
        self.shape: tuple[int, ...] = (*size, 3 if colour else 1)
        self.dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._names)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        out = np.empty((len(indices), *self.shape), np.uint8)

        def read(place: int) -> None:
            path = str(self._root / self._names[int(indices[place])])
            image = decode.pixels(path, path, colour=self._colour, geometry=self._geometry)
            if image.shape != self.shape:
                raise types.UserError(f"{path} changed its size while it was read; run again")
            out[place] = image

        threads.ordered_map(read, range(len(indices)))
        return out


def _names(root: pathlib.Path) -> tuple[list[str], int]:
    """Paths of the images below `root`, with `/`, sorted; and how many other files there are."""
    names, ignored, seen = [], 0, set()
    pending = [""]
    while pending:
        prefix = pending.pop()
        real = os.path.realpath(root / prefix)
        if real in seen:  # a link to a folder above
            continue
        seen.add(real)
        try:
            entries = list(os.scandir(real))
        except OSError as error:
            raise types.UserError(
                f"{root / prefix} cannot be read ({error.strerror}); check its permissions"
            ) from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                pending.append(f"{prefix}{entry.name}/")
            elif entry.name.lower().endswith(IMAGES):
                names.append(prefix + entry.name)
            else:
                ignored += entry.name != celeba.FILE
    return sorted(names), ignored


def _shape(
    root: pathlib.Path, names: list[str], headers: list[decode.Header], geometry: geometry_lib.Geometry
) -> tuple[int, int]:
    """(height, width) of all images; UserError naming two that differ."""
    sizes = [
        geometry.shape(header.width, header.height, str(root / name))
        for name, header in zip(names, headers, strict=True)
    ]
    other = next((index for index, size in enumerate(sizes) if size != sizes[0]), None)
    if other is not None:
        first, second = headers[0], headers[other]
        raise types.UserError(
            f"{root}: images differ in size: {names[0]} is {first.width}x{first.height}, {names[other]} is "
            f"{second.width}x{second.height}; give --resize=N or --crop=N"
        )
    return sizes[0]


def _labels(
    root: pathlib.Path, names: list[str], label: str | None
) -> tuple[np.ndarray | None, tuple[str, ...] | None, tuple[str, ...]]:
    if label is not None:
        return *celeba.attributes(root, label, names), ()
    folders = [name.partition("/")[0] if "/" in name else None for name in names]
    inside = [folder for folder in folders if folder is not None]
    if not inside:
        return None, None, ()
    if len(inside) < len(names):
        outside = len(names) - len(inside)
        return None, None, (f"no labels: {outside} images lie beside the sub-folders, {len(inside)} in them",)
    classes = sorted(set(inside))
    place = {name: code for code, name in enumerate(classes)}
    return labels.encode([place[folder] for folder in inside], len(names), str(root))[0], tuple(classes), ()


def _notes(headers: list[decode.Header], colour: bool, ignored: int) -> tuple[str, ...]:
    grey = sum(not header.colour for header in headers) if colour else 0
    counts = {
        "greyscale images repeated over RGB, as the set holds colour images": grey,
        "palette images read as RGB": sum(header.palette for header in headers),
        "images with transparency composited over white": sum(header.alpha for header in headers),
        "images scaled from 16 bits a channel to 8": sum(header.deep for header in headers),
        "files that are no images ignored": ignored,
    }
    return tuple(f"{count} {what}" for what, count in counts.items() if count)
