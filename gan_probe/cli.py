"""The command line: `gan-probe COMMAND --flags`. Exit status 0, 2 for what the user can mend, 143 after SIGTERM."""

import contextlib
import functools
import io
import os
import pathlib
import re
import shlex
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from absl import flags
from tqdm import tqdm

from gan_probe import types
from gan_probe.version import __version__

__all__ = ["main", "run"]

_DIGITS_FAKES = ("faithful", "memoriser", "dropper", "lowsupport", "blurred")


class Command(NamedTuple):
    """One line of COMMANDS: what `--help` says, its flags, and what runs it.

    `run` is given the flags, the positional arguments, and the command line as the user wrote it.
    """

    about: str
    usage: str
    define: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues, list[str], str], None]


def run() -> None:
    """Entry point: runs sys.argv and exits."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for stream in (sys.stdout, sys.stderr):  # a file's name must not end the run where the terminal knows no Unicode
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))


def main(argv: list[str]) -> int:
    """Runs one command line; returns its exit status."""
    try:
        return _main(argv)
    except types.UserError as error:
        _say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _main(argv: list[str]) -> int:
    if not argv or argv[0] in ("--help", "-h", "help", "--helpfull"):
        print(_help())
        return 0
    if argv[0] == "--version":
        print(__version__)
        return 0
    name, rest = argv[0], argv[1:]
    if name not in COMMANDS:
        raise types.UserError(f"{name}: unknown command{types.hint(name, COMMANDS)}; see gan-probe --help")
    command = COMMANDS[name]
    values = flags.FlagValues()
    command.define(values)
    if any(word in ("--help", "-h", "--helpfull") for word in rest):
        print(_command_help(name, command, values))
        return 0
    command.run(values, _parse(values, rest, name), shlex.join(["gan-probe", *argv]))
    return 0


def _say(text: str) -> None:
    """One line on stderr, without what steers a terminal."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    print(f"gan-probe: {line}", file=sys.stderr)


def _parse(values: flags.FlagValues, rest: list[str], name: str) -> list[str]:
    try:
        return list(values([name, *rest], known_only=False))[1:]
    except flags.UnrecognizedFlagError as error:
        near = types.hint(error.flagname, values)
        raise types.UserError(f"--{error.flagname}: unknown flag{near}; see gan-probe {name} --help") from error
    except flags.Error as error:
        text = re.sub(r"^flag (--.*?): invalid literal for int.*", r"\1: must be a whole number", str(error))
        text = re.sub(r"^flag (--.*?): could not convert .*", r"\1: must be a number", text)
        raise types.UserError(f"{text}; see gan-probe {name} --help") from error


# evaluate


def _define_evaluate(values: flags.FlagValues) -> None:
    text = functools.partial(flags.DEFINE_string, flag_values=values)
    whole = functools.partial(flags.DEFINE_integer, flag_values=values)
    text("real", None, "held-out real data that the generator never saw (SRC)")
    flags.DEFINE_multi_string(
        "fake", None, "generated samples, [NAME=]SRC; a NAME has letters, digits, . _ -", flag_values=values
    )
    text("train", None, "what the generator was trained on (SRC); the tests of copying need it")
    text("metrics", "all", "all, or names with commas; see gan-probe list metrics")
    text("embed", None, "pixels (default for images), pca:K, features (default for features), module:function")
    text("out", "gan-probe-report", "folder for results.json and report.html")
    whole("resize", None, "make all images N x N: centred square, antialiased", lower_bound=1)
    whole("crop", None, "cut the central N x N of all images, before any resize", lower_bound=1)
    text("label", None, "CelebA attribute that becomes the label, or two with a comma")
    flags.DEFINE_boolean(
        "curves", False, "also every metric on eighths, quarters and halves of the sets", flag_values=values
    )
    whole("seed", 0, "of blocks, calibration and grids", lower_bound=0, upper_bound=2**32 - 1)
    whole("tile", 512, "most rows of a tile", lower_bound=16)
    flags.DEFINE_float("memory_gb", 4.0, "memory for features and panels", lower_bound=0.1, flag_values=values)
    text("cache", _cache_dir(), "folder for embeddings and passes of real and train; --cache= keeps nothing")
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


