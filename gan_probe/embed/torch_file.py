"""Tensors of a PyTorch checkpoint in its container of before version 1.6, without PyTorch and without trust.

The file is five pickles (a magic number, a version, facts on the writer, the tree of tensors, the keys of their
storages) and then the storages, each a count of elements and those. Only the names that rebuild tensors are resolved,
to things of this module that hold nothing; everything else is refused before anything of it runs.
"""

import collections
import io
import math
import pathlib
import pickle
from typing import Any, NamedTuple

import numpy as np

__all__ = ["read"]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
}  # fmt: skip


class _Storage(NamedTuple):
    key: str
    dtype: str
    numel: int


class _View(NamedTuple):
    """Part of a storage: offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Every tensor of a state dictionary by name, each an array of its own.

    Raises:
      ValueError: the file is no such checkpoint, is damaged, or asks for anything but tensors.
    """
    stream = io.BytesIO(path.read_bytes())
    try:
        magic, protocol, system, tree, keys = (_Unpickler(stream).load() for _ in range(5))
        if (magic, protocol) != (_MAGIC, _PROTOCOL) or not system["little_endian"]:
            raise ValueError("another container")
        views = {str(name): view for name, view in tree.items() if isinstance(view, _View)}
        storages = {view.storage.key: view.storage for view in views.values()}
        data = {key: _elements(stream, storages[key]) for key in keys}
        return {name: _array(view, data[view.storage.key]) for name, view in views.items()}
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        raise ValueError(f"{path}: not a checkpoint of tensors ({type(error).__name__}: {error})") from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise ValueError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, numel, view = pid
        if kind != "storage" or view is not None or dtype not in _DTYPES.values() or not _whole(numel):
            raise ValueError("an unknown kind of storage")
        return _Storage(str(key), dtype, numel)


def _rebuilt(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _View:
    if not isinstance(storage, _Storage) or not _whole(offset, *shape, *strides) or len(shape) != len(strides):
        raise ValueError("a tensor of no storage")
    return _View(storage, offset, tuple(shape), tuple(strides))


def _whole(*numbers: Any) -> bool:
    return all(type(n) is int and n >= 0 for n in numbers)


def _elements(stream: io.BytesIO, storage: _Storage) -> bytes:
    if int.from_bytes(stream.read(8), "little") != storage.numel:
        raise ValueError("a storage of another size")
    data = stream.read(storage.numel * np.dtype(storage.dtype).itemsize)
    if len(data) != storage.numel * np.dtype(storage.dtype).itemsize:
        raise ValueError("the file ends too soon")
    return data


def _array(view: _View, data: bytes) -> np.ndarray:
    if math.prod(view.shape) > view.storage.numel:  # strides of 0 would make much of little
        raise ValueError("a tensor beyond its storage")
    size = np.dtype(view.storage.dtype).itemsize
    # NumPy refuses what lies outside the buffer.
    strided = np.ndarray(
        view.shape, view.storage.dtype, data, size * view.offset, tuple(size * stride for stride in view.strides)
    )
    return strided.copy()
