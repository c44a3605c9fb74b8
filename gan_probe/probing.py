"""Metrics over training time: at every checkpoint of a run, samples against a reference, as JSON and as a picture."""

import json
import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from gan_probe import reference as reference_lib
from gan_probe import selection, types, whole_file
from gan_probe.gans import sampling

__all__ = ["FILE", "PICTURE", "Probe"]

FILE, PICTURE = "probe.json", "probe.png"
_COLUMNS = 3


class Probe:
    """Call it with each checkpoint: rows of probe.json, one a step, and probe.png.

    Args:
      out: the run's folder.
      reference: held-out real data, and train where a metric needs it.
      metrics: names with commas, or a list.
      n: samples of a checkpoint.
    """

    def __init__(self, out: pathlib.Path, reference: reference_lib.Reference, metrics: str | Iterable[str], n: int):
        self._out, self._reference, self._n = out, reference, n
        self._metrics = list(selection.select(metrics, {}).metrics)

    def __call__(self, step: int, sampler: sampling.Sampler) -> dict[str, Any]:
        """The row of this step; those of later steps, of a run that was killed, go."""
        images = sampler.draw(np.arange(self._n), self._reference.seed)
        found, failed = {}, {}
        for name in self._metrics:  # one by one: what one cannot say of early samples must not end the training
            try:
                results = self._reference.evaluate({"samples": images}, metrics=[name])
            except types.UserError as error:
                failed[name] = str(error)
                continue
            held = results["results"]["samples"][name]
            found[name] = {key: held[key] for key in ("value", "ci95", "interval", "unit", "better")}
        row = {"step": step, "n": self._n, "results": found, "failed": failed}
        rows = [*(one for one in _read(self._out / FILE) if one["step"] < step), row]
        _replace(self._out / FILE, (json.dumps(rows, indent=1) + "\n").encode())
        _replace(self._out / PICTURE, _drawn(rows, self._metrics))
        return row


def _read(path: pathlib.Path) -> list[dict[str, Any]]:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return []


def _replace(path: pathlib.Path, content: bytes) -> None:
    try:
        whole_file.put(path, content)
    except OSError as error:
        raise types.UserError(
            f"{path}: cannot be written ({error.strerror}); mend it and go on with --resume"
        ) from error


def _drawn(rows: list[dict[str, Any]], metrics: list[str]) -> bytes:
    """A panel a metric: value over steps with its 95 % band."""
    import io

    from matplotlib import figure

    columns = min(len(metrics), _COLUMNS)
    lines = -(-len(metrics) // columns)
    drawn = figure.Figure(figsize=(4 * columns, 2.8 * lines), layout="constrained")
    for axes, name in zip(np.ravel(drawn.subplots(lines, columns, squeeze=False)), metrics, strict=False):
        there = [(row["step"], row["results"][name]) for row in rows if name in row["results"]]
        there = [(step, one) for step, one in there if one["value"] is not None]
        steps, values = [step for step, _ in there], [one["value"] for _, one in there]
        (line,) = axes.plot(steps, values, ".-")
        ends = [one["ci95"] if None not in one["ci95"] else [one["value"]] * 2 for _, one in there]
        if ends:
            axes.fill_between(steps, *np.array(ends).T, color=line.get_color(), alpha=0.25, linewidth=0)
        unit = f" ({there[0][1]['unit']})" if there and there[0][1]["unit"] else ""
        axes.set(title=f"{name}{unit}, {there[0][1]['better']} is better" if there else name, xlabel="step")
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
