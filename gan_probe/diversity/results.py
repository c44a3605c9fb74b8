"""From outcomes of fits to diversity.json: the true curve, every synthetic set's accuracy and worth, all by class."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe import content, types
from gan_probe.diversity import fits, network_fits, task
from gan_probe.stats import equivalent_size, proportion

__all__ = ["results"]

_ELSEWHERE = ("embedding", "seed", "sha256", "labelled_by", "classes", "labels")


def results(
    given: task.Task,
    wanted: Sequence[fits.Fit],
    outcomes: Sequence[fits.Outcome],
    settings: Mapping[str, Any],
    *,
    command: str,
    devices: Sequence[jax.Device],
) -> dict[str, Any]:
    """The content of diversity.json (its schema: report/diversity.schema.json).

    Args:
      given: the sets.
      wanted, outcomes: fits, real subsets and synthetic sets, and what each showed.
      settings: of the run.
    """
    pairs = list(zip(wanted, outcomes, strict=True))
    real = _Real(given, [(f, o) for f, o in pairs if f.source == "train"])
    return {
        **content.header(command, given.seed, devices),
        "inputs": {
            name: content.described(
                name if name in ("train", "real") else "fake", s, given.embedded[name].sha256, given.notes[name]
            )
            for name, s in given.samples.items()
        },
        "embedding": content.plain(given.embedding._asdict()),
        "settings": {k: v for k, v in settings.items() if k not in _ELSEWHERE},
        "classes": list(given.classes),
        "labelled_by": dict(given.labelled_by),
        "curve": real.points(),
        "results": {
            name: {f.point: _synthetic(given, real, f, o) for f, o in pairs if f.source == name}
            for name in given.fakes
        },
        "warnings": [
            *_unrepeated(wanted),
            *_ran_out(given, pairs),
            *_unconverged(pairs, "steps" if settings["arch"] == "linear" else "epochs"),
        ],
    }  # fmt: skip


class _Real:
    """The true curve, of all test items and of those of each class."""

    def __init__(self, given: task.Task, pairs: Sequence[tuple[fits.Fit, fits.Outcome]]):
        self._given = given
        self._groups: dict[str, list[tuple[fits.Fit, fits.Outcome]]] = {}
        for fit, outcome in reversed(pairs):  # smallest subsets first
            self._groups.setdefault(fit.point, []).append((fit, outcome))
        truth = given.labels["real"]
        self.whole = self._curve(np.ones(len(truth), bool))
        self.by_class = {
            name: self._curve(truth == k) for k, name in enumerate(given.classes) if np.sum(truth == k) > 1
        }

    def _curve(self, items: np.ndarray) -> equivalent_size.Curve:
        return equivalent_size.curve(
            [len(group[0][0].rows) for group in self._groups.values()],
            [np.stack([o.correct[items] for _, o in group]) for group in self._groups.values()],
        )

    def points(self) -> list[dict[str, Any]]:
        """Largest subset first, as in the paper's tables."""
        whole = self._accuracies(self.whole)
        by_class = {name: self._accuracies(curve) for name, curve in self.by_class.items()}
        out = []
        for k, (point, group) in enumerate(self._groups.items()):
            out.append(
                {
                    "factor": int(point),
                    "rows": len(group[0][0].rows),
                    "repeats": len(group),
                    "train_accuracy": _mean(o.train_accuracy for _, o in group),
                    "test": whole[k],
                    "monotone": float(self.whole.monotone[k]),
                    "classes": {name: accuracies[k] for name, accuracies in by_class.items()},
                    "each": [float(o.correct.mean()) for _, o in group],
                }
            )
        return out[::-1]

    def _accuracies(self, curve: equivalent_size.Curve) -> list[dict[str, Any]]:
        return [
            _estimated(self._given, float(value), interval, curve.correct.shape[1], int(rows), "at_n")
            for value, interval, rows in zip(curve.accuracy, curve.intervals(), curve.sizes, strict=True)
        ]