def _evaluate(values: flags.FlagValues, words: list[str], line: str) -> None:
    _no_words(words)
    embedded = values.real is None and not values.fake and values.train is None
    real, train = values.real, values.train
    if embedded:
        real, train = (f"digits/{role}?seed={values.seed}" for role in ("real", "train"))
    if not real:
        raise types.UserError("--real is missing: held-out real data; see gan-probe evaluate --help")
    fakes = {n: f"digits/{n}?seed={values.seed}" for n in _DIGITS_FAKES} if embedded else _named(values.fake or [])
    if not fakes:
        raise types.UserError("--fake is missing: generated samples, [NAME=]SRC; see gan-probe evaluate --help")

    from gan_probe import evaluation, metrics, reference, selection, sets
    from gan_probe.report import files, summary

    switches: dict[str, Any] = {
        name: _scale(values.scale) if name == "scale" else values[name].value for name in selection.switches()
    }
    selection.select(values.metrics, switches)
    out = pathlib.Path(values.out)
    files.check_out(out)
    if values.embed and os.path.isdir(os.curdir):
        sys.path.insert(0, os.getcwd())  # for --embed=my_module:function
    options: dict[str, Any] = {"resize": values.resize, "crop": values.crop, "label": values.label}
    held_out = sets.opened(real, name="real", seed=values.seed, **options)
    opened = sets.fakes(fakes, n=None, like=held_out, seed=values.seed, **options)
    prepared = reference.Reference(
        real=held_out, train=train, embed=values.embed, seed=values.seed, **options,
        cache_dir=_cache(values), memory_gb=values.memory_gb, tile=values.tile,
        progress=functools.partial(tqdm, delay=2, disable=None, leave=False),
    )  # fmt: skip
    results, pictures = evaluation.evaluate_against(
        prepared, opened, metrics=values.metrics, curves=values.curves, command=line, **switches
    )
    for name, given in results["inputs"].items():
        for note in given["notes"]:
            if note.startswith("warning: "):
                _say(f"{name}: {note}")
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


def _named(fakes: list[str]) -> dict[str, str]:
    """[NAME=]SRC by name; without one the source's stem is the name."""
    out: dict[str, str] = {}
    for given in fakes:
        name, equals, source = given.partition("=")
        if not (equals and re.fullmatch(r"[A-Za-z0-9_.-]+", name)):
            source, path = given, re.split(r"[?\[]", given)[0]
            name = pathlib.PurePath(path).stem or "fake"
            if name in ("real", "train") or name in out:
                name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path).strip("-.") or "fake"
        if name in ("real", "train") or name in out:
            raise types.UserError(f"--fake={given}: the name {name} is taken; give another, --fake=NAME={source}")
        if not source:
            raise types.UserError(f"--fake={given}: no source after the name")
        out[name] = source
    return out


def _cache_dir() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "gan-probe")


def _cache(values: flags.FlagValues) -> str | None:
    """The cache folder; none where the default one can't be written, as in a container without a home."""
    from gan_probe import pass_cache

    try:
        return str(pass_cache.prepared(pathlib.Path(values.cache))) if values.cache else None
    except types.UserError:
        if values["cache"].using_default_value:
            return None
        raise


# report, compare, list


def _report(values: flags.FlagValues, words: list[str], line: str) -> None:
    del values, line
    if len(words) != 1:
        raise types.UserError("give one folder that gan-probe evaluate wrote: gan-probe report DIR")
    from gan_probe import metrics
    from gan_probe.report import files, summary

    out = pathlib.Path(words[0])
    results, pictures = files.read(out)
    with _reports_of_others():
        files.write(out, results, pictures, explain={n: make().about for n, make in metrics.METRICS.items()})
        print(summary.summary(results, out))


