"""Undoing a confusion matrix: closed forms, the limit of Wilson's interval, what can't be undone, and coverage."""

import numpy as np
import pytest

from gan_probe import types
from gan_probe.stats import confusion, proportion

TWO = np.array([[0.9, 0.1], [0.2, 0.8]])
SIX = np.diag(np.linspace(0.6, 0.85, 6)) + 0.1 * np.roll(np.eye(6), 1, axis=1) + 0.05 * np.roll(np.eye(6), 3, axis=1)
SIX /= SIX.sum(axis=1, keepdims=True)
PAIR = np.kron([[0.86, 0.14], [0.15, 0.85]], [[0.9, 0.1], [0.12, 0.88]])
LAWS = {
    "two": (TWO, np.array([0.3, 0.7])),
    "two, one dropped": (TWO, np.array([1.0, 0.0])),
    "pair": (PAIR, np.array([0.4, 0.3, 0.2, 0.1])),
    "six, nearly one": (SIX, np.array([0.95, 0.01, 0.01, 0.01, 0.01, 0.01])),
    "six, dropped": (SIX, np.array([0.25, 0, 0.25, 0.25, 0.25, 0])),
}


def names(n):
    return tuple(f"class {i}" for i in range(n))


def drawn(rng, rates, rows):
    return np.array([rng.multinomial(n, row) for n, row in zip(rows, rates, strict=True)])


def test_two_classes_by_hand():
    known = confusion.measured(np.array([[900, 100], [200, 800]]), names(2))
    # q = .9 p + .2 (1 - p), hence p = (q - .2) / .7.
    found = confusion.fractions(np.array([410, 590]), known)
    assert found.values == pytest.approx([0.3, 0.7])
    # Rogan and Gladen 1978, their delta variance of a prevalence with estimated sensitivity and specificity.
    variance = (0.41 * 0.59 / 1000 + 0.09 * 0.3**2 / 1000 + 0.16 * 0.7**2 / 1000) / 0.7**2
    assert found.intervals[0].stderr == pytest.approx(variance**0.5, rel=0.02)


def test_a_law_outside_the_simplex_gives_the_likeliest_inside():
    known = confusion.measured(1000 * SIX.round(3), names(6))
    q = np.array([0.0, 0.42, 0.2, 0.2, 0.1, 0.08])
    assert (known.inverse @ q).min() < 0
    found = confusion.fractions(1000 * q, known).values
    assert found.min() >= 0 and found.sum() == pytest.approx(1)
    best = q @ np.log(found @ known.rates)
    steps = np.random.default_rng(0).dirichlet(np.ones(6), 2000)
    assert all(q @ np.log((0.99 * found + 0.01 * step) @ known.rates) <= best + 1e-9 for step in steps)


def test_a_faultless_annotator_gives_wilson_intervals():
    known = confusion.measured(np.diag([10**9] * 3), names(3))
    found = confusion.fractions(np.array([30, 170, 0]), known)
    for interval, count in zip(found.intervals, (30, 170, 0), strict=True):
        wilson = proportion.wilson(count, 200)
        assert (interval.low, interval.high) == pytest.approx((wilson.low, wilson.high), abs=1e-5)
    value, interval = confusion.correctness(np.array([[50, 5, 0], [0, 60, 5], [0, 0, 80]]), known)
    wilson = proportion.wilson(190, 200)
    assert value == pytest.approx(0.95)
    assert (interval.low, interval.high) == pytest.approx((wilson.low, wilson.high), abs=1e-5)


def test_distance_of_a_faultless_annotator_is_that_of_the_classes():
    known = confusion.measured(np.diag([10**9] * 3), names(3))
    real, fake = np.array([100, 200, 300]), np.array([90, 80, 230])
    value, null, interval = confusion.distance(
        real=real / 600, fake=fake / 400, n_real=600, n_fake=400, confusion=known
    )
    plain = proportion.compare_classes(real=real, fake=fake)
    assert value == pytest.approx(plain.total_variation)
    assert null == pytest.approx(plain.null_expectation, rel=1e-3)
    assert (interval.low, interval.high) == pytest.approx((plain.interval.low, plain.interval.high), abs=2e-3)


def test_a_faultless_annotator_gives_wilson_intervals_at_the_level_of_all_classes():
    found = confusion.fractions(np.array([30, 170, 0]), confusion.measured(np.diag([10**9] * 3), names(3)))
    z, p, n = 2.3939797, 0.15, 200  # of 5 % / 3, two-sided
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    ends = np.array([centre - half, centre + half]) / (1 + z**2 / n)
    assert (found.together[0].low, found.together[0].high) == pytest.approx(ends, abs=1e-5)


