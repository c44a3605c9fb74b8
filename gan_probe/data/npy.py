"""`file.npy`, mapped from disk and never read whole: uint8 images [n, h, w, c] or float features [n, d]."""

import numpy as np

from gan_probe import types
from gan_probe.data import arrays, geometry, kinds

__all__ = ["accepts", "load"]


def accepts(src: str) -> bool:
    return src.lower().endswith(".npy")


def load(src: str, options: kinds.Options) -> types.Samples:
    """Maps the file; float16 and float64 become float32 as rows are taken.

    Raises:
      types.UserError: for a file that is no npy, is truncated, or holds Python objects.
    """
    try:
        with open(src, "rb") as stream:
            if stream.read(6) != b"\x93NUMPY":
                raise types.UserError(f"{src} is not an npy file; write it with np.save")
        array = np.load(src, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise types.UserError(f"{src} does not exist") from error
    except (ValueError, OSError, EOFError) as error:
        if "object" in str(error):
            raise types.UserError(f"{src} is an array of Python objects; save plain numbers") from error
        raise types.UserError(f"{src} cannot be read ({error}); write the file again") from error
    return geometry.apply(arrays.samples(array, source=src), options.geometry)
