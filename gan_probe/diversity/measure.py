"""`diversity`: fits every training set, makes the true curve, and inverts it for each synthetic set."""

import dataclasses
import functools
import hashlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe import models, types
from gan_probe.classifiers import linear, training
from gan_probe.diversity import cells, fits, linear_fits, nearest_fits, network_fits, results, task

__all__ = ["ARCHS", "diversity"]

_LEAST = {"linear": 8, "nearest": 8}  # rows of a training set; a network needs some to validate
_NETWORK_LEAST = 32
_REPEATS = {"linear": 10, "nearest": 10}
_NETWORK_REPEATS = 3
_MOST_TIMES = 1000
_FRESH = 20  # epochs of fresh samples that a generator is asked for
_FRESH_LEAST = 2

ARCHS = ("linear", "nearest", *(name for name in models.ARCHITECTURES if name != "linear"))
"""linear is solved to its optimum, as it is by `gan-probe classify`; other networks are trained by steps."""


def diversity(
    *,
    train: Any,
    real: Any,
    fake: Any,
    out: str | os.PathLike[str],
    arch: str = "linear",
    annotator: str | None = None,
    embed: str | Callable[[np.ndarray], Any] | None = None,
    repeats: int | None = None,
    oversample: Sequence[int] = (1, 10),
    fresh: bool = False,
    balance: bool = False,
    ridge: float = linear.RIDGE,
    tolerance: float = linear.TOLERANCE,
    recipe: training.Recipe | None = None,
    seed: int = 0,
    resize: int | None = None,
    crop: int | None = None,
    label: str | None = None,
    memory_gb: float = 4.0,
    resume: bool = False,
    command: str = "gan_probe.diversity",
    progress: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Train on synthetic, test on real: how many real rows each fake is worth as a training set.

    Args:
      train: labelled real data, of which subsets make the true curve: a SRC string, an array or any Source.
      real: labelled held-out data on which everything is tested.
      fake: generated samples, or a mapping of several by name; labelled, or labelled by the annotator. A function or
        a `run:DIR` without n gives as many as the largest synthetic set holds.
      out: folder of the run, which keeps every finished fit; new, or with `resume` one of the same settings.
      arch: one of ARCHS: linear (softmax), nearest (1-NN), or a network of models.ARCHITECTURES.
      annotator: run of `gan-probe classify` that labels fakes without labels; a linear model of train by default.
      embed: what linear and nearest see: see evaluate; networks see images.
      repeats: random subsets of each size; 10, for networks 3.
      oversample: sizes of the synthetic sets, as multiples of train.
      fresh: with networks, also one that sees new samples in every epoch (paper 001); a fake must have enough for two
        epochs, and where they run out before training ends they come again, which is warned of.
      balance: equal numbers of all classes in train and real, chosen at random (paper 000).
      ridge, tolerance: see linear.fit_many.
      recipe: of a network's training; recipes.CLASSIFIERS by default.
      seed: of subsets, initial weights and orders.
      resize, crop, label: see `gan-probe diversity --help`.
      memory_gb: memory that features and solvers may take.
      resume: go on with a run that was stopped.
      command: what results say they were made by.
      progress: called as tqdm is.

    Returns:
      The content of diversity.json.

    Raises:
      UserError: bad input, one line that names it and the remedy.
    """
    _check(arch, embed, repeats, oversample, fresh, ridge)
    network = arch not in _LEAST
    given = task.prepare(
        train=train, real=real, fake=fake, annotator=annotator, balance=balance,
        times=max(*oversample, _FRESH if fresh else 1),
        embed=embed, network=network, seed=seed,
        memory_gb=memory_gb, progress=progress, resize=resize, crop=crop, label=label,
    )  # fmt: skip
    if network:
        models.check_takes(arch, given.samples["train"].rows.shape)
    least = max(_LEAST.get(arch, _NETWORK_LEAST), 2 * len(given.classes))
    repeats = _REPEATS.get(arch, _NETWORK_REPEATS) if repeats is None else repeats
    n = len(given.samples["train"])
    if len(fits.factors(n, least)) < 2:
        raise types.UserError(f"{given.samples['train'].source} has {n} rows; a curve needs at least {2 * least}")
    wanted = fits.real_fits(n, least, repeats, seed)
    for name in given.fakes:
        wanted += fits.synthetic_fits(name, len(given.samples[name]), n, oversample, fresh, seed)

    if arch == "linear":
        linear_fits.check(given, wanted)
    for fit in wanted:
        _check_fresh(given, fit)

    settings: dict[str, Any] = {
        "arch": arch, "repeats": repeats, "oversample": list(oversample), "fresh": fresh, "least_rows": least,
        "embedding": given.embedding._asdict(), "seed": seed, "labelled_by": dict(given.labelled_by),
        "sha256": {name: e.sha256 for name, e in given.embedded.items()}, "classes": list(given.classes),
        "labels": {name: hashlib.sha256(codes.tobytes()).hexdigest() for name, codes in given.labels.items()},
        **({"ridge": ridge, "tolerance": tolerance} if arch == "linear" else {}),
        **({"recipe": dataclasses.asdict(recipe)} if recipe else {}),
    }  # fmt: skip
    kept = cells.Cells(pathlib.Path(out), settings, resume=resume)
    learn: Callable[..., None] = nearest_fits.learn
    if arch == "linear":
        learn = functools.partial(linear_fits.learn, ridge=ridge, tolerance=tolerance)
    elif network:
        learn = functools.partial(network_fits.learn, arch=arch, folder=kept.runs(), recipe=recipe)
    outcomes = _learnt(given, wanted, learn, kept, f"{arch}: fits")
    return results.results(given, wanted, outcomes, settings, command=command, devices=jax.local_devices())


def _learnt(
    given: task.Task, wanted: Sequence[fits.Fit], learn: Callable[..., None], kept: cells.Cells, title: str
) -> list[fits.Outcome]:
    """The outcome of every fit, from the run's folder or made now."""
    items = len(given.labels["real"])
    found = {_name(fit): kept.read(fit, items) for fit in wanted}
    left = [fit for fit in wanted if found[_name(fit)] is None]
    bar = given.progress(total=len(wanted), initial=len(wanted) - len(left), desc=title) if given.progress else None

    def done(fit: fits.Fit, outcome: fits.Outcome) -> None:
        kept.write(fit, outcome)
        found[_name(fit)] = outcome
        if bar is not None:
            bar.update(1)

    try:
        learn(given, wanted, left, done)
    finally:
        if bar is not None:
            bar.close()
    return [outcome for fit in wanted if (outcome := found[_name(fit)]) is not None]


def _name(fit: fits.Fit) -> tuple[str, str, int]:
    return fit.source, fit.point, fit.repeat


def _check(arch: str, embed: Any, repeats: int | None, oversample: Sequence[int], fresh: bool, ridge: float) -> None:
    if arch not in ARCHS:
        raise types.UserError(f"--arch={arch}: unknown{types.hint(arch, ARCHS)}; one of {', '.join(ARCHS)}")
    if embed is not None and arch not in _LEAST:
        raise types.UserError(f"--embed is for --arch=linear and nearest: {arch} sees the images themselves")
    if fresh and arch in _LEAST:
        raise types.UserError(f"--fresh is for networks, which see samples in epochs; {arch} takes --oversample")
    if repeats is not None and repeats < 1:
        raise types.UserError(f"--repeats={repeats}: must be at least 1")
    if not oversample or len(set(oversample)) < len(oversample) or min(oversample) < 1:
        raise types.UserError(f"--oversample={','.join(map(str, oversample))}: give different numbers from 1, as 1,10")
    if max(oversample) > _MOST_TIMES:
        raise types.UserError(f"--oversample={max(oversample)}: at most {_MOST_TIMES} times")
    if not 0 < ridge < float("inf"):
        raise types.UserError(f"--ridge={ridge}: must be a positive number")


def _check_fresh(given: task.Task, fit: fits.Fit) -> None:
    if fit.epoch_rows and network_fits.fresh_epochs(given, fit) < _FRESH_LEAST:
        raise types.UserError(
            f"--fresh: {fit.source} has {len(fit.rows)} samples, too few for {_FRESH_LEAST} epochs of {fit.epoch_rows} "
            "and a tenth to validate; give more (a run: with n, or a greater --memory_gb) or leave --fresh out"
        )
