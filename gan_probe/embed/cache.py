"""Arrays on disk by content hash: written to a temporary name, then renamed; plain npy, never pickled."""

import hashlib
import json
import os
import pathlib
import tempfile
from typing import Any

import numpy as np

from gan_probe import types

__all__ = ["key", "read", "write"]


def key(*parts: Any) -> str:
    """Name of what these JSON-ready parts identify."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read(folder: pathlib.Path, key: str) -> np.ndarray | None:
    """The array of that key, mapped; None where there is none or its file is damaged."""
    try:
        return np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def write(folder: pathlib.Path, key: str, array: np.ndarray) -> None:
    """UserError where the folder cannot be written."""
    temporary = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writing-", delete=False) as stream:
            temporary = stream.name
            np.save(stream, array, allow_pickle=False)
        os.replace(temporary, folder / f"{key}.npy")
    except OSError as error:
        if temporary is not None:
            pathlib.Path(temporary).unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise types.UserError(f"the cache {folder} cannot be written ({reason}); choose another folder") from error
