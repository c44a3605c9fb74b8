"""gan-probe evaluate: two sets of samples in, numbers with intervals out."""

import functools
import os
import pathlib
from typing import Any

from absl import flags

from gan_probe import types
from gan_probe.commands import command

__all__ = ["COMMAND"]

_DIGITS_FAKES = ("faithful", "memoriser", "dropper", "lowsupport", "blurred")


def _define(values: flags.FlagValues) -> None:
    text, whole = functools.partial(command.text, values), functools.partial(command.whole, values)
    text("real", None, "held-out real data that the generator never saw (SRC)")
    flags.DEFINE_multi_string(
        "fake", None, "generated samples, [NAME=]SRC; a NAME has letters, digits, . _ -", flag_values=values
    )
    text("train", None, "what the generator was trained on (SRC); the tests of copying need it")
    text("metrics", "all", "names of `gan-probe list metrics` with commas, or all that applies (ais only by name)")
    text(
        "embed", None, "pixels (default for images), pca:K, features (default for features), imagenet, logits:RUN, "
        "prelogits:RUN, hypercolumns:RUN, module:function",
    )  # fmt: skip
    text("out", "gan-probe-report", "folder for results.json and report.html")
    command.define_images(values)
    flags.DEFINE_boolean(
        "curves", False, "also every metric on eighths, quarters and halves of the sets", flag_values=values
    )
    whole("seed", 0, "of blocks, calibration and grids", lower_bound=0, upper_bound=2**32 - 1)
    whole("tile", 512, "most columns of a tile (no more than 512 are taken on CPU)", lower_bound=16)
    flags.DEFINE_float("memory_gb", 4.0, "memory for features and panels", 0.1, 1e6, flag_values=values)
    text("cache", _cache_dir(), "folder for embeddings, passes of real and train, programs; --cache= keeps nothing")
    from gan_probe import selection

    for name, switch in selection.switches().items():
        about = f"{', '.join(switch.metrics)}: {switch.about}"
        if isinstance(switch.default, str):
            text(name, switch.default, about)
        elif isinstance(switch.default, int):
            whole(name, switch.default, about, lower_bound=0)
        elif name == "scale":
            text(name, str(switch.default), about)
        else:
            flags.DEFINE_float(name, switch.default, about, flag_values=values)


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    command.no_words(words)
    embedded = values.real is None and not values.fake and values.train is None
    real, train = values.real, values.train
    if embedded:
        real, train = (f"digits/{role}?seed={values.seed}" for role in ("real", "train"))
    if not real:
        raise types.UserError("--real is missing: held-out real data; see gan-probe evaluate --help")
    fakes = (
        {n: f"digits/{n}?seed={values.seed}" for n in _DIGITS_FAKES} if embedded else command.named(values.fake or [])
    )
    if not fakes:
        raise types.UserError("--fake is missing: generated samples, [NAME=]SRC; see gan-probe evaluate --help")

    from gan_probe import evaluation, metrics, reference, selection, sets
    from gan_probe.ops import compiling
    from gan_probe.report import files, summary

    switches: dict[str, Any] = {
        name: _scale(values.scale) if name == "scale" else values[name].value for name in selection.switches()
    }
    selection.select(values.metrics, switches)
    out = pathlib.Path(values.out)
    files.check_out(out)
    if values.embed:
        command.find_own_modules()
    options = command.images(values)
    cache = _cache(values)
    if cache is not None:
        compiling.keep_programs(cache / "programs")
    held_out = sets.opened(real, name="real", seed=values.seed, **options)
    opened = sets.fakes(fakes, n=None, like=held_out, seed=values.seed, **options)
    prepared = reference.Reference(
        real=held_out, train=train, embed=values.embed, seed=values.seed, **options,
        cache_dir=cache, memory_gb=values.memory_gb, tile=values.tile,
        progress=command.progress,
    )  # fmt: skip
    if (out / files.RESULTS).exists():
        command.say(f"{out}: the report in it will be replaced")
    results, pictures = evaluation.evaluate_against(
        prepared, opened, metrics=values.metrics, curves=values.curves, command=line, **switches
    )
    for name, given in results["inputs"].items():
        for note in given["notes"]:
            if note.startswith("warning: "):
                command.say(f"{name}: {note}")
    files.write(out, results, pictures, explain={n: make().about for n, make in metrics.METRICS.items()})
    print(summary.summary(results, out))


def _scale(text: str) -> float | str | tuple[float | str, ...]:
    parts = text.split(",")
    try:
        scales = tuple(p if p == "median" else float(p) for p in parts)
    except ValueError:
        raise types.UserError(f"--scale={text}: give a number, several with commas, or median") from None
    if any(s != "median" and not (isinstance(s, float) and 0 < s < float("inf")) for s in scales):
        raise types.UserError(f"--scale={text}: a scale must be a positive number, or median")
    return scales if len(scales) > 1 else scales[0]


def _cache_dir() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "gan-probe")


def _cache(values: flags.FlagValues) -> pathlib.Path | None:
    """The cache folder; none where the default one can't be written, as in a container without a home."""
    from gan_probe import pass_cache

    try:
        return pass_cache.prepared(pathlib.Path(values.cache)) if values.cache else None
    except types.UserError:
        if values["cache"].using_default_value:
            return None
        raise


COMMAND = command.Command(
    "compare generated sets with held-out real data",
    """gan-probe evaluate --real=SRC --fake=[NAME=]SRC [--train=SRC]

Without any flag it runs on the embedded digits, with one faithful sampler and four that commit a known crime.
SRC: a folder of images (sub-folders are classes), file.npz, file.npy, digits/real, tfds:mnist/test, and any of them
with a slice, [0:1000]; all forms: gan-probe list data.

  gan-probe evaluate --real=photos/test --train=photos/train --fake=samples/
  gan-probe evaluate --real=test.npz --fake=a=model_a.npz --fake=b=model_b.npz --embed=pca:64""",
    _define,
    _run,
)
