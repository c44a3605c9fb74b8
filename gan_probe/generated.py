"""`run:DIR[@STEP]?n=50000`: samples of a trained GAN, drawn where they are looked at; `@all` is every checkpoint."""

import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe import checkpoint, run_file, types
from gan_probe.data import geometry, kinds
from gan_probe.gans import gan, inversion, runs, sampling

__all__ = ["accepts", "expanded", "is_run", "load", "place", "with_n"]

_PREFIX = "run:"
_ALL = "@all"
_N = 10_000
_MOST = 2**32
_MOST_SAMPLES = 10**8


def accepts(src: str) -> bool:
    return src.startswith(_PREFIX)


def expanded(named: Mapping[str, Any]) -> dict[str, Any]:
    """Every `run:DIR@all` as NAME@STEP of its checkpoints, in order; everything else as it is.

    Raises:
      types.UserError: no checkpoint is there.
    """
    out: dict[str, Any] = {}
    for name, given in named.items():
        run, question, options = given.partition("?") if isinstance(given, str) else ("", "", "")
        if not (accepts(run) and run.endswith(_ALL)):
            out[name] = given
            continue
        run = run.removesuffix(_ALL)
        folder = pathlib.Path(run.removeprefix(_PREFIX)).expanduser()
        steps = checkpoint.steps(folder)
        if not steps:
            raise types.UserError(f"{folder}: no checkpoint there; train one with gan-probe train --out={folder}")
        stem = name.removesuffix(_ALL)
        out |= {f"{stem}@{step}": f"{run}@{step}{question}{options}" for step in steps}
    return out


def is_run(given: Any) -> bool:
    """Whether it is the folder of a run, without `run:`."""
    return isinstance(given, str | os.PathLike) and run_file.exists(pathlib.Path(given).expanduser())


def with_n(given: Any, n: int) -> Any:
    """A `run:` that doesn't say how many samples it draws, with so many; everything else as it is."""
    if not isinstance(given, str) or not accepts(given) or "[" in given:
        return given
    run, _, options = given.partition("?")
    parts = [part for part in options.split("&") if part]
    if any(part.startswith("n=") for part in parts):
        return given
    return f"{run}?{'&'.join([*parts, f'n={n}'])}"


def load(src: str, options: kinds.Options) -> types.Samples:
    """Reads the checkpoint; draws nothing yet. Sample i of a seed is the same for any n.

    Raises:
      types.UserError: no run of a GAN is there, it has no such step, or an option is out of range.
    """
    base, values = kinds.query(src.removeprefix(_PREFIX), {"n": _N, "seed": options.seed})
    n, seed = int(values["n"]), int(values["seed"])
    if not 1 <= n <= _MOST_SAMPLES or not 0 <= seed < _MOST:
        raise types.UserError(f"{src}: n must be from 1 to 10^8, seed from 0 below 2^32")
    trained = runs.load(*place(base))
    samples = types.Samples(
        source=src,
        rows=_Rows(trained.sampler, n, seed),
        kind="images" if trained.sampler.images else "features",
        labels=trained.sampler.labels(np.arange(n)),
        classes=trained.classes,
        decoder=_decoder(trained.sampler),
        notes=(f"drawn from {trained.gan} at step {trained.step}, seed {seed}",),
    )
    return geometry.apply(samples, options.geometry)


def place(text: str) -> tuple[pathlib.Path, int | None]:
    """DIR and STEP of DIR[@STEP]; an existing folder's name may hold an @.

    Raises:
      types.UserError: STEP of a run is no number.
    """
    run, at, step = text.rpartition("@")
    if at and re.fullmatch("[0-9]{1,12}", step) and not pathlib.Path(text).exists():
        return pathlib.Path(run).expanduser(), int(step)
    if at and not pathlib.Path(text).expanduser().exists() and run_file.kind(pathlib.Path(run).expanduser()):
        raise types.UserError(f"{text}: {step or 'nothing'} is not a step; give a number of iterations, {run}@1000")
    return pathlib.Path(text).expanduser(), None


def _decoder(sampler: sampling.Sampler) -> types.Decoder | None:
    found = sampler.decoder()
    if found is None:
        return None
    latent, decode = found
    return types.Decoder(latent.size, jax.tree_util.Partial(_of_normals, latent, decode), 256 if sampler.images else 0)


def _of_normals(latent: gan.Latent, decode: Any, z: jax.Array) -> jax.Array:
    return decode(inversion.latents(latent, z))


class _Rows:
    def __init__(self, sampler: sampling.Sampler, n: int, seed: int):
        self._sampler, self._n, self._seed = sampler, n, seed
        self.shape: tuple[int, ...] = sampler.shape
        self.dtype = np.dtype(np.uint8 if sampler.images else np.float32)

    def __len__(self) -> int:
        return self._n

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self._sampler.draw(np.asarray(indices, np.int64), self._seed)
