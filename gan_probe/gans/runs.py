"""A GAN's run directory: settings and losses in run.json, states in checkpoints, samples over time in grids."""

import functools
import pathlib
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_probe import checkpoint, gans, parallel, run_file, types
from gan_probe.gans import feed, gan, grid, sampling, training
from gan_probe.gans import settings as settings_lib

__all__ = ["Event", "Trained", "load", "train"]

_SHOWN = 64
_CHUNK = 10  # iterations between looks at the losses
_CHECKPOINTS = 10  # of a run, unless told otherwise
RESIDENT_BYTES = 1 << 30


class Event(NamedTuple):
    """A checkpoint was written: its step, mean losses since the one before, speed, and samples of the state."""

    step: int
    losses: Mapping[str, float]
    steps_per_second: float
    sampler: sampling.Sampler


class Trained(NamedTuple):
    """A checkpoint: name in GANS, iterations, names of the classes its samples have (None without), and its sampler.

    settings, state: of the system, for what else than samples it can make.
    """

    gan: str
    step: int
    classes: tuple[str, ...] | None
    sampler: sampling.Sampler
    settings: Any
    state: Any


def train(
    out: pathlib.Path,
    name: str,
    data: types.Samples,
    *,
    preset: str = "paper",
    given: Mapping[str, Any] | None = None,
    per_class: bool = False,
    every: int | None = None,
    seed: int = 0,
    resume: bool = False,
    devices: int | None = None,
    resident_bytes: int = RESIDENT_BYTES,
    progress: Callable[..., Any] | None = None,
    report: Callable[[Event], None] = lambda event: None,
) -> Trained:
    """Trains, with a checkpoint and a grid of samples of fixed latents at every `every` iterations, the first at 0.

    Args:
      out: the run directory; new or empty, or with `resume` one of the same settings (`steps` may grow).
      name: of GANS.
      data: images of one size, or features where the system takes them.
      preset: smoke | cpu | paper.
      given: settings that differ from the preset's.
      per_class: a GAN of its own for each class (paper 000, section 2.2).
      every: iterations between checkpoints, a tenth of the steps by default.
      seed: of initial weights, orders and latents.
      devices: that share a minibatch, all by default.
      resident_bytes: data up to this size lie on the device.
      progress: called as tqdm is.
      report: called after every checkpoint.

    Raises:
      UserError: settings, data or a directory that do not fit, a loss that is not finite, or a full disk.
    """
    system = _system(name)
    settings = settings_lib.make(name, system, preset, given or {})
    spec, groups = _fitting(name, system, data, per_class)
    mesh = parallel.mesh(devices)
    about = {
        "kind": "gan", "gan": name, "settings": settings_lib.given_as_flags(settings), "seed": seed,
        "data": data.source, "rows": len(data), "shape": list(spec.shape), "per_class": per_class,
        "classes": list(data.classes) if data.classes is not None else None,
    }  # fmt: skip
    built = _built(name, settings, spec)
    minibatches = feed.Feed(
        data.rows, data.labels, batch=settings.batch, seed=seed, mesh=mesh, resident_bytes=resident_bytes, groups=groups
    )
    history = run_file.begin(out, about, resume=resume, free=("steps",)).get("history", [])
    if not isinstance(history, list):
        raise types.UserError(f"{out}: its run.json is damaged; train again into a new folder")
    trainer = training.Trainer(built, minibatches, seed=seed, groups=len(groups) if groups else None)
    now = trainer.init()
    step = checkpoint.latest(out) if resume else None
    if step is not None and step > settings.steps:
        raise types.UserError(f"{out}: is at step {step} already; give --steps={step} or more")
    if step is not None:
        now = _progress(checkpoint.load(out, step, _saved(now)))
        history = [row for row in history if row["step"] <= step]
    every = every or max(settings.steps // _CHECKPOINTS, 1)

    def keep(losses: Mapping[str, float], speed: float) -> None:
        sampler = _sampler(system, built, now.state, spec, groups is not None)
        checkpoint.save(out, now.iteration, _saved(now), keep=None)
        shown = sampler.draw(np.arange(_SHOWN if sampler.images else 2_000), seed)
        columns = len(groups) if groups is not None else spec.classes if system.labels and spec.classes else 8
        grid.write(out / "grids" / f"step-{now.iteration:08}.png", shown, columns)
        history.append({"step": now.iteration, "losses": dict(losses), "steps_per_second": speed})
        run_file.write(out, {**about, "history": history})
        report(Event(now.iteration, losses, speed, sampler))

    if step is None:
        keep({}, 0.0)
    bar = progress(total=settings.steps, initial=now.iteration, desc=name, unit="step") if progress else None
    seen: list[dict[str, np.ndarray]] = []
    start = time.perf_counter()
    while now.iteration < settings.steps:
        event = min(settings.steps, now.iteration - now.iteration % every + every)
        size = min(_CHUNK, event - now.iteration)
        first = now.iteration
        now, infos = trainer.advance(now, size)
        _check(out, infos, first)
        seen.append(infos)
        if bar is not None:
            bar.set_postfix_str(" ".join(f"{k} {np.mean(v):.3f}" for k, v in infos.items()), refresh=False)
            bar.update(now.iteration - first)
        if now.iteration == event:
            _check_state(out, now)
            taken = time.perf_counter() - start
            names = dict.fromkeys(name for one in seen for name in one)
            means = {k: float(np.mean(np.concatenate([one[k] for one in seen if k in one]))) for k in names}
            keep(means, sum(len(next(iter(one.values()))) for one in seen) / taken)
            seen, start = [], time.perf_counter()
    if bar is not None:
        bar.close()
    return load(out)


def load(run: pathlib.Path, step: int | None = None) -> Trained:
    """A checkpoint of a run, the newest by default.

    Raises:
      UserError: no run of a GAN is there, it has no such step, or it is damaged.
    """
    run = pathlib.Path(run)
    about = run_file.read(run, "gan")
    steps = checkpoint.steps(run)
    if not steps:
        raise types.UserError(f"{run}: no checkpoint there yet; go on with gan-probe train --resume")
    if step is not None and step not in steps:
        raise types.UserError(f"{run}@{step}: no such step; it has {', '.join(map(str, steps))}")
    try:
        system = _system(about["gan"])
        settings = settings_lib.make(about["gan"], system, "paper", about["settings"])
        classes = tuple(map(str, about["classes"])) if about["classes"] is not None else None
        spec = gan.Spec(tuple(map(int, about["shape"])), len(classes) if classes is not None else None)
        groups = len(classes) if about["per_class"] and classes is not None else None
        built = _built(about["gan"], settings, spec)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise types.UserError(f"{run}: its run.json is damaged ({type(error).__name__}: {error})") from error

    def init() -> Any:
        if groups is None:
            return built.init(jax.random.key(0))
        return jax.vmap(built.init)(jax.random.split(jax.random.key(0), groups))

    like = _saved(training.Progress(jax.eval_shape(init), 0, 0))
    step = steps[-1] if step is None else step
    state = _progress(checkpoint.load(run, step, like)).state
    labelled = groups is not None or system.labels
    sampler = _sampler(system, built, state, spec, groups is not None)
    return Trained(about["gan"], step, classes if labelled else None, sampler, settings, state)


def _system(name: str) -> gan.System:
    if name not in gans.GANS:
        raise types.UserError(f"--gan={name}: unknown{types.hint(name, gans.GANS)}; see gan-probe list gans")
    return gans.GANS[name]


@functools.lru_cache(maxsize=16)
def _built(name: str, settings: Any, spec: gan.Spec) -> gan.Gan:
    """The same functions for the same settings: what is compiled once serves every run of the process."""
    return gans.GANS[name].build(settings, spec)


def _fitting(
    name: str, system: gan.System, data: types.Samples, per_class: bool
) -> tuple[gan.Spec, list[np.ndarray] | None]:
    """The data as the system sees them, and the rows of each class where each is trained on alone."""
    shape = tuple(data.rows.shape)
    if data.kind != "images" and not system.features:
        raise types.UserError(f"{data.source}: holds features, {name} makes images")
    if data.kind == "images" and (shape[0] != shape[1] or (system.sizes and shape[0] not in system.sizes)):
        *some, last = map(str, system.sizes)
        raise types.UserError(
            f"{data.source}: {name} makes square images of {', '.join(some)} or {last} pixels, not "
            f"{shape[1]}x{shape[0]}; give --resize={min(system.sizes, key=lambda s: abs(s - shape[0]))}"
        )
    if (system.labels or per_class) and (data.labels is None or data.classes is None):
        why = "--per_class" if per_class else name
        raise types.UserError(f"{data.source}: {why} needs labelled rows: sub-folders, `labels` in the npz, or --label")
    classes = len(data.classes) if data.classes is not None else None
    if not per_class:
        return gan.Spec(shape, classes), None
    assert data.labels is not None and classes is not None
    return gan.Spec(shape, classes), [np.flatnonzero(data.labels == c) for c in range(classes)]


def _sampler(system: gan.System, built: gan.Gan, state: Any, spec: gan.Spec, per_class: bool) -> sampling.Sampler:
    groups = spec.classes if per_class else None
    return sampling.Sampler(built, state, spec, conditional=system.labels, groups=groups)


def _saved(progress: training.Progress) -> dict[str, Any]:
    counts = {"iteration": progress.iteration, "minibatches": progress.minibatches}
    return {"state": progress.state, **{name: np.asarray(count, np.int32) for name, count in counts.items()}}


def _progress(saved: Mapping[str, Any]) -> training.Progress:
    return training.Progress(saved["state"], int(saved["iteration"]), int(saved["minibatches"]))


def _check(out: pathlib.Path, infos: Mapping[str, np.ndarray], first: int) -> None:
    """UserError at the first iteration with a loss that is not finite."""
    for i in range(len(next(iter(infos.values())))):
        bad = [name for name, values in infos.items() if not np.isfinite(values[i]).all()]
        if bad:
            raise _diverged(out, first + i + 1, f"the {bad[0]} value is not finite")


def _check_state(out: pathlib.Path, now: training.Progress) -> None:
    """UserError where a parameter is not finite: such a state is never saved."""
    if not _finite(now.state):
        raise _diverged(out, now.iteration, "a parameter is not finite")


@jax.jit
def _finite(state: Any) -> jax.Array:
    return jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(state)]).all()


def _diverged(out: pathlib.Path, step: int, what: str) -> types.UserError:
    good = checkpoint.latest(out)
    return types.UserError(
        f"{out}: {what} at step {step}; the last good checkpoint is step {good}; train again with a lower --rate"
    )
