"""`hypercolumns:RUN`: named layers of a trained classifier at a few points of the image (Hariharan et al. 2014).

Named are all layers of the small networks and the stages of ResNets.

A hypercolumn is the stack of all channels of all layers at one pixel. Thesis 004 (section 3.4.3) takes "a sampled
representation of each layer"; how many points it took is not known, ours are 16. A point is a pixel of the image,
mapped to each layer by centred scaling without interpolation; the same points serve every image. Layers of a single
place, the prelogits and the logits come once.
"""

import pathlib
import re
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from gan_probe import models, parallel, types
from gan_probe.classifiers import runs
from gan_probe.embed import mapper
from gan_probe.models import outputs

__all__ = ["make", "points"]

_ARGUMENT = re.compile(r"(?P<run>.+?)(\?(?P<settings>[^?]*))?", re.DOTALL)
_MOST_ROWS = 128


def make(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    """`RUN`, or `RUN?points=32&seed=1`.

    Raises:
      UserError: no run, a network without layers, images of another shape, or settings that are no whole numbers.
    """
    if not argument:
        raise types.UserError("--embed=hypercolumns: give the run of a classifier, --embed=hypercolumns:DIR")
    folder, settings = _parsed(argument)
    classifier = runs.load(pathlib.Path(folder))
    mapper.check_shape(f"hypercolumns:{argument}", context.first, classifier.shape)
    height, width, _ = classifier.shape
    if not 1 <= settings["points"] <= height * width:
        raise types.UserError(f"--embed=hypercolumns:{argument}: points must be 1 to {height * width}, the pixels")
    at = points(height, width, **settings)
    module = models.ARCHITECTURES[classifier.arch](len(classifier.classes))

    @jax.jit
    def columns(variables, images):
        found = module.apply(variables, outputs.centred(images))
        parts = [_at_points(layer, at, (height, width)) for layer in found.layers.values()]
        last = parts[-1] if parts else jnp.zeros((len(images), 0), jnp.float32)
        if last.shape != found.prelogits.shape:  # else the last layer is what the logits are made of
            parts.append(found.prelogits)
        return jnp.concatenate([*parts, found.logits], axis=1)

    blank = jnp.zeros((1, *classifier.shape), jnp.float32)
    layers: Any = jax.eval_shape(lambda v, x: cast(Any, module.apply(v, x)).layers, classifier.variables, blank)
    if not layers:
        raise types.UserError(f"--embed=hypercolumns:{argument}: {classifier.arch} has no layers; use logits")

    def apply(rows: np.ndarray) -> np.ndarray:
        return parallel.in_batches(columns, classifier.variables, rows, _MOST_ROWS).astype(np.float32)

    dim = apply(context.first.rows.take([0])).shape[1]
    about = {"arch": classifier.arch, "run": folder, "layers": list(layers), **settings}
    embedding = types.Embedding("hypercolumns", about, classifier.sha256)
    notes = tuple(runs.unfinished(folder, classifier))
    return mapper.Mapper(embedding, apply, dim, dear=True, most=_MOST_ROWS, notes=notes)


def points(height: int, width: int, *, points: int, seed: int) -> np.ndarray:
    """Row and column int [points, 2] of different pixels, sorted, drawn with the seed."""
    chosen = np.random.default_rng(seed).choice(height * width, points, replace=False)
    return np.stack(np.divmod(np.sort(chosen), width), axis=1)


def _at_points(layer: jax.Array, at: np.ndarray, image: tuple[int, int]) -> jax.Array:
    """[b, points c] of a layer [b, h, w, c]; [b, c] of a layer of one place."""
    if layer.shape[1:3] == (1, 1):
        return layer[:, 0, 0]
    # The centre of pixel i of n lies at (i + 1/2) / n of the height, in place floor((i + 1/2) h / n) of the layer.
    rows, cols = ((2 * at[:, k] + 1) * layer.shape[1 + k] // (2 * image[k]) for k in (0, 1))
    return layer[:, rows, cols].reshape(len(layer), -1)


def _parsed(argument: str) -> tuple[str, dict[str, int]]:
    match = _ARGUMENT.fullmatch(argument)
    assert match is not None
    settings = {"points": 16, "seed": 0}
    for word in filter(None, (match["settings"] or "").split("&")):
        name, _, value = word.partition("=")
        if name not in settings or not value.isdecimal():
            raise types.UserError(f"--embed=hypercolumns:{argument}: write ?points=N&seed=N with whole numbers")
        settings[name] = int(value)
    return match["run"], settings