@contextlib.contextmanager
def _reports_of_others() -> Iterator[None]:
    """A results.json that was edited, or that another program wrote, may lack or mistype anything."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise types.UserError(f"results.json is not as gan-probe writes it ({reason}); evaluate again") from error


def _define_compare(values: flags.FlagValues) -> None:
    flags.DEFINE_string("out", "gan-probe-compare.html", "the page to write", flag_values=values)


def _compare(values: flags.FlagValues, words: list[str], line: str) -> None:
    del line
    if len(words) < 2:
        raise types.UserError("give two folders or more: gan-probe compare DIR DIR")
    from gan_probe.report import compare

    with _reports_of_others():
        page = compare.compare([pathlib.Path(w) for w in words])
    out = pathlib.Path(values.out)
    partial = out.parent / f".partial-{out.name}"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(page.encode("utf-8", "replace"))
        partial.replace(out)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another path") from error
    print(f"The page: {out}")


def _list(values: flags.FlagValues, words: list[str], line: str) -> None:
    del values, line
    from gan_probe import data, embed, metrics
    from gan_probe.classifiers import recipes

    tables: Mapping[str, Callable[[], list[tuple[str, str]]]] = {
        "metrics": lambda: [(n, make().about) for n, make in metrics.METRICS.items()],
        "embeddings": lambda: (
            [(m.example, m.description) for m in embed.EMBEDDINGS.values()]
            + [("module:function", "your own map of uint8 images [b, h, w, c] to features [b, d]")]
        ),
        "classifiers": lambda: [
            (name, f"{r.optimizer}, rate {r.rate:g}, batch {r.batch}, at most {r.epochs} epochs")
            for name, r in recipes.CLASSIFIERS.items()
        ],
        "data": lambda: [(k.example, k.description) for k in data.SOURCES.values()],
    }
    for word in words or tables:
        if word not in tables:
            raise types.UserError(f"list {word}: unknown{types.hint(word, tables)}; one of {', '.join(tables)}")
        print(f"{word}\n")
        for name, about in tables[word]():
            if len(name) > 22:
                print(f"  {name}")
                name = ""
            print(textwrap.fill(f"{name:22} {about}", 80, initial_indent="  ", subsequent_indent=" " * 25))
        print()


def _define_classify(values: flags.FlagValues) -> None:
    text = functools.partial(flags.DEFINE_string, flag_values=values)
    whole = functools.partial(flags.DEFINE_integer, flag_values=values)
    text("arch", "mnist_cnn", "network; see gan-probe list classifiers")
    text("data", None, "labelled images to train on (SRC)")
    text("real", None, "labelled held-out images that tell the accuracy (SRC); no part in training")
    text("out", None, "folder of the run: run.json and checkpoints")
    whole("resize", None, "make all images N x N: centred square, antialiased", lower_bound=1)
    whole("crop", None, "cut the central N x N of all images, before any resize", lower_bound=1)
    text("label", None, "CelebA attribute that becomes the label, or two with a comma")
    whole("seed", 0, "of the validation split, initial weights and order of rows", lower_bound=0)
    flags.DEFINE_boolean("resume", False, "go on with a run that was stopped", flag_values=values)


def _classify(values: flags.FlagValues, words: list[str], line: str) -> None:
    del line
    _no_words(words)
    for name in ("data", "out"):
        if not values[name].value:
            raise types.UserError(f"--{name} is missing; see gan-probe classify --help")
    from gan_probe import annotation, sets

    options: dict[str, Any] = {"resize": values.resize, "crop": values.crop, "label": values.label}
    given = {"data": values.data} if values.real is None else {"data": values.data, "real": values.real}
    opened = {name: sets.opened(src, name=name, seed=values.seed, **options) for name, src in given.items()}
    progress = functools.partial(tqdm, delay=2, disable=None, leave=False)
    found = annotation.classify(
        pathlib.Path(values.out), values.arch, opened["data"], opened.get("real"), seed=values.seed,
        resume=values.resume, progress=progress,
        report=lambda e: print(
            f"epoch {e.epoch:3}  rate {e.rate:.0e}  train loss {e.train_loss:.4f}  validation loss {e.loss:.4f}  "
            f"accuracy {e.accuracy:.2%}",
            flush=True,
        ),
    )  # fmt: skip
    if found is not None:
        low, high = found["ci95"]
        print(f"accuracy on {values.real}: {found['value']:.2%} [{low:.2%}, {high:.2%}] (Wilson)")
    print(f"The run: {values.out}; use it with --embed=logits:{values.out} or prelogits:{values.out}")


def _no_words(words: list[str]) -> None:
    if words:
        raise types.UserError(f"{words[0]}: not a flag; write --NAME=VALUE, as --help shows")


COMMANDS: Mapping[str, Command] = {
    "evaluate": Command(
        "compare generated sets with held-out real data",
        """gan-probe evaluate --real=SRC --fake=[NAME=]SRC [--train=SRC]

