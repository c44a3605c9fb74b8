"""A file that is there whole or not at all."""

import contextlib
import os
import pathlib
from collections.abc import Callable
from typing import IO

__all__ = ["PARTIAL", "put"]

PARTIAL = ".partial-"
"""How names of what a killed write left begin; never content."""


def put(path: pathlib.Path, content: bytes | Callable[[IO[bytes]], object]) -> None:
    """Writes under another name beside, then renames. OSError where it cannot; nothing is left then.

    content: or what writes it into an open file. Several processes may write one file: the last one's stays.
    """
    partial = path.parent / f"{PARTIAL}{os.getpid()}-{path.name}"
    try:
        with partial.open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
