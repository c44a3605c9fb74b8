"""The declared rules, each at both sides of its limit."""

import dataclasses
import math

import numpy as np
import pytest

import gan_probe
from gan_probe import types, verdicts


def estimate(low, high, value=None, n=100, m=100, **detail):
    interval = types.Interval(low, high, None, "m", "exact")
    return types.Estimate(
        value=value, interval=interval, n_real=n, n_fake=m, estimand="at_n", unit="", better="lower", convention="",
        detail=detail,
    )  # fmt: skip


def outcome(question, **found):
    return verdicts.judge(found, {}, 5)[question]["outcome"]


def test_every_question_is_answered_without_any_metric():
    found = verdicts.judge({}, {"modes": "no labels"}, 5)
    assert tuple(found) == verdicts.QUESTIONS
    assert {v["outcome"] for v in found.values()} == {"cannot tell"}
    assert found["covers the modes"]["reason"] == "no labels"
    assert found["matches real"]["reason"] == "kid was not asked for"


def test_modes_fail_on_a_faint_class():
    assert outcome("covers the modes", modes=estimate(0, 1, m=25, faint=["3"], real=[0.5, 0.5])) == "fails"
    assert outcome("covers the modes", modes=estimate(0, 1, m=100, faint=[], real=[0.2, 0.8, 0.0])) == "holds"


def test_modes_hold_only_where_a_missing_class_would_have_shown():
    assert outcome("covers the modes", modes=estimate(0, 1, m=99, faint=[], real=[0.2, 0.8])) == "cannot tell"


def test_coverage_stands_in_for_modes():
    # Two samples of one law, n = m: a k-ball of a real row holds no fake row with probability about 2^-k.
    n, m, k = 10_000, 10_000, 5
    expected = 1 - math.prod((n - 1 - i) / (n + m - 1 - i) for i in range(k))
    assert expected == pytest.approx(1 - 2.0**-k, abs=1e-3)
    limit = 0.9 * expected
    for low, high, said in (
        (limit + 0.01, 1.0, "holds"), (0.1, limit - 0.01, "fails"), (limit - 0.01, limit + 0.01, "cannot tell"),
    ):  # fmt: skip
        found = verdicts.judge({"coverage": estimate(low, high, n=n, m=m)}, {}, k)["covers the modes"]
        assert (found["metric"], found["outcome"]) == ("coverage", said)


def test_modes_go_before_coverage():
    found = verdicts.judge({"modes": estimate(0, 1, faint=[], real=[1.0]), "coverage": estimate(0, 0.1)}, {}, 5)
    assert found["covers the modes"]["metric"] == "modes"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(2.5, 4, "fails"), (0.5, 1.9, "holds"), (1.5, 2.5, "cannot tell"), (0, None, "cannot tell"), (2.5, None, "fails")],
)
def test_collisions_against_real(low, high, said):
    assert outcome("makes distinct samples", birthday=estimate(1, 2, ratio_to_real={"ci95": [low, high]})) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.0, 0.44, "fails"), (0.46, 0.5, "holds"), (0.44, 0.5, "cannot tell"), (0.8, 0.9, "holds")],
)
def test_copies(low, high, said):
    assert outcome("does not copy", memorization=estimate(low, high)) == said


@pytest.mark.parametrize(
    ("value", "low", "said"),
    [
        (-0.1, 0.0, "holds"),
        (0.19, 0.0, "holds"),
        (0.25, 0.01, "cannot tell"),
        (0.31, 0.1, "fails"),
        (None, None, "holds"),
    ],
)
def test_kid_against_what_equal_laws_show(value, low, said):
    assert outcome("matches real", kid=estimate(low, 1.0, value, n=200, m=200, null_stderr=0.1)) == said
    few = outcome("matches real", kid=estimate(low, 1.0, value, n=200, m=199, null_stderr=0.1))
    assert few == ("cannot tell" if said == "holds" else said)


def test_rules_do_not_depend_on_the_data():
    rules = {q: v["rule"] for q, v in verdicts.judge({}, {}, 5).items()}
    kid = estimate(0.1, 1.0, 0.5, null_stderr=0.1)
    assert verdicts.judge({"kid": kid}, {}, 5)["matches real"]["rule"] == rules["matches real"]
    other = dataclasses.replace(kid, value=0.0)
    assert verdicts.judge({"kid": other}, {}, 5)["matches real"]["rule"] == rules["matches real"]


def test_balls_without_extent_decide_nothing():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((20, 3)).astype(np.float32)
    sets = {role: points[rng.integers(0, 20, 400)] for role in ("real", "fake")}
    found = gan_probe.evaluate(**sets, metrics="coverage")
    assert found["verdicts"]["fake"]["covers the modes"]["outcome"] == "cannot tell"
