"""The numbers whose intervals are simulated: where each stands in results.json, and what it should hold."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks import truth

__all__ = ["QUANTITIES", "Found", "Quantity"]

Found = tuple[float | None, list[float | None], str]  # value, 95 % interval, "method; kind"


class Quantity(NamedTuple):
    """A number with an interval, within the results of one metric.

    metric: name in METRICS. read: out of the metric's entry.
    call: main, or one with a switch or training rows of its own (coverage.py).
    true: what the interval should hold, None for the mean of the value over all replications (at_n).
    """

    metric: str
    call: str
    read: Callable[[dict[str, Any]], Found]
    true: Callable[[truth.Truth, dict[str, Any]], float] | None = None


def _own(entry: dict[str, Any]) -> Found:
    return entry["value"], entry["ci95"], entry["interval"]


def _second_scale(entry: dict[str, Any]) -> Found:
    found = entry["detail"]["scales"][1]
    return found["value"], found["ci95"], entry["interval"]


def _beta(entry: dict[str, Any]) -> Found:
    return entry["detail"]["beta"], entry["detail"]["beta_ci95"], entry["interval"]


def _ratio(entry: dict[str, Any]) -> Found:
    found = entry["detail"]["ratio_to_real"]
    return found["value"], found["ci95"], found["interval"]


def _auth_pct(entry: dict[str, Any]) -> Found:
    found = entry["detail"]["auth_pct"]
    return found["value"], found["ci95"], "Wilson; exact"


def _f_eighth(entry: dict[str, Any]) -> Found:
    found = entry["detail"]["f_eighth"]
    return found["value"], found["ci95"], entry["interval"]


def _true_beta(true: truth.Truth, entry: dict[str, Any]) -> float:
    return true.beta("fake", entry["detail"]["threshold"])


def _true_ratio(true: truth.Truth, entry: dict[str, Any]) -> float:
    threshold = entry["detail"]["threshold"]
    return true.beta("fake", threshold) / true.beta("real", threshold)


def _true_mmd(true: truth.Truth, entry: dict[str, Any]) -> float:
    return true.mmd(entry["detail"]["bandwidths"][0]["bandwidth"])


QUANTITIES: Mapping[str, Quantity] = {
    "ddm": Quantity("ddm", "main", _own),
    "ddm, s=8": Quantity("ddm", "main", _second_scale),
    "ddm, scale=median": Quantity("ddm", "median", _own),
    "ddm_relative": Quantity("ddm_relative", "main", _own),
    "ddm_sum": Quantity("ddm_sum", "main", _own),
    "gmm_kl": Quantity("gmm_kl", "main", _own),
    "gmm_kl, s=8": Quantity("gmm_kl", "main", _second_scale),
    "parzen": Quantity("parzen", "main", _own),
    "fld": Quantity("fld", "one train", _own),
    "birthday beta": Quantity("birthday", "main", _beta, _true_beta),
    "birthday ratio": Quantity("birthday", "main", _ratio, _true_ratio),
    "memorization AUC": Quantity("memorization", "one train", _own, lambda true, entry: true.auc),
    "memorization AuthPct": Quantity("memorization", "one train", _auth_pct, lambda true, entry: true.auth_pct),
    "precision": Quantity("precision", "main", _own),
    "recall": Quantity("recall", "main", _own),
    "density": Quantity("density", "main", _own),
    "coverage": Quantity("coverage", "main", _own),
    "frechet": Quantity("frechet", "main", _own),
    "frechet_limit": Quantity("frechet_limit", "main", _own, lambda true, entry: true.frechet),
    "kid": Quantity("kid", "main", _own, lambda true, entry: true.kid),
    "c2st": Quantity("c2st", "main", _own),
    "prd": Quantity("prd", "main", _own),
    "prd F_1/8": Quantity("prd", "main", _f_eighth),
    "sliced_wasserstein": Quantity("sliced_wasserstein", "main", _own),
    "mmd_rbf": Quantity("mmd_rbf", "main", _own, _true_mmd),
    "gaussian_kl": Quantity("gaussian_kl", "main", _own, lambda true, entry: true.gaussian_kl),
    "spectrum": Quantity("spectrum", "main", _own),
    "spectrum ratio": Quantity("spectrum", "main", _ratio),
    "vendi": Quantity("vendi", "main", _own),
    "vendi ratio": Quantity("vendi", "main", _ratio),
    "rke": Quantity("rke", "main", _own),
    "rke ratio": Quantity("rke", "main", _ratio),
    "inception": Quantity("inception", "main", _own, lambda true, entry: true.inception),
    "modes": Quantity("modes", "main", _own, lambda true, entry: true.total_variation),
}
