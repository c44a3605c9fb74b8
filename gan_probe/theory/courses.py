"""GANs of laws in the plane over their training: many starts of one system at once, and what was counted of each.

Laws are those of WGAN-GP's toys and the pair of Gaussians of paper 001, section 1.
"""

import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from gan_probe import data, gans
from gan_probe.gans import gan, losses, seeds, settings
from gan_probe.theory import plane

__all__ = ["SIDE", "Course", "Law", "course", "law"]

SIDE = 101
"""Points of the window's side where discriminators are seen."""

_SIGMAS = {"ring8": 0.02, "grid25": 0.05, "swissroll": 0.25}


class Law(NamedTuple):
    """rows: [n, 2] scaled to a deviation of 1, but for the pair. centres: [k, 2] of its modes. sigma: of a mode."""

    rows: np.ndarray
    centres: np.ndarray
    sigma: float
    reach: float

    def density(self, samples: np.ndarray) -> np.ndarray:
        return plane.density(samples, self.reach)


class Course(NamedTuple):
    """How a GAN was trained: looks by iteration, and by iteration and seed what was counted; modes in units of 1/k.

    starts, seeds: how many were trained, and the numbers [seeds] of those that did not diverge, which all is about.
    closest, near: [t, seeds, k] share of samples by the closest mode, and within 3 sigma of each. misplaced: [t,
    seeds], see plane. rate: the generator's learning rate.
    """

    looks: Mapping[int, plane.Look]
    starts: int
    seeds: np.ndarray
    closest: np.ndarray
    near: np.ndarray
    misplaced: np.ndarray
    rate: float

    def over(self, field: str) -> np.ndarray:
        """[t, seeds] of a field of the looks."""
        return np.stack([getattr(look, field) for look in self.looks.values()])


def law(name: str, n: int, *, sigma: float, seed: int) -> Law:
    """n rows of a synthetic law; sigma: of the pair's modes."""

    def drawn(options: str, n: int) -> np.ndarray:
        return data.load(f"synthetic:{name}?n={n}{options}", seed=seed).rows.take(np.arange(n))

    sigma = _SIGMAS.get(name, sigma)
    rows = drawn(f"&sigma={sigma}", n)
    scale = 1.0 if name == "pair" else float(rows.std())
    centres = np.unique(drawn("&sigma=0", 1_000), axis=0) if name != "swissroll" else np.zeros((1, 2))
    reach = 1.0 if name == "pair" else 1.3 * float(np.abs(rows / scale).max())
    return Law(rows / np.float32(scale), centres / scale, sigma / scale, reach)


def course(
    run: pathlib.Path, law: Law, given: Mapping[str, Any], *, batch: int, steps: int, looks: int, starts: int,
    samples: int, seed: int, progress: Callable[..., Any],
) -> Course:  # fmt: skip
    """Trains the mlp GAN with settings `given` from so many starts and looks at its snapshots.

    Args:
      run: folder in which a killed training goes on.
      looks: snapshots over the training.
      samples: drawn of each state.
    """
    system = _system(tuple(given.items()))
    states = seeds.train(run, system, law.rows, batch=batch, steps=steps, every=max(steps // looks, 1), seeds=starts,
                         seed=seed, progress=progress)  # fmt: skip
    kept = np.flatnonzero(seeds.finite(states))
    states = {step: jax.tree.map(lambda leaf: leaf[kept], state) for step, state in states.items()}
    shown = _same if given["loss"] == "wasserstein" else jax.nn.sigmoid
    seen = {
        step: plane.look(system, shown, losses.LOSSES[given["loss"]].generator, state, plane.window(law.reach, SIDE),
                         samples=samples, seed=seed)
        for step, state in states.items()
    }  # fmt: skip
    real, k = law.density(law.rows), len(law.centres)

    def counted(count: Callable[[np.ndarray], Any]) -> np.ndarray:
        return np.array([[count(samples) for samples in look.samples] for look in seen.values()])

    return Course(
        seen,
        starts,
        kept,
        k * counted(lambda samples: plane.closest(samples, law.centres)),
        k * counted(lambda samples: plane.near(samples, law.centres, 3 * law.sigma)),
        counted(lambda samples: plane.misplaced(law.density(samples), real)),
        given["rate"],
    )


@functools.cache
def _system(given: tuple[tuple[str, Any], ...]) -> gan.Gan:
    system = gans.GANS["mlp"]
    return system.build(settings.make("mlp", system, "paper", dict(given)), gan.Spec((2,), None))


def _same(logits: jax.Array) -> jax.Array:
    return logits
