"""A file that is there whole or not at all."""

import contextlib
import os
import pathlib
from collections.abc import Callable
from typing import IO

__all__ = ["PARTIAL", "put"]

PARTIAL = ".partial-"
"""How names of what a killed write left begin; never content."""


def put(path: pathlib.Path, content: bytes | Callable[[IO[bytes]], object], *, shared: bool = False) -> None:
    """Writes under another name beside, then renames. OSError where it cannot; nothing is left then.

    content: or what writes it into an open file.
    shared: several processes may write this file at once; the last one's stays. Else what a killed one left is
      written over.
    """
    partial = path.parent / f"{PARTIAL}{f'{os.getpid()}-' if shared else ''}{path.name}"
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