@pytest.mark.parametrize("truth", [0.9, 1.0, 0.0])
def test_expected_counts_give_back_the_share_of_right_labels(truth):
    known = confusion.measured(1e6 * PAIR, names(4))
    joint = np.diag(np.full(4, truth / 4)) + (1 - truth) / 12 * (1 - np.eye(4))
    value, interval = confusion.correctness((10_000 * joint @ PAIR), known)
    assert value == pytest.approx(truth, abs=1e-6)
    assert interval.low <= truth <= interval.high and interval.high - interval.low < 0.05


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([[5, 5], [0, 0]], "no labelled real row is of class 1"),
        ([[9, 0], [7, 0]], "never names class 1"),
        ([[5, 5], [10, 10]], "cannot tell some classes apart"),
        ([[11, 9], [9, 11]], "too near singular for its 40 rows"),
    ],
)
def test_what_cannot_be_undone_is_said(counts, reason):
    known = confusion.measured(np.array(counts), names(2))
    assert known.inverse is None and reason in known.reason
    with pytest.raises(ValueError, match=reason):
        confusion.fractions(np.array([1, 1]), known)


def said(right):
    """An interval that holds 1 where something right was said."""
    return types.Interval(0.0, float(right), None, "", "conservative")


def check(coverage, law, n, m, replications):
    rates, truth = LAWS[law]
    rng, k = np.random.default_rng(0), len(truth)
    even = np.full(k, 1 / k)
    tv = np.abs(even - truth).sum() / 2
    shares = (0.9, 0.98, 1.0)
    joints = [np.diag(s * truth) + (1 - s) * truth[:, None] * (1 - np.eye(k)) / (k - 1) for s in shares]
    each: list[list[types.Interval]] = [[] for _ in truth]
    distances, both_annotated, together, faint = [], [], [], []
    right: list[list[types.Interval]] = [[] for _ in shares]
    for _ in range(replications):
        real = rng.multinomial(n, even)
        known = confusion.measured(drawn(rng, rates, real), names(k))
        if known.inverse is None:
            continue
        found = confusion.fractions(rng.multinomial(m, truth @ rates), known)
        for kept, interval in zip(each, found.intervals, strict=True):
            kept.append(interval)
        at_once = confusion.fractions(rng.multinomial(m, truth @ rates), known).together
        together.append(said(all(i.low <= share <= i.high for i, share in zip(at_once, truth, strict=True))))
        # Real has twice each share of all classes but the first: none of these is below half of it.
        half = np.append(1 - truth[1:].sum() / 2, truth[1:] / 2)
        found_of = [
            confusion.fractions(rng.multinomial(rows, law @ rates), known) for rows, law in ((n, truth), (m, half))
        ]
        held = [proportion.Together(f.values, *np.array([[i.low, i.high] for i in f.together]).T) for f in found_of]
        faint.append(proportion.faint(real=held[0], fake=held[1])[0].any())
        sets = {"fake": found.values, "n_real": n, "n_fake": m, "confusion": known}
        distances.append(confusion.distance(real=real / n, **sets)[2])
        other = confusion.fractions(rng.multinomial(n, even @ rates), known)
        both_annotated.append(confusion.distance(real=other.values, labelled=False, **sets)[2])
        for kept, joint in zip(right, joints, strict=True):
            table = rng.multinomial(m, (joint @ rates).ravel()).reshape(k, k)
            kept.append(confusion.correctness(table, known)[1])
    assert len(distances) > 0.95 * replications
    for share, kept in zip(truth, each, strict=True):
        coverage(kept, share, f"fraction {share:.2f} {law} {n} x {m}")
    coverage(together, 1.0, f"all fractions together {law} {n} x {m}")
    assert np.mean(faint) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(faint)), "classes at half their share called faint"
    coverage(distances, tv, f"total variation {law} {n} x {m}")
    coverage(both_annotated, tv, f"total variation, real annotated, {law} {n} x {m}")
    for share, kept in zip(shares, right, strict=True):
        coverage(kept, share, f"label correctness {share} {law} {n} x {m}")


@pytest.mark.parametrize("law", LAWS)
def test_coverage(coverage, law):
    check(coverage, law, 800, 1000, 100)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(500, 500), (600, 10_000), (10_000, 500)])
@pytest.mark.parametrize("law", LAWS)
def test_coverage_slow(coverage, law, sizes):
    check(coverage, law, *sizes, 1000)
