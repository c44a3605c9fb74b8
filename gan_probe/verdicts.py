"""Verdicts: one question, one metric, one rule a crime, declared before any data are seen."""

import math
from collections.abc import Mapping

from gan_probe import types

__all__ = ["QUESTIONS", "judge"]

HOLDS, FAILS, OPEN = "holds", "fails", "cannot tell"

QUESTIONS = ("covers the modes", "makes distinct samples", "does not copy", "matches real")

_COPY = 0.45
_COLLIDE = 2.0
_COVER = 0.9
_EXPECTED = 20  # rows of the rarest class
_ENOUGH = 200  # rows a side, from which agreement says something
_DIFFERS = 3.0


def judge(found: Mapping[str, types.Estimate], skipped: Mapping[str, str], k: int) -> dict[str, dict[str, str]]:
    """A verdict a question for one fake: {metric, rule, outcome, reason}.

    Args:
      found: metric -> estimate.
      skipped: metric -> reason.
      k: of the balls behind coverage.
    """
    verdicts = (_modes(found, k), _distinct(found), _copies(found), _matches(found))
    out = {}
    for question, (name, rule, outcome) in zip(QUESTIONS, verdicts, strict=True):
        reason = {HOLDS: "within the rule", FAILS: "breaks the rule", OPEN: "the data do not decide"}[outcome]
        if name not in found:
            reason = skipped.get(name, f"{name} was not asked for")
        out[question] = {"metric": name, "rule": rule, "outcome": outcome, "reason": reason}
    return out


def _modes(found, k):
    if "modes" not in found and "coverage" in found:
        rule = f"coverage is at least {_COVER:.0%} of what two sets of the same law would show"
        estimate = found["coverage"]
        if "warning" in estimate.detail:  # balls without extent
            return "coverage", rule, OPEN
        n, m = estimate.n_real, estimate.n_fake
        missed = math.exp(sum(math.log((n - 1 - i) / (n + m - 1 - i)) for i in range(k)))
        limit = _COVER * (1 - missed)
        return "coverage", rule, _compare(estimate.interval.low, estimate.interval.high, limit, more_is_good=True)
    rule = f"no class has less than half its share of real (95 % in all), {_EXPECTED} rows expected of the rarest"
    if "modes" not in found:
        return "modes", rule, OPEN
    modes = found["modes"]
    if modes.detail["faint"]:
        return "modes", rule, FAILS
    # A class is cleared only where so many rows were expected of it that its absence would have shown.
    shares = [share for share in modes.detail["real"] if share > 0]
    return "modes", rule, HOLDS if min(shares) * modes.n_fake >= _EXPECTED else OPEN


def _distinct(found):
    rule = "samples collide at most twice as often as real (interval of the ratio of rates)"
    if "birthday" not in found:
        return "birthday", rule, OPEN
    low, high = found["birthday"].detail["ratio_to_real"]["ci95"]
    return "birthday", rule, _compare(low, high, _COLLIDE, more_is_good=False)


def _copies(found):
    rule = f"samples lie as far from train as held-out real does (AUC at least {_COPY})"
    if "memorization" not in found:
        return "memorization", rule, OPEN
    interval = found["memorization"].interval
    return "memorization", rule, _compare(interval.low, interval.high, _COPY, more_is_good=True)


def _matches(found):
    rule = f"no difference of the laws is seen (kid within {_DIFFERS:g} null standard errors, {_ENOUGH} rows a side)"
    if "kid" not in found:
        return "kid", rule, OPEN
    # Kid is skewed to the right where the laws agree: at two standard errors 5 in 100 honest sets would fail.
    kid = found["kid"]
    if not kid.value or not kid.interval.low:
        return "kid", rule, HOLDS if min(kid.n_real, kid.n_fake) >= _ENOUGH else OPEN
    return "kid", rule, FAILS if kid.value > _DIFFERS * kid.detail["null_stderr"] else OPEN


def _compare(low: float | None, high: float | None, limit: float, *, more_is_good: bool) -> str:
    """Where the whole interval lies on one side of the limit, that side; else cannot tell."""
    above = low is not None and low >= limit
    below = high is not None and high < limit
    if not above and not below:
        return OPEN
    return HOLDS if above == more_is_good else FAILS
