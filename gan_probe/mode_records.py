"""The entries of modes.json: fractions raw and corrected, label correctness, confidence, accuracy."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from gan_probe import annotators, content, types
from gan_probe.stats import confusion as confusion_lib
from gan_probe.stats import proportion

__all__ = ["Measured"]

_BINS = 10


class Measured:
    """Annotators with their errors, and real as they see it.

    Args:
      truth: codes int [n] of real's labels, None without; they measure the annotators then, otherwise the run's own
        held-out images do.
      annotated: real, annotated.
    """

    def __init__(
        self, judges: annotators.Annotators, real: types.Samples, truth: np.ndarray | None,
        annotated: annotators.Annotated,
    ):  # fmt: skip
        self._judges, self._real, self._truth, self._annotated = judges, real, truth, annotated
        self._counts = self._count(annotated.codes)
        self._known = annotators.held_out(judges) if truth is None else (real.source, self._table(truth, annotated))
        self._confusion = None if self._known is None else confusion_lib.measured(self._known[1], judges.classes)
        self._freed: confusion_lib.Corrected | None = None  # real's fractions, where it has no labels
        self._shares: np.ndarray | None = None
        # The matrix where it can be undone, None otherwise.
        self._undone = self._confusion if self._confusion is not None and self._confusion.inverse is not None else None
        if truth is not None:
            self._shares = self._count(truth) / len(real)
        elif self._undone is not None:
            self._freed = confusion_lib.fractions(self._counts, self._undone)
            self._shares = self._freed.values

    def compared(self, samples: types.Samples, annotated: annotators.Annotated) -> dict[str, Any]:
        """One entry of `results`."""
        counts = self._count(annotated.codes)
        plain = proportion.compare_classes(real=self._counts, fake=counts)
        raw = _raw(counts)
        raw |= self._judged(self.real["raw"], raw)
        detail = {
            "null_expectation": plain.null_expectation,
            "squared_distance": plain.squared_distance,
            "chi_square": {"value": plain.chi_square, "dof": plain.dof, "p": plain.p_value},
        }
        distance = self._estimate(plain.total_variation, plain.interval, samples, "annotated on both sides", detail)
        correctness, reason = self._correctness(samples, annotated)
        corrected = self._corrected(counts, samples)
        return {
            "raw": raw | {"total_variation": distance},
            "corrected": corrected,
            "judged": "raw" if corrected is None else "corrected",
            "missing": (corrected or raw)["missing"],
            "faint": (corrected or raw)["faint"],
            "label_correctness": correctness,
            "no_label_correctness": reason,
            "confidence": self._confidence(annotated),
        }

    @functools.cached_property
    def real(self) -> dict[str, Any]:
        """The entry `real`: as annotated, corrected, and by its labels."""
        return {
            "raw": _raw(self._counts),
            "labelled": None if self._truth is None else _raw(self._count(self._truth)),
            "corrected": None if self._freed is None else _fractions(self._freed),
            "confidence": self._confidence(self._annotated),
        }

    def confusion(self) -> dict[str, Any]:
        """The entry `confusion`: whose it is and whether it can be undone."""
        if self._confusion is None or self._known is None:
            several = len(self._judges.models) > 1
            remedy = "give real labels of all attributes" if several else "give real labels, or classify --real"
            return {
                "source": None, "n": 0, "counts": None, "condition": None, "noise": None, "accuracy": None,
                "reason": f"the annotators' errors are not known: {remedy}",
            }  # fmt: skip
        found = self._confusion
        return {
            "source": self._known[0],
            "n": int(found.counts.sum()),
            "counts": found.counts.tolist(),
            "condition": content.plain(found.condition),
            "noise": content.plain(found.noise),
            "accuracy": _accuracy(found.counts),
            "reason": found.reason,
        }

    def annotator(self, k: int) -> dict[str, Any]:
        """One entry of `annotators`, its accuracy over its own classes."""
        model = self._judges.models[k]
        accuracy = None
        if self._known is not None:
            table = self._known[1]
            place = self._judges.part(np.arange(len(table)), k)
            marginal = np.zeros((len(model.classes),) * 2, np.int64)
            np.add.at(marginal, (place[:, None], place[None, :]), table)
            accuracy = _accuracy(marginal)
        return {
            "run": self._judges.runs[k], "arch": model.arch, "classes": list(model.classes),
            "shape": list(model.shape), "sha256": model.sha256, "accuracy": accuracy,
        }  # fmt: skip

    def _count(self, codes: np.ndarray) -> np.ndarray:
        return np.bincount(codes, minlength=len(self._judges.classes))

    def _table(self, truth: np.ndarray, annotated: annotators.Annotated) -> np.ndarray:
        """int [K, K]: rows by label and annotated class."""
        k = len(self._judges.classes)
        return np.bincount(truth * k + annotated.codes, minlength=k * k).reshape(k, k)

    def _corrected(self, counts: np.ndarray, samples: types.Samples) -> dict[str, Any] | None:
        if self._undone is None or self._shares is None:
            return None
        found = confusion_lib.fractions(counts, self._undone)
        labelled = self._truth is not None
        value, null, interval = confusion_lib.distance(
            real=self._shares, fake=found.values, n_real=len(self._real), n_fake=len(samples),
            confusion=self._undone, labelled=labelled,
        )  # fmt: skip
        convention = f"corrected, against real {'as labelled' if labelled else 'corrected'}"
        distance = self._estimate(value, interval, samples, convention, {"null_expectation": null})
        fractions = _fractions(found)
        judged = self._judged(self.real["labelled"] or self.real["corrected"], fractions)
        return fractions | judged | {"total_variation": distance}

    def _judged(self, real: Mapping[str, Any], fake: Mapping[str, Any]) -> dict[str, list[str]]:
        """Names of classes that are missing and faint, by intervals of all of them together."""
        held = [proportion.Together(np.array(o["values"]), *np.array(o["together95"]).T) for o in (real, fake)]
        faint, missing = proportion.faint(real=held[0], fake=held[1])
        names = np.array(self._judges.classes)
        return {"missing": names[missing].tolist(), "faint": names[faint].tolist()}

    def _correctness(
        self, samples: types.Samples, annotated: annotators.Annotated
    ) -> tuple[dict[str, Any] | None, str | None]:
        """Agreement of a set's own labels with the annotators, raw and corrected; or why there is none."""
        try:
            labels = annotators.truth(self._judges, samples)
        except types.UserError as error:
            return None, str(error)
        if labels is None:
            return None, "the set has no labels"
        table = self._table(labels, annotated)
        rows, agreeing = table.sum(axis=1), np.diag(table)
        raw = proportion.wilson(int(agreeing.sum()), len(samples))
        each = [proportion.wilson(int(a), int(n)) if n else None for a, n in zip(agreeing, rows, strict=True)]
        detail = _per_class([a / n if n else None for a, n in zip(agreeing, rows, strict=True)], each, rows)
        out: dict[str, Any] = {
            "raw": self._estimate(agreeing.sum() / len(samples), raw, samples, "as annotated", detail, better="higher")
        }
        out["corrected"] = None
        if self._undone is not None:
            value, interval = confusion_lib.correctness(table, self._undone)
            alone = [np.where(np.arange(len(table))[:, None] == c, table, 0) for c in range(len(table))]
            found = [confusion_lib.correctness(t, self._undone) if t.any() else (None, None) for t in alone]
            detail = _per_class([v for v, _ in found], [i for _, i in found], rows)
            out["corrected"] = self._estimate(value, interval, samples, "corrected", detail, better="higher")
        return out, None

    def _confidence(self, annotated: annotators.Annotated) -> list[dict[str, Any]]:
        """A histogram an annotator: rows of each tenth of softmax probability (figure 4), and their mean."""
        edges = np.linspace(0, 1, _BINS + 1)
        n = annotated.confidence.shape[1]
        out = []
        for confidence in annotated.confidence:
            mean, error = float(confidence.mean()), float(confidence.std(ddof=1) / n**0.5)
            out.append(
                {
                    "edges": edges.round(12).tolist(), "counts": np.histogram(confidence, edges)[0].tolist(),
                    "mean": mean, "ci95": [max(mean - 1.96 * error, 0.0), min(mean + 1.96 * error, 1.0)],
                    "interval": "mean of rows; approximate",
                }
            )  # fmt: skip
        return out

    def _estimate(
        self,
        value: float,
        interval: types.Interval,
        samples: types.Samples,
        convention: str,
        detail: Mapping[str, Any],
        *,
        better: Literal["lower", "higher"] = "lower",
    ) -> dict[str, Any]:
        estimate = types.Estimate(
            value=float(value), interval=interval, n_real=len(self._real), n_fake=len(samples), estimand="limit",
            unit="", better=better, convention=convention, detail=detail,
        )  # fmt: skip
        return content.estimated(estimate, samples, None)


