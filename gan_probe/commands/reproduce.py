"""gan-probe reproduce: a paper's figure or table, with a verdict on each claim."""

import dataclasses
import pathlib
import textwrap
import time
from collections.abc import Mapping
from typing import Any

from absl import flags

from gan_probe import types
from gan_probe.commands import command

__all__ = ["COMMAND"]


def _define(values: flags.FlagValues) -> None:
    command.text(values, "preset", "cpu", "smoke (seconds), cpu (minutes on two cores) or paper (the paper's own size)")
    command.text(values, "out", None, "folder of the results; gan-probe-ID by default, gan-probe-reproduce with --all")
    flags.DEFINE_boolean("all", False, "every experiment; finished ones are kept", flag_values=values)
    for name, (kind, about) in _settings().items():
        command.setting(values, name, kind, about)


def _settings() -> dict[str, tuple[type, str]]:
    """Every setting of any experiment: its kind, and what it is there, with its value under cpu."""
    from gan_probe.experiments import EXPERIMENTS

    kinds: dict[str, type] = {}
    abouts: dict[str, list[str]] = {}
    for name, line in EXPERIMENTS.items():
        preset = line.presets["cpu"]
        for field in dataclasses.fields(preset):
            default = getattr(preset, field.name)
            kinds[field.name] = type(default)
            abouts.setdefault(field.name, []).append(f"{name}: {field.metadata['about']} ({default})")
    return {name: (kind, "; ".join(abouts[name])) for name, kind in kinds.items()}


def _narrow(values: flags.FlagValues, words: list[str]) -> None:
    """Leaves the settings of the experiment that is named, with its own words and values."""
    from gan_probe.experiments import EXPERIMENTS, running

    if not words:
        return
    preset = running.settings(next((word for word in words if word in EXPERIMENTS), words[0]), "cpu", {})
    for name in _settings():
        delattr(values, name)
    for field in dataclasses.fields(preset):
        default = getattr(preset, field.name)
        chosen = f"; one of {', '.join(field.metadata['choices'])}" if field.metadata["choices"] else ""
        about = f"{field.metadata['about']}{chosen} ({default} under cpu)"
        command.setting(values, field.name, type(default), about)


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    from gan_probe.experiments import EXPERIMENTS, running

    given = {name: values[name].value for name in _settings() if values[name].value is not None}
    if values.all:
        if words:
            raise types.UserError(f"{words[0]}: --all runs every experiment; leave out the one or the other")
        out = pathlib.Path(values.out or "gan-probe-reproduce")
        print(f"The page: {_every(out, values.preset, given, line)}")
        return
    if len(words) != 1:
        raise types.UserError(f"give one experiment: gan-probe reproduce ID, one of {', '.join(EXPERIMENTS)}; or --all")
    config = running.settings(words[0], values.preset, given)
    out = pathlib.Path(values.out or f"gan-probe-{words[0]}")
    _show(running.reproduce(words[0], values.preset, config, out, command=line, report=print))


def _every(out: pathlib.Path, preset: str, given: Mapping[str, Any], line: str) -> pathlib.Path:
    """All experiments, each into a folder of its own; one that fails doesn't stop the others."""
    from gan_probe.experiments import EXPERIMENTS, running

    if given:
        raise types.UserError(f"--{next(iter(given))}: settings are of one experiment; give its ID instead of --all")
    parts, broken = [], {}
    started, worked, kept = time.perf_counter(), time.process_time(), 0
    for name in command.progress(EXPERIMENTS, desc="experiments"):
        config = running.settings(name, preset, {})
        results = running.finished(name, config, out / name)
        kept += results is not None
        try:
            results = results or running.reproduce(name, preset, config, out / name, command=line, report=print)
        except types.UserError as error:
            broken[name] = str(error)
            continue
        parts.append({**results, "folder": name})
    took = f"{time.perf_counter() - started:,.0f} s, {time.process_time() - worked:,.0f} s of processor time"
    print(f"{len(parts) - kept} of {len(EXPERIMENTS)} experiments run: {took}" + (f"; {kept} kept" if kept else ""))
    page = running.index(out, parts, broken)
    if broken:
        raise types.UserError("; ".join(f"{name}: {reason}" for name, reason in broken.items()))
    return page


def _show(results: Mapping[str, Any]) -> None:
    for name, outcome in results["verdicts"].items():
        parts = [claim for claim in results["claims"] if claim["id"] == name]
        print(f"\n{outcome.upper():14} {name}")
        own = f" (Its own number: {parts[0]['papers_number']}.)" if parts[0]["papers_number"] else ""
        print(textwrap.fill(f"{parts[0]['sentence']}{own}", 80, initial_indent="  ", subsequent_indent="  "))
        for part in parts:
            here = f"Here: {part['measured']}: {_number(part)}, asked {part['rule']}"
            here += f": {part['outcome']}." if len(parts) > 1 else "."
            print(textwrap.fill(here, 80, initial_indent="  ", subsequent_indent="    " if len(parts) > 1 else "  "))
    for number, (part, took) in enumerate(results["timings"].items()):
        seconds = f"{took['seconds']:,.0f} s, {took['processor_seconds']:,.0f} s of processor time"
        print("" if number else "\n", f"{part}: {seconds}", sep="")


def _number(claim: Mapping[str, Any]) -> str:
    if claim["value"] is None:
        return "no number"
    low, high = claim["ci95"]
    interval = "" if low == high else f" [{low:.4g}, {high:.4g}]" if None not in (low, high) else " (open interval)"
    return f"{claim['value']:.4g}{interval}"


COMMAND = command.Command(
    "run a paper's experiment again and judge its claims",
    """gan-probe reproduce ID [--preset=smoke|cpu|paper] [--out=DIR] [--SETTING=VALUE ...]
gan-probe reproduce --all [--preset=...] [--out=DIR]

Writes results.json (each claim with what was measured here and whether it holds, does not hold or can't be told), the
figure (PNG, SVG) and its numbers (CSV). IDs: gan-probe list experiments.

  gan-probe reproduce 002-dynamics --preset=smoke
  gan-probe reproduce 002-dynamics --help   # its settings""",
    _define,
    _run,
    _narrow,
)
