"""What was measured can speak against a claim as well as for it: each judgement on inputs of both kinds."""

import numpy as np
import pytest

from gan_probe.experiments import (
    dynamics,
    embeddings,
    encoder,
    experiment,
    identities,
    interpolation,
    inversion,
    likelihoods,
    parzen_windows,
    spectrum,
    theorems,
    toy,
)
from gan_probe.theory import birthday, collision_bounds, plane, two_gaussians
from gan_probe.theory import courses as courses_lib

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


def test_figure_2_collapses_from_one_start_and_not_from_the_printed_one():
    """Intervals that are lost: the left one, and both where both players move; test_two_gaussians has their places."""
    found = list(dynamics._figure_2_claims(dynamics.EXPERIMENT.presets["smoke"]))
    lost = {(one.claim, "printed" in one.measured): one.value for one in found if one.claim != "002-F2-b"}
    assert lost["002-F2-c", False] == 1 and lost["002-F2-d", False] == 2 and lost["002-F2-d", True] == 0
    assert outcomes(found)["002-F2-b"] == YES


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
    assert likelihoods._far(0.01, 40, lower, lower + gap).outcome == verdict


@pytest.mark.parametrize(("printed", "over", "verdict"), [(0.1, 0.5, YES), (-0.1, 0.5, NO), (0.1, 3.0, NO)])
def test_theorems_on_laws_that_are_not_uniform(printed, over, verdict):
    gaps = [collision_bounds.Gap(printed, "Zipf", 10.0, 5), collision_bounds.Gap(-1.0, "uniform", 10.0, 5)]
    second = {"Zipf": over, "uniform": 9.0}
    found = theorems._needs_uniform(
        gaps,
        [collision_bounds.Gap(0.2, "Zipf", 10.0, 5)],
        {law: collision_bounds.Second(carriers, 1.0, 1.0, 1.0) for law, carriers in second.items()},
        [collision_bounds.Ratio(0.9, "Zipf", 5)],
    )
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
    values = 0.1 * np.random.default_rng(0).standard_normal(100)  # a standard error of .01 each
    values -= values.mean()
    assert encoder._equal("", "", apart + values, values[::-1], 0.05).outcome == verdict


def test_a_short_training_does_not_speak_against_what_a_long_one_learns():
    none, all_of_them = np.zeros(40, bool), np.ones(40, bool)
    assert [toy._learned(none, n).outcome for n in (100, 100_000)] == [OPEN, NO]
    assert toy._learned(all_of_them, 100).outcome == YES


def outcomes(judged):
    return {one.claim: one.outcome for one in judged}


@pytest.mark.parametrize(("lost", "ratio", "verdict"), [(0.8, 0.3, YES), (0.1, 0.9, NO), (0.5, 0.5, OPEN)])
def test_directions_that_are_lost(lost, ratio, verdict):
    spectra = {
        name: {"detail": {"dropped": lost, "ratio_to_real": {"value": ratio, "ci95": [ratio - 0.05, ratio + 0.05]}}}
        for name in ("training images", "dcgan")
    }
    found = spectrum._claims(spectra, {"dcgan": (lost - 0.05, lost + 0.05)})
    assert [one.outcome for one in found] == [verdict] * 2


@pytest.mark.parametrize(("half", "off", "walks", "blends"), [(1.0, 0.4, YES, YES), (2.0, 0.02, NO, NO)])
def test_walks_and_blends(half, off, walks, blends):
    """A walk whose half-way images lie near real ones and off the segment; one that leaves both."""
    rng = np.random.default_rng(0)
    points = interpolation._POINTS
    walk = np.ones((50, points)) + 0.01 * rng.normal(size=(50, points))
    walk[:, points // 2] *= half
    blend = np.full((50, points), 1.4) + 0.01 * rng.normal(size=(50, points))
    one = interpolation._Measured(off + 0.001 * rng.normal(size=50), np.ones(50), walk, blend)
    found = list(interpolation._claims({"pixels": one}))
    for claim, verdict in (("000-1-b", walks), ("002-4-f", blends)):
        assert experiment.overall(part.outcome for part in found if part.claim == claim) == verdict


@pytest.mark.parametrize(("sign", "verdict"), [(1, YES), (-1, NO)])
def test_what_inversions_tell(sign, verdict):
    n, missing = 200, np.arange(200) % 2 == 0

    def case(worse):
        error = 1 + sign * worse * np.ones(n)
        return inversion.Case({"held": inversion.inversion.Found(None, error, -error, None)}, None)

    cases = {"all": case(0.0), "early": case(1.0), "half of the classes": case(1.0)}
    auc = 0.5 + sign * 0.4
    few = {"auc": auc, "ci95": [auc - 0.03, auc + 0.03], "p": 0.01}
    found = inversion._claims(cases, {"few images": {"error": few, "log_density": few}}, missing)
    assert [one.outcome for one in found] == [verdict] * 6


@pytest.mark.parametrize(("ends", "verdict"), [((0.6, 1.0), YES), ((-0.5, 0.3), NO), ((0.1, 1.0), OPEN)])
def test_orders_under_embeddings(ends, verdict):
    entry = {"embeddings": ["a", "b"], "kendall": {"value": sum(ends) / 2, "ci95": list(ends)}, "contradictions": []}
    assert embeddings._judged("", [entry], ["a", "b"]).outcome == verdict


@pytest.mark.parametrize(("vae", "spread", "verdict"), [(50.0, 4.0, YES), (-50.0, 1.0, NO)])
def test_scores_of_decoders(vae, spread, verdict):
    """Mean ln p of a GAN at two variances, `spread` times as large at the one, and of a VAE beside it."""
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 2, 30))
    gan = 100 * np.array([[5 * spread - 4], [0.05]]) if spread > 1 else np.array([[100.0], [100.5]])
    scores = {"GAN-10": {"value": gan + noise[0]}, "VAE-10": {"value": gan + vae + noise[1]}}
    bounds = {"GAN-10": (np.zeros(4), np.linspace(1, 1.1, 4))}
    found = outcomes(likelihoods._claims(likelihoods.EXPERIMENT.presets["smoke"], (0.1, 0.01), scores, bounds))
    assert {found[claim] for claim in ("004-3.1.2-f", "004-3.4.1-e", "004-3.1.2-d")} == {verdict}


@pytest.mark.parametrize(("flat", "least", "verdict"), [(0.3, 0.01, YES), (0.0, 1.0, NO)])
def test_flat_discriminators_and_modes_that_are_missed(flat, least, verdict):
    """Courses of 3 looks and 30 seeds whose discriminators are flat so far, with so little of a mode at the end."""
    rng = np.random.default_rng(0)

    def course(modes):
        noisy = flat + 1e-3 * rng.random(30)
        looks = {t: plane.Look(None, None, noisy, noisy) for t in range(3)}
        closest = np.full((3, 30, modes), 1.0)
        closest[:, :, :3] = least
        misplaced = 0.3 + 0.001 * rng.random((3, 30))
        return courses_lib.Course(looks, closest, closest, misplaced)

    courses = {("pair", loss): course(2) for loss in toy._NAMES}
    courses |= {(law, "non_saturating"): course(8) for law in ("ring8", "grid25")}
    pair, modes = outcomes(toy._pair_claims(courses, 0.05)), outcomes(toy._mode_claims(courses))
    assert {pair["001-1-c"], pair["001-1-d"], modes["000-1-d"], modes["004-3.4.5-a"]} == {verdict}
    assert pair["001-1-f"] == (NO if verdict == YES else YES)
