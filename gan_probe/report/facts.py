"""The numbers behind a metric's value, as (label, text) for the page."""

from collections.abc import Mapping
from typing import Any

from gan_probe.report import numbers

__all__ = ["beside", "birthday", "memorization", "modes"]


def beside(detail: Mapping[str, Any]) -> str:
    """What a value must be read against, short enough for a column: real's own, its null expectation, a p-value."""
    if isinstance(detail.get("real"), int | float):
        return f"real {numbers.number(detail['real'])}"
    if isinstance(detail.get("null_expectation"), int | float):
        return f"null {numbers.number(detail['null_expectation'])}"
    if isinstance(detail.get("p_value"), int | float):
        return f"p {numbers.number(detail['p_value'], digits=2)}"
    ratio = detail.get("ratio_to_real")
    if isinstance(ratio, Mapping) and ratio.get("value") is not None:
        return f"beta x {numbers.number(ratio['value'])}"
    return ""


def birthday(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Collisions, threshold, beta, and the paper's own protocol, from `birthday.detail`."""
    paper, ratio = detail.get("paper") or {}, detail.get("ratio_to_real") or {}
    facts = [
        ("pairs within the threshold", f"{detail['collisions']:,} of {detail['pairs_total']:,}"),
        ("threshold", f"{numbers.number(detail['threshold'])} ({detail.get('threshold_rule', 'given')})"),
        ("collision probability beta", numbers.with_interval(detail["beta"], detail.get("beta_ci95"))),
    ]
    if ratio.get("value") is not None or any(x is not None for x in ratio.get("ci95") or ()):
        facts.append(("beta over that of real", numbers.with_interval(ratio["value"], ratio.get("ci95"))))
    if paper.get("s50") is not None:
        facts.append(
            ("sample with a duplicate half the time", numbers.with_interval(paper["s50"], paper.get("s50_ci95")))
        )
    if paper.get("s_squared") is not None:
        facts.append(("its square, the paper's support", numbers.number(paper["s_squared"])))
    if paper.get("beta_star") is not None:
        facts.append(("the paper's beta*", numbers.number(paper["beta_star"])))
    return facts


def memorization(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """C_T, AUC, AuthPct and the share within the threshold, from `memorization.detail`."""
    authentic, within = detail.get("auth_pct") or {}, detail.get("share_within") or {}
    facts = [("C_T", numbers.number(detail.get("c_t"))), ("AUC", numbers.number(detail.get("auc")))]
    if "value" in authentic:
        facts.append(("AuthPct", numbers.with_interval(authentic["value"], authentic.get("ci95")) + " %"))
    if "value" in within:
        share = numbers.with_interval(within["value"], within.get("ci95"))
        facts.append((f"share within {numbers.number(within.get('threshold'))} of a training row", share))
    return facts


def modes(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Classes that are missing or faint and who labelled them, from `modes.detail`."""
    facts = [
        ("missing classes", ", ".join(detail["missing"]) or "none shown"),
        ("faint classes", ", ".join(detail["faint"]) or "none shown"),
    ]
    if detail.get("annotator"):
        accuracy = detail.get("annotator_accuracy")
        facts.append(
            ("annotator", detail["annotator"] + (f", accuracy {numbers.number(accuracy)}" if accuracy else ""))
        )
    return facts
