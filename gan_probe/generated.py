"""`run:DIR[@STEP]?n=50000`: samples of a trained GAN, drawn where they are looked at."""

import pathlib
from collections.abc import Sequence

import numpy as np

from gan_probe import types
from gan_probe.data import geometry, kinds
from gan_probe.gans import runs, sampling

__all__ = ["accepts", "load", "place"]

_PREFIX = "run:"
_N = 10_000
_MOST = 2**32


def accepts(src: str) -> bool:
    return src.startswith(_PREFIX)


def load(src: str, options: kinds.Options) -> types.Samples:
    """Reads the checkpoint; draws nothing yet. Sample i of a seed is the same for any n.

    Raises:
      types.UserError: no run of a GAN is there, it has no such step, or an option is out of range.
    """
    base, values = kinds.query(src.removeprefix(_PREFIX), {"n": _N, "seed": options.seed})
    n, seed = int(values["n"]), int(values["seed"])
    if not 1 <= n <= _MOST or not 0 <= seed < _MOST:
        raise types.UserError(f"{src}: n must be from 1 to 2^32, seed from 0 below it")
    trained = runs.load(*place(base))
    samples = types.Samples(
        source=src,
        rows=_Rows(trained.sampler, n, seed),
        kind="images" if trained.sampler.images else "features",
        labels=trained.sampler.labels(np.arange(n)),
        classes=trained.classes,
        notes=(f"drawn from {trained.gan} at step {trained.step}, seed {seed}",),
    )
    return geometry.apply(samples, options.geometry)


def place(text: str) -> tuple[pathlib.Path, int | None]:
    """DIR and STEP of DIR[@STEP]; an existing folder's name may hold an @."""
    run, at, step = text.rpartition("@")
    if at and step.isdigit() and not pathlib.Path(text).exists():
        return pathlib.Path(run).expanduser(), int(step)
    return pathlib.Path(text).expanduser(), None


class _Rows:
    def __init__(self, sampler: sampling.Sampler, n: int, seed: int):
        self._sampler, self._n, self._seed = sampler, n, seed
        self.shape: tuple[int, ...] = sampler.shape
        self.dtype = np.dtype(np.uint8 if sampler.images else np.float32)

    def __len__(self) -> int:
        return self._n

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self._sampler.draw(np.asarray(indices, np.int64), self._seed)
