"""gan-probe train: train a GAN, with checkpoints, samples over time and metrics over time."""

import functools
import pathlib

from absl import flags

from gan_probe import types
from gan_probe.commands import command

__all__ = ["COMMAND"]


def _define(values: flags.FlagValues) -> None:
    text, whole = functools.partial(command.text, values), functools.partial(command.whole, values)
    text("gan", None, "system; see gan-probe list gans")
    text("data", None, "what to train on (SRC)")
    text("out", None, "folder of the run: run.json, checkpoints, grids of samples")
    text("preset", "cpu", "smoke (seconds), cpu (minutes on two cores) or paper (the published settings)")
    whole("every", None, "iterations between checkpoints; a tenth of the steps by default", lower_bound=1)
    flags.DEFINE_boolean(
        "per_class", False, "a GAN of its own for each class (paper 000, section 2.2)", flag_values=values
    )
    flags.DEFINE_boolean("resume", False, "go on with a run that was stopped; --steps may grow", flag_values=values)
    text("probe", None, "metrics of each checkpoint's samples against --real, such as ddm,birthday,modes")
    text("real", None, "held-out real data for --probe (SRC); no part in training")
    text("embed", None, "features of --probe, as in gan-probe evaluate")
    whole("probe_n", 2_000, "samples of each checkpoint for --probe", lower_bound=2)
    command.define_images(values)
    whole("seed", 0, "of initial weights, order of rows and latents", lower_bound=0, upper_bound=2**31 - 1)
    for name, (kind, about) in _settings().items():
        command.setting(values, name, kind, about)


def _settings() -> dict[str, tuple[type, str]]:
    """Every setting of any system: its kind, and what it is, with each system's default and its source."""
    from gan_probe import gans
    from gan_probe.gans import settings

    seen: dict[str, tuple[type, dict[str, dict[str, list[str]]]]] = {}
    for system, line in gans.GANS.items():
        for name, field in settings.named(line.settings).items():
            default = f"{field.default} ({field.metadata['source']})"
            abouts = seen.setdefault(name, (type(field.default), {}))[1]
            choices = f": {', '.join(field.metadata['choices'])}" if field.metadata["choices"] else ""
            abouts.setdefault(field.metadata["about"] + choices, {}).setdefault(default, []).append(system)
    return {
        name: (
            kind,
            ". ".join(
                f"{about}; " + "; ".join(f"{', '.join(who)} {default}" for default, who in defaults.items())
                for about, defaults in abouts.items()
            ),
        )
        for name, (kind, abouts) in seen.items()
    }


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    del line
    command.no_words(words)
    command.required(
        values, "train", gan="the system; see gan-probe list gans", data="what to train on (SRC)",
        out="the folder of the run",
    )  # fmt: skip
    from gan_probe import probing, sets
    from gan_probe.gans import runs

    given = {name: values[name].value for name in _settings() if values[name].value is not None}
    data = sets.opened(values.data, name="train", seed=values.seed, **command.images(values))
    out = pathlib.Path(values.out)
    probe = _probe(values, data, out)

    def report(event: runs.Event) -> None:
        losses = "  ".join(f"{name} {value:.4f}" for name, value in event.losses.items())
        speed = f"{event.steps_per_second:.2f} steps/s" if event.losses else "before training"
        print(f"step {event.step:7}  {speed}  {losses}", flush=True)
        if probe is not None:
            row = probe(event.step, event.sampler)
            for name, found in row["results"].items():
                print(f"  {name} {_number(found['value'])} [{', '.join(map(_number, found['ci95']))}]", flush=True)
            for name, why in row["failed"].items():
                print(f"  {name}: {why}", flush=True)

    trained = runs.train(
        out, values.gan, data, preset=values.preset, given=given, per_class=values.per_class, every=values.every,
        seed=values.seed, resume=values.resume, progress=command.progress, report=report,
    )  # fmt: skip
    print(f"The run: {out} (samples over time: {out / 'grids'}); judge it with --fake={trained.gan}=run:{out}")
    if probe is not None:
        print(f"Metrics over time: {out / probing.PICTURE}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _probe(values: flags.FlagValues, data: types.Samples, out: pathlib.Path):
    """What --probe asks for, None without."""
    if not values.probe:
        return None
    if not values.real:
        raise types.UserError("--probe needs --real: held-out real data to compare with (SRC)")
    from gan_probe import probing, reference, selection, sets

    chosen = selection.select(values.probe, {}).metrics
    train = data if any(metric.train for metric in chosen.values()) else None
    real = sets.opened(values.real, name="real", seed=values.seed, **command.images(values))
    if real.rows.shape != data.rows.shape:
        shapes = f"{list(real.rows.shape)}, {data.source} {list(data.rows.shape)}"
        raise types.UserError(f"{real.source} holds rows of {shapes}: --probe compares what is alike; give --resize=N")
    prepared = reference.Reference(real=real, train=train, embed=values.embed, seed=values.seed)
    return probing.Probe(out, prepared, list(chosen), values.probe_n)


COMMAND = command.Command(
    "train a GAN, with checkpoints, samples and metrics over time",
    """gan-probe train --gan=NAME --data=SRC --out=DIR [--preset=cpu] [--resume] [--probe=ddm,modes --real=SRC]

Writes checkpoints, a grid of the same latents at each, and losses (run.json). A run that was killed goes on with
--resume, bit for bit on one device. `run:DIR[@STEP]?n=50000` is then a source of samples everywhere.

  gan-probe train --gan=dcgan --data=tfds:mnist/train --preset=cpu --out=runs/dcgan
  gan-probe evaluate --real=tfds:mnist/test --train=tfds:mnist/train --fake='dcgan=run:runs/dcgan?n=10000'
  gan-probe train --gan=mlp --data=synthetic:grid25 --out=runs/grid --loss=pearson --input_noise=0.3
  gan-probe train --gan=dcgan --per_class --data=tfds:mnist/train --out=runs/each --preset=smoke""",
    _define,
    _run,
)
