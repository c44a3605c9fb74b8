"""What was measured can speak against a claim as well as for it: each judgement on inputs of both kinds."""

import numpy as np
import pytest

from gan_probe.experiments import dynamics, encoder, experiment, identities, likelihoods, parzen_windows, theorems, toy

YES, NO, OPEN = "holds", "does not hold", "cannot tell"


@pytest.mark.parametrize(
    ("parts", "verdict"), [([YES, YES], YES), ([YES, NO, OPEN], NO), ([YES, OPEN], OPEN), ([], OPEN)]
)
def test_a_claim_holds_where_all_its_parts_do(parts, verdict):
    assert experiment.overall(parts) == verdict


def test_differences_are_end_against_end():
    assert experiment.difference((3.0, 2.0, 5.0), (1.0, 0.5, 1.5)) == (2.0, (0.5, 4.5))


def test_two_intervals_suffice_but_for_more_components():
    assert dynamics._two_intervals(np.zeros(5), 1e-8).outcome == YES
    assert dynamics._two_intervals(np.array([0, 1e-3]), 1e-8).outcome == NO


@pytest.mark.parametrize(("apart", "verdict"), [(0.01, YES), (0.3, NO)])
def test_means_that_collapse_come_together(apart, verdict):
    late = np.full((5, 100), 0.02)
    late[2] = apart  # one moment is enough
    assert dynamics._merged(np.ones(100), late, np.ones(100, bool)).outcome == verdict
    assert dynamics._merged(np.zeros(100), late, np.ones(100, bool)).outcome == NO  # they were no further apart before
    assert dynamics._merged(np.ones(100), late, np.zeros(100, bool)).outcome == OPEN


def test_intervals_where_f_is_negative_vanish_more_often():
    negative = np.arange(200).reshape(2, 100) % 2 == 0
    assert dynamics._danger("", negative, negative).outcome == YES
    assert dynamics._danger("", negative, ~negative).outcome == NO
    assert dynamics._danger("", negative, np.ones_like(negative)).outcome == OPEN


@pytest.mark.parametrize(
    ("gap", "js", "memorised", "told"), [(0.05, 0.01, YES, OPEN), (0.3, 0.01, NO, OPEN), (0.05, 0.2, YES, NO)]
)
def test_what_discriminators_see_bounds_others_from_below(gap, js, memorised, told):
    """One kind that sees little shows that some do, and of the others nothing."""
    rng = np.random.default_rng(0)
    free, cells = ({n: rng.normal(value, 0.001, 20) for n in (16, 64)} for value in (gap, js))
    found = {one.claim: one.outcome for one in identities._gap_claims(0.1, free, cells)}
    assert found == {"003-1-b": memorised, "002-3-d": told}


@pytest.mark.parametrize(("order", "verdict"), [(1, NO), (-1, YES)])
def test_scores_that_follow_quality(order, verdict):
    quality = np.arange(20.0)
    assert parzen_windows._tracks("", order * quality, quality).outcome == verdict
    mixed = np.random.default_rng(0).permutation(20)
    assert parzen_windows._tracks("", np.where(mixed < 10, quality, 7.5), quality).outcome != NO
    assert parzen_windows._tracks("", quality[:2], quality[:2]).outcome == OPEN


@pytest.mark.parametrize(("gap", "verdict"), [(1.0, NO), (40.0, OPEN)])
def test_a_wide_gap_does_not_say_how_far_an_estimate_lies(gap, verdict):
    lower = np.random.default_rng(0).normal(size=10)
    config = likelihoods.EXPERIMENT.presets["smoke"]
    assert likelihoods._far(config, lower, lower + gap).outcome == verdict


@pytest.mark.parametrize(("printed", "over", "verdict"), [(0.1, 0.5, YES), (-0.1, 0.5, NO), (0.1, 3.0, NO)])
def test_theorems_on_laws_that_are_not_uniform(printed, over, verdict):
    gaps = {
        "printed": [(printed, "Zipf", 10.0, 5), (-1.0, "uniform", 10.0, 5)],
        "provable": [(0.2, "Zipf", 10.0, 5)],
    }
    second = {"Zipf": (over, 1.0, 1.0, 1.0), "uniform": (9.0, 1.0, 1.0, 1.0)}
    found = theorems._needs_uniform(gaps, second, [(0.9, "Zipf", 5)])
    assert experiment.overall(one.outcome for one in found) == verdict


_TRAINED = {"003-3-e", "003-D-a", "003-D-b", "003-3.1-d", "003-D.1-b"}  # about all discriminators


@pytest.mark.parametrize(("found", "all_of_them", "as_played"), [(0.02, OPEN, YES), (0.5, NO, NO)])
def test_gaps_that_trained_discriminators_find(found, all_of_them, as_played):
    """They can refute what is said of all discriminators; the objective of a training is what they find."""
    config = encoder.EXPERIMENT.presets["smoke"]
    gaps = np.random.default_rng(0).normal(found, 0.002, (2, 3, 2, 40))
    gaps[0, 0] += 0.3
    outcomes = {one.claim: one.outcome for one in encoder._gap_claims(config, [16, 81, 256], [9, 40], gaps)}
    assert {outcomes[claim] for claim in _TRAINED} == {all_of_them}
    assert {outcomes[claim] for claim in ("003-3-f", "003-abs-b", "003-abs-c")} == {as_played}


@pytest.mark.parametrize(("apart", "verdict"), [(0.01, YES), (0.2, NO), (0.05, OPEN)])
def test_equal_means(apart, verdict):
    assert encoder._equal("", "", (apart, 0.01), (0.0, 0.01), 0.05).outcome == verdict


def test_a_short_training_does_not_speak_against_what_a_long_one_learns():
    none, all_of_them = np.zeros(40, bool), np.ones(40, bool)
    assert [toy._learned(none, n).outcome for n in (100, 100_000)] == [OPEN, NO]
    assert toy._learned(all_of_them, 100).outcome == YES
