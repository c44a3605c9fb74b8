"""Results of passes on disk: plain arrays in an npz, nothing pickled, written whole or not at all."""

import pathlib
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe import types, whole_file

__all__ = ["named", "prepared", "put", "read", "write"]

# A damaged archive fails in as many ways as zip headers have fields.
_DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile)


def prepared(folder: pathlib.Path) -> pathlib.Path:
    """The folder, made where it is missing.

    Raises:
      UserError: it cannot be written.
    """
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise _unwritable(folder, error) from error


def named(path: pathlib.Path) -> dict[str, np.ndarray] | None:
    """The arrays by name; None where there is no such file or it is damaged."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return dict(archive)
    except _DAMAGED:
        return None


def read(path: pathlib.Path) -> list[np.ndarray] | None:
    """The arrays in order; None where there is no such file or it is damaged."""
    found = named(path)
    names = [f"arr_{i}" for i in range(len(found or ()))]
    return None if found is None or set(names) != set(found) else [found[name] for name in names]


def put(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keeps arrays by name under `path`. OSError where it cannot; nothing is left then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    by_name: dict[str, Any] = dict(arrays)  # savez has a flag of its own among them
    whole_file.put(path, lambda file: np.savez(file, **by_name), shared=True)


def write(path: pathlib.Path, arrays: Sequence[np.ndarray]) -> None:
    """Keeps arrays under `path`.

    Raises:
      UserError: the folder cannot be written.
    """
    try:
        put(path, {f"arr_{i}": array for i, array in enumerate(arrays)})
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def _unwritable(folder: pathlib.Path, error: OSError) -> types.UserError:
    reason = error.strerror or str(error)
    return types.UserError(f"the cache {folder} cannot be written ({reason}); choose another, or none with --cache=")
