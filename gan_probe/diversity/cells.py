"""A run's folder: its settings and what each finished fit showed, so that a killed run goes on where it was."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe import pass_cache, types, whole_file
from gan_probe.diversity import fits

__all__ = ["Cells"]

_SETTINGS = "settings.json"
_FOLDER = "fits"


class Cells:
    """Outcomes under `out`.

    Raises:
      UserError: the folder holds something else, or with `resume` a run of other settings.
    """

    def __init__(self, out: pathlib.Path, settings: Mapping[str, Any], *, resume: bool):
        self._folder = out / _FOLDER
        path = out / _SETTINGS
        text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
        try:
            if resume and path.exists():
                _same(out, path.read_text("utf-8"), json.loads(text))
                return
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise types.UserError(f"{out}: not empty; give --out a new folder, or --resume to go on with a run")
            self._folder.mkdir(parents=True)
            whole_file.put(path, text.encode())
        except OSError as error:
            raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another folder") from error

    def read(self, fit: fits.Fit, items: int) -> fits.Outcome | None:
        """What a finished fit showed; None where it is not there whole."""
        arrays = pass_cache.read(self._path(fit))
        if arrays is None or len(arrays) != 2 or arrays[0].shape != (items,) or arrays[1].shape != (3,):
            return None
        train_accuracy, steps, converged = arrays[1].tolist()
        return fits.Outcome(arrays[0].astype(bool), train_accuracy, int(steps), bool(converged))

    def write(self, fit: fits.Fit, outcome: fits.Outcome) -> None:
        numbers = np.array([outcome.train_accuracy, outcome.steps, outcome.converged], np.float64)
        pass_cache.write(self._path(fit), [outcome.correct, numbers])

    def runs(self) -> pathlib.Path:
        """Where networks that are still in training keep their checkpoints."""
        return self._folder / "running"

    def _path(self, fit: fits.Fit) -> pathlib.Path:
        return self._folder / f"{fit.slug}.npz"


def _same(out: pathlib.Path, earlier: str, settings: Mapping[str, Any]) -> None:
    try:
        held = json.loads(earlier)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise types.UserError(f"{out}: its {_SETTINGS} is damaged; give --out a new folder")
    differs: Sequence[str] = sorted(key for key in {*held, *settings} if held.get(key) != settings.get(key))
    if differs:
        raise types.UserError(f"{out}: a run with another {', '.join(differs)}; give --out a new folder")