def _synthetic(given: task.Task, real: _Real, fit: fits.Fit, outcome: fits.Outcome) -> dict[str, Any]:
    truth = given.labels["real"]
    distinct = len(np.unique(given.embedded[fit.source].hashes[fit.rows]))
    parts: dict[str | None, tuple[equivalent_size.Curve, np.ndarray]] = {None: (real.whole, outcome.correct)}
    parts |= {
        name: (curve, outcome.correct[truth == given.classes.index(name)]) for name, curve in real.by_class.items()
    }
    made = {
        name: {"test": _accuracy(given, correct, len(fit.rows)), "worth": _worth(given, curve, correct, len(fit.rows))}
        for name, (curve, correct) in parts.items()
    }
    return {
        "rows": len(fit.rows),
        "distinct": distinct,
        "drawn": "again" if len(np.unique(fit.rows)) < len(fit.rows) or _again(given, fit, outcome) else "once",
        "train_accuracy": _mean([outcome.train_accuracy]),
        "steps": outcome.steps,
        **made[None],
        "classes": {name: made[name] for name in real.by_class},
    }


def _accuracy(given: task.Task, correct: np.ndarray, rows: int) -> dict[str, Any]:
    right, items = int(correct.sum()), len(correct)
    return _estimated(given, right / items, proportion.wilson(right, items), items, rows, "given_train")


def _worth(given: task.Task, curve: equivalent_size.Curve, correct: np.ndarray, rows: int) -> dict[str, Any]:
    found = equivalent_size.worth(curve, correct)
    return _estimated(
        given, found.value, found.interval, len(correct), rows, "at_n", unit="real rows",
        detail={"beyond": found.beyond, "curve": [int(curve.sizes[0]), int(curve.sizes[-1])]},
    )  # fmt: skip


def _estimated(
    given: task.Task,
    value: float | None,
    interval: types.Interval,
    items: int,
    rows: int,
    estimand: str,
    *,
    unit: str = "",
    detail: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    estimate = types.Estimate(
        value=value, interval=interval, n_real=items, n_fake=rows, estimand=estimand, unit=unit, better="higher",
        convention="", detail=detail or {},
    )  # fmt: skip
    return content.estimated(estimate, given.samples["real"], None)


def _unrepeated(wanted: Sequence[fits.Fit]) -> list[str]:
    if any(f.repeat for f in wanted):
        return []
    return ["one subset of each size: a worth's interval knows the test items only, not draws of rows; give --repeats"]


def _again(given: task.Task, fit: fits.Fit, outcome: fits.Outcome) -> bool:
    """Whether fresh samples ran out before training ended."""
    return fit.epoch_rows is not None and outcome.steps > network_fits.fresh_epochs(given, fit)


def _ran_out(given: task.Task, pairs: Sequence[tuple[fits.Fit, fits.Outcome]]) -> list[str]:
    return [
        f"{fit.source} {fit.point}: its new samples lasted {network_fits.fresh_epochs(given, fit):.1f} of "
        f"{outcome.steps} epochs, then they came again; give more samples (n of a run:, --memory_gb)"
        for fit, outcome in pairs
        if _again(given, fit, outcome)
    ]


def _unconverged(pairs: Sequence[tuple[fits.Fit, fits.Outcome]], unit: str) -> list[str]:
    """One warning for all fits that ended at their limit."""
    ended = [(f, o.steps) for f, o in pairs if not o.converged]
    if not ended:
        return []
    names = [f"{f.source} {f.point}" for f, _ in ended]
    which = "all" if len(ended) == len(pairs) else ", ".join(names[:3]) + ", .." * (len(names) > 3)
    most = max(steps for _, steps in ended)
    return [f"{len(ended)} of {len(pairs)} fits stopped at {most} {unit}, not converged: {which}"]


def _mean(values: Any) -> float | None:
    """Mean of train accuracies; None where they say nothing."""
    found = float(np.mean(list(values)))
    return None if np.isnan(found) else found
