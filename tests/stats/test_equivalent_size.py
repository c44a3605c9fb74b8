"""The inverse of accuracy against real rows, on curves whose inverse is known."""

import numpy as np
import pytest

from gan_probe.stats import equivalent_size, proportion

SIZES = [10, 20, 40, 80, 160, 320]
ITEMS = 2000


def accuracy_at(n):
    """Known and rising: 0.5 at 10 rows, .1 more at each doubling up to 1.0 at 320."""
    return 0.5 + 0.1 * np.log2(n / 10)


def answers(accuracy, repeats, rng, wobble=0.0):
    """Items of known difficulty, which every model answers up to its own accuracy: paired, as in real life."""
    difficulty = np.random.default_rng(0).permutation((np.arange(ITEMS) + 0.5) / ITEMS)
    return np.stack([difficulty < accuracy + wobble * rng.normal() for _ in range(repeats)])


def known_curve(wobble=0.0, repeats=8, seed=1):
    rng = np.random.default_rng(seed)
    return equivalent_size.curve(SIZES, [answers(accuracy_at(n), repeats, rng, wobble) for n in SIZES])


@pytest.mark.parametrize("n", [15, 40, 100, 250])
def test_the_inverse_of_a_known_curve(n):
    found = equivalent_size.worth(known_curve(), answers(accuracy_at(n), 1, np.random.default_rng(2))[0])
    # Linear in log n between sizes, as this curve is: exact up to whole items.
    assert found.value == pytest.approx(n, rel=0.02)
    assert found.interval.low < n < found.interval.high and found.beyond == ""


def test_pairing_narrows_the_interval():
    right = answers(accuracy_at(40), 1, np.random.default_rng(2))[0]
    paired = equivalent_size.worth(known_curve(), right).interval
    shuffled = equivalent_size.worth(known_curve(), np.random.default_rng(3).permutation(right)).interval
    assert np.log(shuffled.high / shuffled.low) > 2 * np.log(paired.high / paired.low)


@pytest.mark.parametrize(("accuracy", "beyond"), [(0.2, "below"), (0.5, ""), (1.0, "")])
def test_ends_are_open_where_the_curve_ends(accuracy, beyond):
    found = equivalent_size.worth(known_curve(), answers(accuracy, 1, np.random.default_rng(2))[0])
    low, high = found.interval.low, found.interval.high
    assert found.beyond == beyond
    if accuracy < 0.6:
        assert low is None and 10 < high < 12
        assert (found.value is None) if beyond else found.value == pytest.approx(10)
    else:
        assert high is None and 300 < low < 320 and found.value == pytest.approx(320)


def test_far_above_the_curve_is_more_than_all_of_it():
    rng = np.random.default_rng(0)
    poor = equivalent_size.curve([10, 20], [answers(a, 4, rng, 0.01) for a in (0.3, 0.4)])
    found = equivalent_size.worth(poor, answers(0.9, 1, rng)[0])
    assert found.value is None and found.beyond == "above"
    assert found.interval.high is None and found.interval.low == pytest.approx(20, rel=0.01)


def test_a_curve_that_dips_is_made_monotone_and_a_flat_part_gives_its_middle():
    rng = np.random.default_rng(0)
    dipping = equivalent_size.curve([10, 20, 40, 80], [answers(a, 2, rng) for a in (0.5, 0.7, 0.6, 0.9)])
    assert dipping.accuracy == pytest.approx([0.5, 0.7, 0.6, 0.9])
    assert dipping.monotone == pytest.approx([0.5, 0.65, 0.65, 0.9])
    found = equivalent_size.worth(dipping, answers(0.65, 1, rng)[0])
    assert found.value == pytest.approx(np.sqrt(20 * 40), rel=0.02)


def test_deviation_falls_and_reaches_sizes_without_repeats():
    rng = np.random.default_rng(4)
    curve = equivalent_size.curve(
        [10, 20, 40, 80],
        [answers(a, r, rng, s) for a, r, s in ((0.5, 200, 0.04), (0.6, 200, 0.02), (0.7, 200, 0.01), (0.8, 1, 0.0))],
    )
    assert curve.deviation == pytest.approx([0.04, 0.02, 0.01, 0.005], rel=0.2)  # the law goes on: variance as n^-2
    assert (curve.freedom > 80).all() and curve.freedom[1] == curve.freedom.max()
    low, high = np.array([(i.low, i.high) for i in curve.intervals()]).T
    assert (low < curve.accuracy).all() and (curve.accuracy < high).all()


def test_without_repeats_only_the_items_vary():
    curve = known_curve(wobble=0.01, repeats=1)
    assert (curve.deviation == 0).all() and (known_curve(wobble=0.01).deviation > 0.003).all()
    found = equivalent_size.worth(curve, answers(accuracy_at(40), 1, np.random.default_rng(2))[0])
    repeated = equivalent_size.worth(known_curve(0.01), answers(accuracy_at(40), 1, np.random.default_rng(2))[0])
    assert found.interval.high / found.interval.low < repeated.interval.high / repeated.interval.low


def test_a_class_that_all_answer_rightly_keeps_an_interval():
    right = np.ones((3, 40), bool)
    curve = equivalent_size.curve([10, 20], [right, right])
    for interval in curve.intervals():
        wilson = proportion.wilson(40, 40)
        assert (interval.low, interval.high) == pytest.approx((wilson.low, 1.0), abs=1e-3)


def test_an_accuracy_without_repeats_has_wilsons_interval():
    for interval, n in zip(known_curve(repeats=1).intervals(), SIZES, strict=True):
        wilson = proportion.wilson(round(accuracy_at(n) * ITEMS), ITEMS)
        assert (interval.low, interval.high) == pytest.approx((wilson.low, wilson.high), abs=1e-3)


def test_models_that_agree_on_all_items_do_not_give_a_worth_of_no_width():
    """40 items, one more of them right at each size: two items more or less say little."""
    curve = equivalent_size.curve(SIZES, [np.arange(40)[None] < 30 + k for k in range(6)])
    found = equivalent_size.worth(curve, np.arange(40) < 32)
    assert found.value == pytest.approx(40, rel=0.02)
    assert (found.interval.low or 0) < 20 and (found.interval.high or np.inf) > 80


def test_coverage_at_each_size_where_the_deviation_falls(coverage):
    """Eight sizes, few of them repeated at the large end, draws that vary as n^-1/2, items that do not."""
    sizes, rng = [8 * 2**k for k in range(8)], np.random.default_rng(0)
    difficulty = (np.arange(400) + 0.5) / 400
    found = [[] for _ in sizes]
    for _ in range(150):
        draws = [
            difficulty < 0.3 + 0.08 * k + 0.1 * 2 ** (-k / 2) * rng.normal(size=(1 + min(3, 2 ** (7 - k)), 1))
            for k in range(8)
        ]
        curve = equivalent_size.curve(sizes, [d[1:] for d in draws])
        for kept, d in zip(found, draws, strict=True):
            kept.append(equivalent_size.worth(curve, d[0]).interval)
    for n, kept in zip(sizes, found, strict=True):
        assert coverage(kept, n, f"worth, {n} rows, three repeats") > 0.87
