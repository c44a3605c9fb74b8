"""Sets in memory: arrays (NumPy, JAX, anything with dlpack) or any Source (a list of images or of dicts, a loader)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from gan_probe import types
from gan_probe.data import geometry as geometry_lib
from gan_probe.data import labels as labels_lib
from gan_probe.data import rows as rows_lib

__all__ = ["classified", "from_array", "samples"]


def from_array(
    array_or_source: Any,
    *,
    name: str,
    labels: Any = None,
    names: Sequence[str] | None = None,
    resize: int | None = None,
    crop: int | None = None,
) -> types.Samples:
    """A set from memory.

    Args:
      array_or_source: uint8 images [n, h, w, c] or [n, h, w], float features [n, d], or a Source whose items are
        images, feature vectors or mappings with "image" and perhaps "label".
      name: what messages and the report call it.
      labels: a class for each row, integers or strings; by default those of a Source's items.
      names: a name for each row.
      resize, crop: see geometry.

    Raises:
      types.UserError: for anything that is neither, naming the remedy.
    """
    geometry = geometry_lib.Geometry(crop, resize).validated()
    array = _as_array(array_or_source, name)
    if array is not None:
        whole = samples(array, source=name, labels=labels, names=names)
    else:
        if isinstance(array_or_source, Mapping | str) or not isinstance(array_or_source, types.Source):
            kind = type(array_or_source).__name__
            raise types.UserError(f"{name}: a {kind} is no set; give an array, or a sequence of images or of dicts")
        whole = _from_source(array_or_source, name, labels, names)
    return geometry_lib.apply(whole, geometry)


def samples(
    array: np.ndarray, *, source: str, labels: Any = None, names: Any = None, logits: Any = None
) -> types.Samples:
    """A set from a NumPy array, mapped or not, with what belongs to its rows."""
    array, kind = classified(array, source)
    n = len(array)
    codes, classes = (None, None) if labels is None else labels_lib.encode(labels, n, source)
    return types.Samples(
        source=source,
        rows=rows_lib.ArrayRows(array, source=source),
        kind=kind,
        labels=codes,
        classes=classes,
        names=None if names is None else _names(names, n, source),
        logits=None if logits is None else _logits(logits, n, source),
    )


def classified(array: np.ndarray, source: str) -> tuple[np.ndarray, Any]:
    """The array as [n, h, w, c] with "images", or as [n, d] with "features".

    Raises:
      types.UserError: where it is neither uint8 images nor float features, with the conversion that is missing.
    """
    shape, dtype = list(array.shape), array.dtype
    if dtype == np.uint8 and array.ndim in (3, 4):
        return _images(array, source), "images"
    if (dtype.kind == "f" or dtype.name == "bfloat16") and array.ndim == 2:
        if 0 in shape:
            raise types.UserError(f"{source}: features {shape} are an empty set; give at least one row and column")
        return array, "features"
    if dtype == np.uint8:
        remedy = "images are uint8 [n, h, w, c] or [n, h, w], features are float [n, d]"
    elif dtype.kind == "f" and array.ndim in (3, 4):
        remedy = "images must be uint8: np.clip(np.rint(255 * x), 0, 255).astype(np.uint8) for x in [0, 1]"
    elif dtype.kind in "iub" and array.ndim in (3, 4):
        remedy = "images must be uint8 from 0 to 255: scale them, then .astype(np.uint8)"
    elif dtype.kind in "iub" and array.ndim == 2:
        remedy = "features must be float: .astype(np.float32)"
    elif dtype.kind == "c":
        remedy = "features must be real: stack .real and .imag as columns"
    elif dtype.kind in "SUOV":
        remedy = "only numbers can be compared: give uint8 images or float features"
    else:
        remedy = "images are uint8 [n, h, w, c] or [n, h, w], features are float [n, d]"
    raise types.UserError(f"{source}: {dtype} {shape}: {remedy}")


def _images(array: np.ndarray, source: str) -> np.ndarray:
    shape = list(array.shape)
    if 0 in shape:
        raise types.UserError(f"{source}: images {shape} are an empty set; give at least one image")
    if array.ndim == 3:
        if shape[2] in (3, 4):
            raise types.UserError(f"{source}: uint8 {shape} looks like a single image; give a set, [n, h, w, c]")
        return array[..., np.newaxis]
    if shape[3] in (1, 3):
        return array
    if shape[1] in (1, 3):
        remedy = "channels must come last: .transpose(0, 2, 3, 1)"
    elif shape[3] == 4:
        remedy = "images have 1 or 3 channels: composite the alpha channel, or drop it with [..., :3]"
    else:
        remedy = "images are [n, h, w, c] with 1 or 3 channels"
    raise types.UserError(f"{source}: uint8 {shape}: {remedy}")


def _names(names: Any, n: int, source: str) -> list[str]:
    values = np.asarray(names)
    if values.ndim != 1 or len(values) != n or values.dtype.kind not in "SU":
        raise types.UserError(f"{source}: names are {values.dtype} {list(values.shape)}, want {n} strings")
    return [str(name) for name in (np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values)]


def _logits(logits: Any, n: int, source: str) -> np.ndarray:
    values = np.asarray(logits)
    if values.ndim != 2 or len(values) != n or values.dtype.kind != "f":
        raise types.UserError(f"{source}: logits are {values.dtype} {list(values.shape)}, want floats [{n}, classes]")
    if not np.isfinite(values).all():
        raise types.UserError(f"{source}: logits hold NaN or infinite values; remove or repair such rows")
    return values.astype(np.float32)


def _as_array(value: Any, name: str) -> np.ndarray | None:
    """A NumPy view of an array of any library, None for anything else."""
    try:
        if isinstance(value, np.ndarray):
            return value
        if hasattr(value, "__array__"):
            return np.asarray(value)
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
    except Exception as error:  # whatever another library raises for arrays that it cannot hand over
        raise types.UserError(f"{name}: cannot be read as an array ({error}); bring it to the host first") from error
    return None


def _from_source(source: types.Source, name: str, labels: Any, names: Any) -> types.Samples:
    if len(source) == 0:
        raise types.UserError(f"{name}: the source is empty; give at least one image")
    first = source[0]
    if isinstance(first, Mapping) and "label" in first and labels is None:
        labels = [np.asarray(source[index]["label"]).item() for index in range(len(source))]
    row, kind = classified(_item(first, name, 0)[np.newaxis], f"{name}: item 0, as a set of one,")
    outline = samples(np.broadcast_to(row, (len(source), *row.shape[1:])), source=name, labels=labels, names=names)
    return types.Samples(
        source=name,
        rows=_SourceRows(source, name, row.shape[1:], outline.rows.dtype),
        kind=kind,
        labels=outline.labels,
        classes=outline.classes,
        names=outline.names,
    )


class _SourceRows:
    def __init__(self, source: types.Source, name: str, shape: tuple[int, ...], dtype: np.dtype):
        self._source, self._name = source, name
        self.shape, self.dtype = shape, dtype

    def __len__(self) -> int:
        return len(self._source)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        out = []
        for index in map(int, indices):
            where = f"{self._name}: item {index}"
            row, _ = classified(_item(self._source[index], self._name, index)[np.newaxis], where)
            if row.shape[1:] != self.shape:
                raise types.UserError(f"{where} is {list(row.shape[1:])}, item 0 {list(self.shape)}; make them equal")
            checked = rows_lib.ArrayRows(row, source=where).take([0])[0]
            if checked.dtype != self.dtype:
                raise types.UserError(f"{where} is {checked.dtype}, item 0 {self.dtype}; make them equal")
            out.append(checked)
        return np.stack(out) if out else np.empty((0, *self.shape), self.dtype)


def _item(item: Any, name: str, index: int) -> np.ndarray:
    if isinstance(item, Mapping):
        if "image" not in item:
            raise types.UserError(f'{name}: item {index} has no "image"; its keys are {", ".join(map(str, item))}')
        item = item["image"]
    where = f"{name}: item {index}"
    if isinstance(item, Image.Image) and item.mode not in ("L", "RGB"):
        raise types.UserError(f'{where} has mode {item.mode}; convert every image with .convert("RGB")')
    array = _as_array(item, where)
    if array is not None:
        return array
    try:
        return np.asarray(item)
    except ValueError as error:
        raise types.UserError(f"{where} is no image: rows of unequal length") from error
