"""gan-probe sample: draw from a checkpoint of a GAN into a file or a folder."""

import contextlib
import functools
import os
import pathlib
import re
import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import flags

from gan_probe import types
from gan_probe.commands import command

__all__ = ["COMMAND"]


def _define(values: flags.FlagValues) -> None:
    text, whole = functools.partial(command.text, values), functools.partial(command.whole, values)
    text("checkpoint", None, "DIR[@STEP] of gan-probe train; the newest step by default")
    whole("n", 10_000, "samples to draw", lower_bound=1)
    text(
        "out",
        None,
        "FILE.npz (images, labels), or a folder of PNG files, in sub-folders of classes where there are some",
    )
    whole("seed", 0, "of the latents; sample i of a seed is the same for any n", lower_bound=0, upper_bound=2**32 - 1)


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    del line
    command.no_words(words)
    command.required(values, "sample", checkpoint="the run of gan-probe train", out="FILE.npz or a folder")
    from gan_probe import sets

    out = pathlib.Path(values.out)
    if out.exists():
        raise types.UserError(f"{out}: exists; give --out another name")
    src = f"run:{values.checkpoint}?n={values.n}&seed={values.seed}"
    samples = sets.opened(src, name="samples", seed=values.seed)
    if out.suffix != ".npz" and samples.kind != "images":
        raise types.UserError(f"{out}: {values.checkpoint} makes no images but features; give --out=FILE.npz")
    partial = out.with_name(f".partial-{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        (_file if out.suffix == ".npz" else _folder)(partial, samples)
        os.replace(partial, out)
    except OSError as error:
        raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another path") from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                partial.unlink()
    print(f"{len(samples)} samples: {out}")


def _batches(samples: types.Samples):
    for start in command.progress(range(0, len(samples), 1024), desc="samples", unit="batch"):
        at = np.arange(start, min(start + 1024, len(samples)))
        yield at, samples.rows.take(at)


def _file(path: pathlib.Path, samples: types.Samples) -> None:
    arrays: dict[str, Any] = {str(samples.kind): np.concatenate([rows for _, rows in _batches(samples)])}
    if samples.labels is not None:
        arrays["labels"] = np.array(samples.classes)[samples.labels]
    with path.open("wb") as stream:
        np.savez(stream, **arrays)


def _folder(path: pathlib.Path, samples: types.Samples) -> None:
    from PIL import Image

    folders = _folders(samples.classes or ())
    for at, images in _batches(samples):
        for i, image in zip(at, images, strict=True):
            name = "" if samples.labels is None else folders[samples.labels[i]]
            (path / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path / name / f"{i:06}.png")


def _folders(classes: Sequence[str]) -> list[str]:
    """A folder's name for each class; where names would leave the folder or meet, all are numbered."""
    plain = [re.sub(r"[^\w .,+=-]", "_", name).strip(". ") for name in classes]
    if "" in plain or len({name.casefold() for name in plain}) < len(plain):
        return [f"{i:03}" for i in range(len(plain))]
    return plain


COMMAND = command.Command(
    "draw samples from a trained GAN into a file or folder",
    """gan-probe sample --checkpoint=DIR[@STEP] --n=N --out=FILE.npz|FOLDER [--seed=0]

Inference mode; sample i of a seed is the same whatever n is.

  gan-probe sample --checkpoint=runs/dcgan@2000 --n=50000 --out=samples.npz""",
    _define,
    _run,
)
