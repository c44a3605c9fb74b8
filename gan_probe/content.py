"""Estimates and sets as the JSON-ready parts of results.json."""

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe import types
from gan_probe.version import __version__

__all__ = ["described", "estimated", "finite", "header", "plain"]


def header(command: str, seed: int, devices: Sequence[jax.Device]) -> dict[str, Any]:
    """What every JSON file of a run begins with: schema, version, date, command, seed, environment."""
    return {
        "schema": 1,
        "gan_probe": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "seed": seed,
        "environment": {
            "jax": jax.__version__,
            "platform": devices[0].platform,
            "device_kind": devices[0].device_kind,
            "devices": len(devices),
            "processes": jax.process_count(),
        },
    }


def estimated(estimate: types.Estimate, fake: types.Samples, train: types.Samples | None) -> dict[str, Any]:
    """One entry of `results`: an estimate, with the names of the rows that its closest pairs point at."""
    interval = estimate.interval
    detail = dict(estimate.detail)
    if "closest" in detail:
        detail["closest"] = [_named(pair, fake, train) for pair in detail["closest"]]
    return {
        "value": _number(estimate.value),
        "stderr": _number(interval.stderr),
        "ci95": [_number(interval.low), _number(interval.high)],
        "interval": f"{interval.method}; {interval.kind}",
        "estimand": estimate.estimand,
        "n_real": estimate.n_real,
        "n_fake": estimate.n_fake,
        "unit": estimate.unit,
        "better": estimate.better,
        "convention": estimate.convention,
        "detail": plain(detail),
    }


def described(role: str, samples: types.Samples, sha256: str, notes: Sequence[str]) -> dict[str, Any]:
    """One entry of `inputs`."""
    return {
        "role": role,
        "source": samples.source,
        "n": len(samples),
        "shape": [int(v) for v in samples.rows.shape],
        "dtype": str(np.dtype(samples.rows.dtype)),
        "sha256": sha256,
        "notes": [*samples.notes, *notes],
    }


def finite(estimate: types.Estimate) -> bool:
    """Whether the value is finite, or open by intention (None), and so are the ends of its interval."""
    interval = estimate.interval
    numbers = (estimate.value, interval.low, interval.high, interval.stderr)
    return all(n is None or math.isfinite(n) for n in numbers)


def _named(pair: Mapping[str, Any], fake: types.Samples, train: types.Samples | None) -> dict[str, Any]:
    pair = dict(pair)
    if "fake" in pair:
        rows = ((fake, pair["fake"]), (train, pair["train"]))
    else:
        rows = ((fake, pair["i"]), (fake, pair["j"]))
        if pair["train"] and train is not None and train.names is not None:
            pair["train"] = pair["train"] | {"name": str(train.names[pair["train"]["index"]])}
    if any(s is not None and s.names is not None for s, _ in rows):
        pair["names"] = [str(s.names[i]) if s is not None and s.names is not None else str(i) for s, i in rows]
    return pair


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value) + 0.0  # never -0.0


def plain(value: Any) -> Any:
    """NumPy scalars as numbers, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _number(float(value))
    return value
