"""`file.npz`: `images` or `arr_0` (uint8 [n, h, w, c]), or `features` (float [n, d]); `labels`, `logits`, `names`."""

import zipfile
import zlib

import numpy as np

from gan_probe import types
from gan_probe.data import arrays, geometry, kinds

__all__ = ["accepts", "load"]

_SETS = ("images", "features", "arr_0")
_EXTRAS = ("labels", "logits", "names")


def accepts(src: str) -> bool:
    return src.lower().endswith(".npz")


def load(src: str, options: kinds.Options) -> types.Samples:
    """Reads the arrays that are named above and nothing else; pickled objects are never opened.

    Raises:
      types.UserError: for a file that is no npz, lacks the keys, holds both images and features, or objects.
    """
    try:
        with open(src, "rb") as stream:
            if not zipfile.is_zipfile(stream):
                raise types.UserError(f"{src} is not an npz archive; write it with np.savez")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                found = {key: _read(archive, key, src) for key in (*_SETS, *_EXTRAS) if key in archive.files}
                listing = ", ".join(archive.files) or "none"
    except FileNotFoundError as error:
        raise types.UserError(f"{src} does not exist") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise types.UserError(f"{src} cannot be read ({error}); write it again") from error
    named = [key for key in ("images", "features") if key in found]
    if len(named) == 2:
        raise types.UserError(f"{src} holds both images and features; write each set to its own file")
    key = named[0] if named else "arr_0"
    if key not in found:
        raise types.UserError(f"{src} has none of the keys {', '.join(_SETS)}; its keys: {listing}")
    samples = arrays.samples(found[key], source=src, **{name: found.get(name) for name in _EXTRAS})
    if named and samples.kind != key:
        raise types.UserError(f"{src}: the key {key} holds {samples.kind}; name it {samples.kind}")
    return geometry.apply(samples, options.geometry)


def _read(archive: np.lib.npyio.NpzFile, key: str, src: str) -> np.ndarray:
    try:
        return archive[key]
    except (ValueError, EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        if "allow_pickle" in str(error):
            raise types.UserError(f"{src}: {key} is an array of Python objects; save plain numbers") from error
        raise types.UserError(f"{src}: {key} cannot be read ({error}); write the file again") from error
