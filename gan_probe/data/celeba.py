"""CelebA's `list_attr_celeba.txt`: 40 binary attributes a face, one or two of which become class labels.

The file holds the number of rows, the names of the attributes, then a line for each image: its name and a 1 or -1 for
each attribute.
"""

import pathlib
from collections.abc import Sequence

import numpy as np

from gan_probe import types

__all__ = ["FILE", "attributes"]

FILE = "list_attr_celeba.txt"


def attributes(folder: pathlib.Path, label: str, names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels int32 [n] of the images `names`, and the name of each class, such as "Smiling=1,Male=0".

    Args:
      folder: the images; the attribute file lies in it or in its parent.
      label: "Smiling", or "Smiling,Male": the first attribute is the higher digit of the class number.
      names: file names; their folders are ignored.

    Raises:
      types.UserError: for a missing file, an unknown attribute, an image without a line.
    """
    candidates = [folder / FILE, folder.resolve().parent / FILE]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        raise types.UserError(f"--label={label}: no {FILE} in {folder} or its parent; put it there or drop --label")
    wanted = [name.strip() for name in label.split(",")]
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    known = lines[1].split() if len(lines) > 1 else []
    if len(wanted) > 2 or len(set(wanted)) < len(wanted):
        raise types.UserError(f"--label={label}: give one attribute or two different ones")
    for name in wanted:
        if name not in known:
            raise types.UserError(f"--label={label}: {path} has no attribute {name}{types.hint(name, known)}")
    columns = [1 + known.index(name) for name in wanted]
    codes = {}
    for number, line in enumerate(lines[2:], start=3):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != len(known) + 1 or any(fields[column] not in ("1", "-1") for column in columns):
            raise types.UserError(
                f"{path}: line {number} is not a name and {len(known)} values 1 or -1; repair the file"
            )
        codes[fields[0]] = sum((fields[column] == "1") << place for place, column in enumerate(reversed(columns)))
    bare = [name.rpartition("/")[2] for name in names]
    absent = next((name for name in bare if name not in codes), None)
    if absent is not None:
        raise types.UserError(f"--label={label}: {path} has no line for {absent}; add it or remove the image")
    return np.array([codes[name] for name in bare], np.int32), _classes(wanted)


def _classes(wanted: list[str]) -> tuple[str, ...]:
    places = range(len(wanted) - 1, -1, -1)
    return tuple(
        ",".join(f"{name}={code >> place & 1}" for name, place in zip(wanted, places, strict=True))
        for code in range(2 ** len(wanted))
    )