def _raw(counts: np.ndarray) -> dict[str, Any]:
    """Fractions of counts [K] with an interval each, and with intervals that hold all together."""
    total = int(counts.sum())
    intervals = [proportion.wilson(int(c), total) for c in counts]
    found = proportion.clopper_pearson(counts)
    together = _together(np.stack([found.low, found.high], axis=-1).tolist(), proportion.TOGETHER)
    return {"values": (counts / total).tolist(), **_intervals(intervals), **together}


def _fractions(found: confusion_lib.Corrected) -> dict[str, Any]:
    how = f"{found.together[0].method}, at 5 % / K, all K classes together"
    together = _together([[i.low, i.high] for i in found.together], how)
    return {"values": found.values.tolist(), **_intervals(found.intervals), **together}


def _intervals(intervals: Sequence[types.Interval]) -> dict[str, Any]:
    first = intervals[0]
    return {
        "ci95": [[i.low, i.high] for i in intervals],
        "interval": f"{first.method}, each class by itself; {first.kind}",
    }


def _together(ends: list[list[float | None]], how: str) -> dict[str, Any]:
    return {"together95": ends, "together": f"{how}; conservative"}


def _accuracy(table: np.ndarray) -> dict[str, Any]:
    """Accuracy over all rows and over those of each class, of a confusion matrix."""
    rows, right = table.sum(axis=1), np.diag(table)
    total = proportion.wilson(int(right.sum()), int(rows.sum()))
    each = [proportion.wilson(int(a), int(n)) if n else None for a, n in zip(right, rows, strict=True)]
    shares = [float(a / n) if n else None for a, n in zip(right, rows, strict=True)]
    return {
        "value": float(right.sum() / rows.sum()), "ci95": [total.low, total.high],
        "interval": f"{total.method}; {total.kind}", **_per_class(shares, each, rows),
    }  # fmt: skip


def _per_class(values: Sequence[Any], each: Sequence[types.Interval | None], rows: np.ndarray) -> dict[str, Any]:
    ends = [[None, None] if i is None else [i.low, i.high] for i in each]
    return {"per_class": {"values": values, "ci95": ends, "n": rows.tolist()}}