Without any flag it runs on the embedded digits, with one faithful sampler and four that commit a known crime.
SRC: a folder of images (sub-folders are classes), file.npz, file.npy, digits/real, tfds:mnist/test, and any of them
with a slice, [0:1000]; all forms: gan-probe list data.

  gan-probe evaluate --real=photos/test --train=photos/train --fake=samples/
  gan-probe evaluate --real=test.npz --fake=a=model_a.npz --fake=b=model_b.npz --embed=pca:64""",
        _define_evaluate,
        _evaluate,
    ),
    "report": Command("rebuild the page of a report folder", "gan-probe report DIR", lambda values: None, _report),
    "compare": Command("one page over several reports", "gan-probe compare DIR DIR ...", _define_compare, _compare),
    "classify": Command(
        "train a classifier on labelled images, to label and embed others",
        """gan-probe classify --data=SRC --out=DIR [--arch=NAME] [--real=SRC] [--resume]

Trains to convergence: no augmentation, a falling rate, and a tenth of the rows held out (by content) that says when to
stop; --real only tells the accuracy at the end. A checkpoint an epoch; --resume goes on bit for bit.

  gan-probe classify --arch=mnist_cnn --data=tfds:mnist/train --real=tfds:mnist/test --out=runs/mnist
  gan-probe evaluate --real=tfds:mnist/test --fake=samples.npz --embed=prelogits:runs/mnist""",
        _define_classify,
        _classify,
    ),
    "list": Command(
        "what there is: metrics, embeddings, classifiers, data",
        "gan-probe list [metrics|embeddings|classifiers|data]",
        lambda values: None,
        _list,
    ),
}


def _help() -> str:
    lines = [
        f"gan-probe {__version__}: is this the distribution I trained on?",
        "",
        *(f"  gan-probe {name:10} {command.about}" for name, command in COMMANDS.items()),
        "",
        "gan-probe COMMAND --help tells the rest. To begin, on embedded data, without network:",
        "",
        "  gan-probe evaluate",
    ]
    return "\n".join(lines)


def _command_help(name: str, command: Command, values: flags.FlagValues) -> str:
    lines = [f"{command.about[0].upper()}{command.about[1:]}.", "", command.usage]
    if len(values):
        lines.append("")
    for flag in values:
        if flag in ("?", "help", "helpfull", "helpshort", "helpxml", "flagfile", "undefok"):
            continue
        shown = "" if values[flag].default in (None, "") else f" [{values[flag].default}]"
        about = " ".join(values[flag].help.split())
        about = about.replace("; repeat this option to specify a list of values", "; repeatable")
        entry = f"--{flag}".ljust(18) + f"{about}{shown}"
        lines.append(textwrap.fill(entry, 100, initial_indent="  ", subsequent_indent=" " * 20))
    return "\n".join(lines)
