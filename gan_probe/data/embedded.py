"""The embedded data: scikit-learn's digits (1,797 images of 8x8) and samplers whose truth is known.

A seeded shuffle cuts the digits into thirds of 599: `train`, `real` (also `test`), and a held-out third from which all
samplers but the memoriser draw, so that no honest sample is also a real one. A row's name is its number in the original
data; samplers hide it, with the labels. `digits/NAME?seed=3` shuffles and draws anew.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import scipy.ndimage

from gan_probe import types
from gan_probe.data import arrays, geometry, kinds

__all__ = ["NAMES", "accepts", "load"]


class _Thirds(NamedTuple):
    images: np.ndarray
    labels: np.ndarray
    train: np.ndarray
    real: np.ndarray
    held_out: np.ndarray


def accepts(src: str) -> bool:
    return src.partition("?")[0] in NAMES


def load(src: str, options: kinds.Options) -> types.Samples:
    """One of NAMES as images uint8 [n, 8, 8, 1]."""
    key, values = kinds.query(src, {"seed": options.seed})
    seed = int(values["seed"])
    if seed < 0:
        raise types.UserError(f"{src}: the seed must not be negative")
    name = key.partition("/")[2]
    thirds = _thirds(seed)
    if name in _SAMPLERS:
        # The stream of each sampler is its own: adding one changes no other.
        rng = np.random.default_rng([seed, *name.encode()])
        images = _SAMPLERS[name](thirds, rng)
        names = [f"{name}/{index:05d}" for index in range(len(images))]
        samples = arrays.samples(images, source=src, names=names)
    else:
        rows = {"train": thirds.train, "faithful": thirds.held_out}.get(name, thirds.real)
        labels = None if name == "faithful" else thirds.labels[rows]
        names = [f"digits/{row:05d}" for row in rows]
        samples = arrays.samples(thirds.images[rows], source=src, labels=labels, names=names)
    return geometry.apply(samples, options.geometry)


def _thirds(seed: int) -> _Thirds:
    # Imported here: scikit-learn costs a second that no other source needs.
    from sklearn import datasets

    digits = datasets.load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    order = np.random.default_rng(seed).permutation(len(images))
    train, real, held_out = np.split(order, 3)
    return _Thirds(images, digits.target, train, real, held_out)


def _memoriser(thirds: _Thirds, rng: np.random.Generator) -> np.ndarray:
    """Every training image once, shuffled, within 3 of 255 grey levels."""
    return _jitter(thirds.images[rng.permutation(thirds.train)], 3, rng)


def _dropper(thirds: _Thirds, rng: np.random.Generator) -> np.ndarray:
    """The held-out images of 7 of the 10 classes."""
    kept = rng.permutation(10)[:7]
    return thirds.images[thirds.held_out[np.isin(thirds.labels[thirds.held_out], kept)]]


def _lowsupport(thirds: _Thirds, rng: np.random.Generator) -> np.ndarray:
    """599 draws with replacement from 60 held-out images, 6 a class, within 2 of 255 grey levels."""
    by_class = [thirds.held_out[thirds.labels[thirds.held_out] == label] for label in range(10)]
    support = np.concatenate([rng.choice(rows, 6, replace=False) for rows in by_class])
    return _jitter(thirds.images[rng.choice(support, len(thirds.held_out))], 2, rng)


def _blurred(thirds: _Thirds, rng: np.random.Generator) -> np.ndarray:
    """The held-out images, shuffled, under a Gaussian blur of 0.8 pixels."""
    images = thirds.images[rng.permutation(thirds.held_out)].astype(np.float64)
    return np.rint(scipy.ndimage.gaussian_filter(images, sigma=(0, 0.8, 0.8, 0))).astype(np.uint8)


def _jitter(images: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    noise = rng.integers(-most, most, size=images.shape, endpoint=True)
    return np.clip(images.astype(np.int64) + noise, 0, 255).astype(np.uint8)


_SAMPLERS: Mapping[str, Callable[[_Thirds, np.random.Generator], np.ndarray]] = {
    "memoriser": _memoriser,
    "dropper": _dropper,
    "lowsupport": _lowsupport,
    "blurred": _blurred,
}

NAMES = ("digits/train", "digits/real", "digits/test", "digits/faithful", *(f"digits/{name}" for name in _SAMPLERS))
