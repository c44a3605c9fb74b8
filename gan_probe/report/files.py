"""A report's files (results.json, pictures.npz, report.html, verdicts.png), written whole or not at all."""

import json
import os
import pathlib
import secrets
import shutil
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gan_probe import types, whole_file
from gan_probe.report import html, picture

__all__ = [
    "MODES",
    "MODES_PAGE",
    "PAGE",
    "PICTURES",
    "RESULTS",
    "VERDICTS",
    "check_out",
    "put",
    "read",
    "schema",
    "write",
]

RESULTS, PICTURES, PAGE, VERDICTS = "results.json", "pictures.npz", "report.html", "verdicts.png"
MODES, MODES_PAGE = "modes.json", "modes.html"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of results.json."""
    return json.loads((pathlib.Path(__file__).parent / "schema.json").read_text("utf-8"))


def check_out(out: pathlib.Path, result: str = RESULTS, *, experiment: str | None = None) -> None:
    """Fails early where a file `result`, of an experiment or of none, could not be written by `put`.

    Raises:
      UserError: `out` is a file, a folder that holds something other than such a result, or cannot be written.
    """
    out = pathlib.Path(out)
    try:
        if out.exists():
            _check_replaceable(out, result, experiment)
        ancestor = next(p for p in (out, *out.absolute().parents) if p.exists())
        _beside(ancestor / out.name if ancestor != out else out).rmdir()
    except OSError as error:
        raise _unwritable(out, error) from error


def write(
    out: pathlib.Path,
    results: Mapping[str, Any],
    pictures: Mapping[str, np.ndarray],
    *,
    explain: Mapping[str, str] | None = None,
) -> None:
    """Writes the files under `out`; an earlier report there is replaced.

    Args:
      out: a new or empty folder, or one that holds an earlier report.
      results: the content of results.json; NaN and infinities must be None by now.
      pictures: uint8 arrays by "{fake}/closest", "{fake}/copies", "{fake}/grid", "real/grid", "train/grid".
      explain: how to read each metric, a sentence by metric name.

    Raises:
      UserError: as `check_out`.
      ValueError: NaN or an infinity in `results`; nothing is written then.
    """
    text = json.dumps(results, allow_nan=False, indent=1) + "\n"
    page = html.page(results, pictures, explain or {})

    def fill(partial: pathlib.Path) -> None:
        (partial / PAGE).write_bytes(page.encode("utf-8", "replace"))
        picture.verdict_picture(results, pictures, partial / VERDICTS)
        _write_pictures(partial / PICTURES, pictures)
        (partial / RESULTS).write_text(text, "utf-8")

    put(out, fill)


def put(
    out: pathlib.Path,
    fill: Callable[[pathlib.Path], None],
    result: str = RESULTS,
    *,
    experiment: str | None = None,
) -> None:
    """Lets `fill` write files into a fresh folder, then renames them into `out`, the JSON file `result` last.

    Raises:
      UserError: as `check_out`.
    """
    out = pathlib.Path(out)
    try:
        exists = out.exists()
        if exists:
            _check_replaceable(out, result, experiment)
        partial = _beside(out)
        try:
            fill(partial)
            if exists:
                for path in sorted(partial.iterdir(), key=lambda path: path.suffix == ".json"):
                    os.replace(path, out / path.name)
            else:
                os.rename(partial, out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise _unwritable(out, error) from error


def read(directory: pathlib.Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Results and pictures of a report directory.

    Raises:
      UserError: a file is missing, unreadable, or not what `write` writes.
    """
    directory = pathlib.Path(directory)
    path = directory / RESULTS
    if not path.is_file():
        raise types.UserError(f"{directory}: no {RESULTS} there; give a folder that `gan-probe evaluate --out` wrote")
    try:
        results = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        raise _corrupt(path, error) from error
    if not isinstance(results, dict) or results.get("schema") != 1:
        raise types.UserError(f"{path}: not a schema 1 results file of gan-probe; run `gan-probe evaluate` again")
    missing = [key for key in schema()["required"] if key not in results]
    if missing:
        raise types.UserError(f"{path}: no {', '.join(missing)} in it; run `gan-probe evaluate` again")
    return results, _read_pictures(directory / PICTURES)


def _beside(out: pathlib.Path) -> pathlib.Path:
    """A fresh folder from which files can be renamed to `out`: inside it where it exists (it may be a mount point)."""
    parent = out if out.exists() else out.parent
    parent.mkdir(parents=True, exist_ok=True)
    partial = (
        parent / f"{whole_file.PARTIAL}{secrets.token_hex(6)}"
    )  # not tempfile's: its folders are private to the user
    partial.mkdir()
    return partial


def _check_replaceable(out: pathlib.Path, result: str, experiment: str | None) -> None:
    if not out.is_dir():
        raise types.UserError(f"{out}: a file stands there; give --out a new folder")
    if all(entry.name.startswith(whole_file.PARTIAL) for entry in out.iterdir()):
        return
    try:
        earlier = json.loads((out / result).read_text("utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        earlier = None
    if not isinstance(earlier, dict) or "gan_probe" not in earlier:
        raise types.UserError(f"{out}: holds files but no gan-probe report ({result}); give --out a new folder")
    # Reports and experiments write results.json, with one header.
    if (owner := earlier.get("experiment")) != experiment:
        raise types.UserError(f"{out}: holds results of {owner or 'another command'}; give --out another folder")


def _write_pictures(path: pathlib.Path, pictures: Mapping[str, np.ndarray]) -> None:
    # np.savez, but the same bytes every time: ZipInfo's own date is 1980-01-01.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in sorted(pictures):
            member = zipfile.ZipInfo(key.encode("utf-8", "backslashreplace").decode("utf-8") + ".npy")
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(pictures[key], np.uint8), allow_pickle=False)


def _read_pictures(path: pathlib.Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise types.UserError(f"{path}: missing; run `gan-probe evaluate` again")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            pictures = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise _corrupt(path, error) from error
    for key, images in pictures.items():
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim not in (4, 5):
            raise types.UserError(f"{path}: {key} holds no uint8 images; run `gan-probe evaluate` again")
    return pictures


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _corrupt(path: pathlib.Path, error: Exception) -> types.UserError:
    reason = " ".join(str(error).split())
    return types.UserError(f"{path}: cannot be read ({reason}); run `gan-probe evaluate` again")


def _unwritable(out: pathlib.Path, error: OSError) -> types.UserError:
    return types.UserError(f"{out}: cannot be written ({error.strerror}); give --out a folder that you may write to")
