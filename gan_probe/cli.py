"""The command line: `gan-probe COMMAND --flags`. Exit status 0, 2 for what the user can mend, 143 after SIGTERM."""

import gc
import io
import logging
import os
import re
import shlex
import signal
import sys
import textwrap
import threading
import types as types_lib
from collections.abc import Mapping

from absl import flags

from gan_probe import types
from gan_probe.commands import (
    classify,
    command,
    diversity,
    evaluate,
    modes,
    reports,
    reproduce,
    sample,
    tables,
    train,
)
from gan_probe.version import __version__

__all__ = ["main", "run"]

COMMANDS: Mapping[str, command.Command] = {
    "evaluate": evaluate.COMMAND,
    "report": reports.REPORT,
    "compare": reports.COMPARE,
    "classify": classify.COMMAND,
    "modes": modes.COMMAND,
    "diversity": diversity.COMMAND,
    "train": train.COMMAND,
    "sample": sample.COMMAND,
    "reproduce": reproduce.COMMAND,
    "list": tables.COMMAND,
}


def run() -> None:
    """Entry point: runs sys.argv and exits."""
    signal.signal(signal.SIGTERM, _end)
    for stream in (sys.stdout, sys.stderr):  # a file's name must not end the run where the terminal knows no Unicode
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = main(sys.argv[1:])
    except _Ended:
        status = 143
    if status in (130, 143):  # XLA may still compile, in threads that crash when the interpreter takes itself apart
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


class _Ended(SystemExit):
    """After SIGTERM: what is open is put away on the way out."""


def _end(number: int, frame: types_lib.FrameType | None) -> None:
    """Leaves with 143; Python ignores what is raised in a callback of its garbage collector, so not from there."""
    callbacks = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None:
        if frame.f_code in callbacks:
            threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
            return
        frame = frame.f_back
    raise _Ended(143)


def main(argv: list[str]) -> int:
    """Runs one command line; returns its exit status."""
    logging.getLogger("absl").setLevel(logging.CRITICAL)  # orbax' pages about what the one line says
    try:
        return _main(argv)
    except types.UserError as error:
        command.say(str(error))
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
    chosen = COMMANDS[name]
    values = flags.FlagValues()
    chosen.define(values)
    if any(word in ("--help", "-h", "--helpfull") for word in rest):
        if chosen.narrow:
            chosen.narrow(values, [word for word in rest if not word.startswith("-")])
        print(_command_help(chosen, values))
        return 0
    for flag in values:
        values[flag].allow_overwrite = False  # one given twice; repeatable flags don't ask
    chosen.run(values, _parse(values, rest, name), shlex.join(["gan-probe", *argv]))
    return 0


def _parse(values: flags.FlagValues, rest: list[str], name: str) -> list[str]:
    try:
        return list(values([name, *rest], known_only=False))[1:]
    except flags.UnrecognizedFlagError as error:
        near = types.hint(error.flagname, values)
        raise types.UserError(f"--{error.flagname}: unknown flag{near}; see gan-probe {name} --help") from error
    except flags.Error as error:
        text = re.sub(r"^flag (--.*?): invalid literal for int.*", r"\1: must be a whole number", str(error))
        text = re.sub(r"^flag (--.*?): could not convert .*", r"\1: must be a number", text)
        text = re.sub(r"^flag (--.*?)=.*: already defined as (.*)", r"\1 is given twice, first as \2", text)
        raise types.UserError(f"{text}; see gan-probe {name} --help") from error


def _help() -> str:
    lines = [
        f"gan-probe {__version__}: is this the distribution I trained on?",
        "",
        *(f"  gan-probe {name:10} {known.about}" for name, known in COMMANDS.items()),
        "",
        "gan-probe COMMAND --help tells the rest. To begin, on embedded data, without network:",
        "",
        "  gan-probe evaluate",
    ]
    return "\n".join(lines)


def _command_help(chosen: command.Command, values: flags.FlagValues) -> str:
    lines = [f"{chosen.about[0].upper()}{chosen.about[1:]}.", "", chosen.usage]
    if len(values):
        lines.append("")
    for flag in values:
        if flag in ("?", "help", "helpfull", "helpshort", "helpxml", "flagfile", "undefok"):
            continue
        shown = "" if values[flag].default in (None, "") else f" [{values[flag].default}]"
        about = " ".join(values[flag].help.split())
        about = about.replace("; repeat this option to specify a list of values", "; repeatable")
        entry = f"--{flag}".ljust(17) + " " + f"{about}{shown}"
        lines.append(textwrap.fill(entry, 100, initial_indent="  ", subsequent_indent=" " * 20))
    return "\n".join(lines)
