"""A file that is there whole or not at all."""

import contextlib
import os
import pathlib

__all__ = ["PARTIAL", "put"]

PARTIAL = ".partial-"
"""How names of what a killed write left begin; never content."""


def put(path: pathlib.Path, content: bytes) -> None:
    """Writes under another name beside, then renames. OSError where it cannot; nothing is left then."""
    partial = path.parent / f"{PARTIAL}{path.name}"
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
