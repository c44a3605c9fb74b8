"""`modes`: trained annotators name the class of every image, and class fractions are compared (000 sections 2.1, 3.3).

Fractions are given raw (as annotated, of fake and of real) and corrected for the annotators' confusion matrix, which
says nothing of images unlike any real one: correction assumes that an annotator errs on samples of a class as it does
on real images of that class.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe import annotators as annotators_lib
from gan_probe import content, generated, mode_records, sets, types
from gan_probe.classifiers import runs as classifier_runs

__all__ = ["compared", "modes", "steps"]

_EXAMPLES, _MOST_SHOWN = 8, 12
_STEP = re.compile(r"(?P<name>.+)@(?P<step>\d+)", re.DOTALL)


def modes(*, annotator: str | Sequence[str], real: Any, fake: Any, **settings: Any) -> dict[str, Any]:
    """Class fractions of generated sets against real ones: the content of modes.json; see `compared`."""
    return compared(annotator=annotator, real=real, fake=fake, **settings)[0]


def compared(
    *,
    annotator: str | Sequence[str],
    real: Any,
    fake: Any,
    n_fake: int | None = None,
    seed: int = 0,
    resize: int | None = None,
    crop: int | None = None,
    label: str | None = None,
    command: str = "gan_probe.modes",
    progress: Any = None,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Class fractions of generated sets against real ones.

    Args:
      annotator: run of `gan-probe classify`, or several of different attributes, whose classes are combined.
      real: held-out images; labelled ones measure the annotator, otherwise its run's own held-out images do.
      fake: one set or a mapping name -> set; names NAME@STEP of one NAME make a curve over training, as does the folder
        of a run.
      n_fake: samples to draw from a function; as many as real by default.
      seed: of draws and examples.
      resize, crop, label: see `gan-probe modes --help`.
      command: what the report names as its origin.
      progress: called as tqdm is.

    Returns:
      The content of modes.json, and the pictures of modes.html: "NAME/class" -> uint8 images [m, h, w, c].

    Raises:
      UserError: bad input, one line that names it and the remedy.
    """
    judges = annotators_lib.loaded([annotator] if isinstance(annotator, str) else annotator)
    options: dict[str, Any] = {"resize": resize, "crop": crop, "label": label}
    held = annotators_lib.seen(judges, sets.opened(real, name="real", seed=seed, **options))
    named = {  # the folder of a run is all of its checkpoints: figure 1 of paper 000
        name: f"run:{one}@all" if generated.is_run(one) else one for name, one in sets.named_fakes(fake).items()
    }
    opened = sets.fakes(named, n=n_fake, like=held, seed=seed, **options)
    everything = {"real": held, **opened}
    for name, samples in everything.items():  # a wrong set costs no annotating
        annotators_lib.check(judges, samples, name=name)
        if len(samples) < 2:
            raise types.UserError(f"{name}: {samples.source} holds one image; class fractions need two or more")
    truth = annotators_lib.truth(judges, held)
    annotated = {
        name: annotators_lib.annotate(judges, samples, name=name, progress=progress)
        for name, samples in everything.items()
    }
    measured = mode_records.Measured(judges, held, truth, annotated["real"])
    curves = steps(opened)
    earlier = {name for seen in curves.values() for _, name in seen[:-1]}
    notes = {name: _shared(judges, seen.hashes) for name, seen in annotated.items()}
    for name in opened:
        notes[name] += sets.rows_of_real(annotated[name].hashes, annotated["real"].hashes)
    for run, model in zip(judges.runs, judges.models, strict=True):
        notes["real"] += classifier_runs.unfinished(run, model)
    found = {
        **content.header(command, seed, jax.devices()),
        "inputs": {
            name: content.described("real" if name == "real" else "fake", samples, annotated[name].sha256, notes[name])
            for name, samples in everything.items()
        },
        "annotators": [measured.annotator(k) for k in range(len(judges.models))],
        "classes": list(judges.classes),
        "confusion": measured.confusion(),
        "real": measured.real,
        "results": {name: measured.compared(samples, annotated[name]) for name, samples in opened.items()},
        "evolution": {n: [{"step": s, "fake": f} for s, f in seen] for n, seen in curves.items()},
    }
    pictures: dict[str, np.ndarray] = {}
    for name, samples in everything.items():
        if name not in earlier:
            pictures |= _examples(name, samples, annotated[name].codes, judges.classes, seed)
    return found, pictures


def _shared(judges: annotators_lib.Annotators, hashes: np.ndarray) -> list[str]:
    """A warning for each annotator that was trained on rows of the set: it errs less on them than on new ones."""
    counts = {run: annotators_lib.trained_on(run, hashes) for run in judges.runs}
    says = "its accuracy and its corrections here are too good"
    return [f"warning: {run} was trained on {n} of these rows: {says}" for run, n in counts.items() if n]


def steps(names: Sequence[str] | Mapping[str, Any]) -> dict[str, list[tuple[int, str]]]:
    """NAME -> (step, NAME@STEP) in the order of steps, of every NAME that has two steps or more."""
    out: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        match = _STEP.fullmatch(name)
        if match:
            out.setdefault(match["name"], []).append((int(match["step"]), name))
    return {name: sorted(seen) for name, seen in out.items() if len(seen) > 1}


def _examples(
    name: str, samples: types.Samples, codes: np.ndarray, classes: Sequence[str], seed: int
) -> dict[str, np.ndarray]:
    """A few images of each of the set's commonest classes, drawn with the seed (figures 2 and 3)."""
    counts = np.bincount(codes, minlength=len(classes))
    shown = np.argsort(-counts, kind="stable")[:_MOST_SHOWN]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(codes))
    at = {c: np.sort(order[codes[order] == c][:_EXAMPLES]) for c in shown if counts[c]}
    return {f"{name}/{classes[c]}": samples.rows.take(rows) for c, rows in at.items()}
