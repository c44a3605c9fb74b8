"""What a command is, and the flags and checks that several commands share."""

import functools
import os
import pathlib
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from absl import flags
from tqdm import tqdm

from gan_probe import types

__all__ = [
    "IMAGE_FLAGS",
    "RECIPE",
    "Command",
    "define_images",
    "find_own_modules",
    "images",
    "named",
    "no_words",
    "progress",
    "required",
    "say",
    "setting",
    "text",
    "whole",
]

IMAGE_FLAGS = ("resize", "crop", "label")
RECIPE = (
    "how a network is trained where it isn't as usual: NAME=VALUE with commas, of optimizer, rate, decay, drops, "
    "patience (epochs without a better validation loss before the rate drops), epochs, batch, weight_decay"
)

progress = functools.partial(tqdm, delay=2, disable=None, leave=False)


class Command(NamedTuple):
    """One line of COMMANDS: what `--help` says, its flags, and what runs it.

    `run` is given the flags, the positional arguments, and the command line as the user wrote it. `narrow` takes the
    flags out of --help that don't belong to the words before it.
    """

    about: str
    usage: str
    define: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues, list[str], str], None]
    narrow: Callable[[flags.FlagValues, list[str]], None] | None = None


def text(values: flags.FlagValues, name: str, default: str | None, about: str) -> None:
    """A flag that takes words."""
    flags.DEFINE_string(name, default, about, flag_values=values)


def whole(
    values: flags.FlagValues,
    name: str,
    default: int | None,
    about: str,
    *,
    lower_bound: int | None = None,
    upper_bound: int | None = None,
) -> None:
    """A flag that takes a whole number within bounds."""
    flags.DEFINE_integer(name, default, about, lower_bound, upper_bound, values)


def setting(values: flags.FlagValues, name: str, kind: type, about: str) -> None:
    """A flag of a table's settings, of the kind of its field; None where it isn't given."""
    define: Mapping[type, Callable[..., Any]] = {
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        bool: flags.DEFINE_boolean,
        str: flags.DEFINE_string,
    }
    define[kind](name, None, about, flag_values=values)


def define_images(values: flags.FlagValues) -> None:
    """The flags that say how images are read: IMAGE_FLAGS."""
    whole(values, "resize", None, "make all images N x N: centred square, antialiased", lower_bound=1)
    whole(values, "crop", None, "cut the central N x N of all images, before any resize", lower_bound=1)
    text(values, "label", None, "CelebA attribute that becomes the label, or two with a comma")


def images(values: flags.FlagValues) -> dict[str, Any]:
    """What was given for IMAGE_FLAGS, as keywords of `sets.opened`."""
    return {name: values[name].value for name in IMAGE_FLAGS}


def find_own_modules() -> None:
    """Lets --embed=module:function find a module of the working directory."""
    if os.path.isdir(os.curdir):
        sys.path.insert(0, os.getcwd())


def required(values: flags.FlagValues, command: str, **about: str) -> None:
    """Raises types.UserError for the first of these flags that was not given."""
    for name, what in about.items():
        if not values[name].value:
            raise types.UserError(f"--{name} is missing: {what}; see gan-probe {command} --help")


def no_words(words: list[str]) -> None:
    """Raises types.UserError where something on the command line is no flag."""
    if words:
        raise types.UserError(f"{words[0]}: not a flag; write --NAME=VALUE, as --help shows")


def say(line: str) -> None:
    """One line on stderr, without what steers a terminal."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(line.split()))
    print(f"gan-probe: {line}", file=sys.stderr)


def named(fakes: list[str]) -> dict[str, str]:
    """[NAME=]SRC by name; without one the source's stem is the name. NAME may end in @STEP, of a sequence of sets."""
    out: dict[str, str] = {}
    for given in fakes:
        name, equals, source = given.partition("=")
        if equals and re.fullmatch(r"[A-Za-z0-9_.-]+(@\d+)?", name):
            name = re.sub(r"@0*(?=\d)", "@", name)
        else:
            source, path = given, re.split(r"[?\[]", given)[0]
            if equals and not re.search(r"[?\[/:]", name) and not os.path.exists(path):
                raise types.UserError(
                    f"--fake={given}: {path} does not exist, and {name!r} is no name (letters, digits, . _ and -)"
                )
            name = pathlib.PurePath(path).stem or "fake"
            if name in ("real", "train") or name in out:
                name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path).strip("-.") or "fake"
        if name in ("real", "train") or name in out:
            raise types.UserError(f"--fake={given}: the name {name} is taken; give another, --fake=NAME={source}")
        if not source:
            raise types.UserError(f"--fake={given}: no source after the name")
        out[name] = source
    return out
