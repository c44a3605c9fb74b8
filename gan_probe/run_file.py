"""run.json: what a folder of training is; written whole or not at all, and read with suspicion."""

import json
import pathlib
from collections.abc import Collection, Mapping
from typing import Any

from gan_probe import types, whole_file

__all__ = ["begin", "exists", "kind", "read", "write"]

_FILE = "run.json"
_COMMANDS = {"classifier": "classify", "gan": "train"}


def begin(
    out: pathlib.Path, settings: Mapping[str, Any], *, resume: bool, free: Collection[str] = ()
) -> dict[str, Any]:
    """Writes run.json of a fresh run, or reads that of the run that goes on.

    Args:
      out: the folder; new or empty, or with `resume` one of the same settings.
      settings: JSON-ready; `kind` is among them.
      resume: whether a run may be there.
      free: settings that may differ.

    Raises:
      UserError: a folder that holds something else, a run of other settings, or one that cannot be written.
    """
    if resume and exists(out):
        about = read(out, settings["kind"])
        same = {key: value for key, value in json.loads(json.dumps(settings)).items() if key not in free}
        differs = [key for key, value in same.items() if not isinstance(value, dict) and about.get(key) != value]
        for key, value in same.items():
            if isinstance(value, dict) and not differs:
                differs = _differing(value, about.get(key), free)
        if differs:
            raise types.UserError(f"{out}: a run with another {', '.join(sorted(differs))}; give --out a new folder")
        return about
    if out.exists() and (not out.is_dir() or not _empty(out)):
        raise types.UserError(f"{out}: not empty; give --out a new folder, or --resume to go on with a run")
    write(out, settings)
    return dict(settings)


def _empty(folder: pathlib.Path) -> bool:
    return all(path.name.startswith(whole_file.PARTIAL) for path in folder.iterdir())


def _differing(new: Mapping[str, Any], old: Any, free: Collection[str]) -> list[str]:
    """Names of the parts that differ."""
    held = old if isinstance(old, dict) else {}
    return [name for name in {**held, **new} if name not in free and held.get(name) != new.get(name)]


def write(out: pathlib.Path, about: Mapping[str, Any]) -> None:
    """Replaces run.json; UserError where the folder cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        whole_file.put(out / _FILE, (json.dumps(about, indent=1) + "\n").encode())
    except OSError as error:
        raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another folder") from error


def read(run: pathlib.Path, expected: str) -> dict[str, Any]:
    """run.json of a run of this kind; UserError where none is there, or one of another kind."""
    found = kind(run)
    command = _COMMANDS[expected]
    if found is None and exists(run):
        raise types.UserError(f"{run}: its {_FILE} is damaged; train again into a new folder")
    if found is None:
        raise types.UserError(f"{run}: no run there; train one with gan-probe {command} --out={run}")
    if found != expected:
        raise types.UserError(f"{run}: not a {expected}'s run; train one with gan-probe {command}")
    return json.loads((run / _FILE).read_text("utf-8"))


def exists(run: pathlib.Path) -> bool:
    """Whether the folder is, or was begun as, one of a training."""
    return (run / _FILE).exists()


def kind(run: pathlib.Path) -> str | None:
    """classifier | gan | whatever else stands there; None where no run.json can be read."""
    try:
        about = json.loads((run / _FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return str(about.get("kind")) if isinstance(about, dict) else ""
