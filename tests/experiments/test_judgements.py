"""What was measured can speak against a claim as well as for it: each judgement on inputs of both kinds."""

import math

import numpy as np
import pytest

from gan_probe import sets
from gan_probe.experiments import (
    classifier,
    ddm_optimum,
    dynamics,
    dynamics_panels,
    embeddings,
    encoder,
    experiment,
    fooled_scores,
    identities,
    interpolation,
    inversion,
    likelihoods,
    lost_intervals,
    parzen_windows,
    spectrum,
    theorems,
    toy,
)
from gan_probe.theory import birthday, collision_bounds, discriminator_collapse, pair_tails, plane, two_gaussians
from gan_probe.theory import courses as courses_lib

YES, NO, OPEN = "holds", "does not hold", "cannot tell"


def outcomes(judged):
    """Verdicts by claim."""
    judged = list(judged)
    return {
        claim: experiment.overall(one.outcome for one in judged if one.claim == claim)
        for claim in dict.fromkeys(one.claim for one in judged)
    }


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


@pytest.mark.parametrize(("real_part", "verdict"), [(-0.05, YES), (0.0, NO)])
def test_an_equilibrium_is_stable(real_part, verdict):
    assert dynamics._stable(real_part).outcome == verdict


@pytest.mark.parametrize(
    ("ends", "best", "off", "verdict"), [([500, 2_000, 2_500, 0], 0, 0.01, YES), ([3_000, 0, 0, 2_000], 3, 0.3, NO)]
)
def test_what_becomes_of_random_starts(ends, best, off, verdict):
    """So many of 5,000 starts come to each end under first-order dynamics, all to the end `best` under others.

    Later, at one moment, all are so far from the right values.
    """
    others = np.full(5_000, best)
    found = {"first order": np.repeat(np.arange(4), ends), "optimal": others}
    later = np.tile(dynamics._TARGET[:, None], (7, 1, 5_000))
    later[3, 1] += off
    stay = dict.fromkeys(found, dynamics._stay(later))
    judged = outcomes(
        dynamics._figure_1_claims(found, {"first order": others, "optimal": others}, stay, found["first order"] == 1)
    )
    assert set(judged.values()) == {verdict}


@pytest.mark.parametrize(
    ("hits", "n", "verdict"), [(1, 60, YES), (1, 10_000, YES), (0, 10_000, NO), (0, 60, OPEN), (0, 0, OPEN)]
)
def test_one_start_is_enough_to_exist(hits, n, verdict):
    found = dynamics._exists("", "", np.arange(n) < hits)
    assert found.outcome == verdict and found.value == hits


def test_one_gaussian_must_be_found_under_either_dynamics():
    every, half = np.zeros(5_000), np.arange(5_000) % 2
    for lone in ({"first order": half, "optimal": every}, {"first order": every, "optimal": half}):
        plain = {"first order": every, "optimal": every}
        stay = dict.fromkeys(plain, np.ones(100, bool))
        plain["first order"] = np.repeat(np.arange(4), 1_250)
        assert outcomes(dynamics._figure_1_claims(plain, lone, stay, stay["optimal"]))["002-2-a"] == NO


def test_how_the_starts_of_one_gaussian_fail_is_told():
    """A quarter at each of the four ends: of those that don't converge a third have no interval left."""
    ends, every = np.arange(5_000) % 4, np.zeros(5_000)
    plain = {"first order": ends, "optimal": every}
    stay = dict.fromkeys(plain, np.ones(100, bool))
    judged = dynamics._figure_1_claims(plain, plain, stay, stay["optimal"])
    said = [one.measured for one in judged if one.claim == "002-2-a"]
    assert "of the others 0.3333 lose their interval" in said[0] and "of the others" not in said[1]


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [((0.989, 0.99, 0.991), YES), ((0.97, 0.971, 0.972), NO), ((0.98, 0.99), OPEN), ((1,), OPEN)],
)
def test_a_classifier_that_reaches_the_papers_accuracy(accuracy, verdict):
    """One that was stopped early can't speak against the paper's."""
    for converged in (True, False):
        found = classifier._reaches(classifier.Config(), 10_000, np.array(accuracy), converged=converged)
        assert found.outcome == (verdict if converged or verdict == YES else OPEN)


@pytest.mark.parametrize(("left_out", "right", "verdict"), [(0.0, 1.0, YES), (0.1, 2.0, NO)])
def test_discriminator_collapse(left_out, right, verdict):
    """An interval from 1 to `right` at the end of each run."""
    last = two_gaussians.State(np.zeros(2), np.array([[1.0, right], [3.0, 4.0]]))
    found = lost_intervals.figure_2_claims(left_out, dict.fromkeys(discriminator_collapse.RUNS, last))
    assert set(outcomes(found).values()) == {verdict}
    lost = np.full((2, 5_000), right == 1.0)
    assert outcomes(lost_intervals.risk_claims(lost, lost, lost))["002-2-i"] == verdict


def test_maps_name_each_start_of_the_grid():
    """Of 3 x 3 starts of the generator with 2 of the discriminator; a start's outcome is a function of its means."""
    start = two_gaussians.grid_starts(np.random.default_rng(0), 3, 2)
    found = np.where(start.means[0] > start.means[1], 0, np.where(start.means[0] == start.means[1], 1, 2))
    table = dynamics_panels.maps({"first order": found.reshape(3, 3, 2)})
    assert len(table.rows) == 9
    for _, one, other, starts, *shares in table.rows:
        assert starts == 2 and shares == [one > other, one == other, one < other, 0]


@pytest.mark.parametrize(("apart", "verdict"), [(0.01, YES), (0.3, NO)])
def test_means_that_collapse_come_together(apart, verdict):
    late = np.full((5, 100), 0.02)
    late[2] = apart  # one moment is enough
    assert dynamics._merged(np.ones(100), late, np.ones(100, bool)).outcome == verdict
    assert dynamics._merged(np.zeros(100), late, np.ones(100, bool)).outcome == NO  # they were no further apart before
    assert dynamics._merged(np.ones(100), late, np.zeros(100, bool)).outcome == OPEN


def test_intervals_where_f_is_negative_vanish_more_often():
    negative = np.arange(200).reshape(2, 100) % 2 == 0
    assert lost_intervals._danger("", negative, negative).outcome == YES
    assert lost_intervals._danger("", negative, ~negative).outcome == NO
    assert lost_intervals._danger("", negative, np.ones_like(negative)).outcome == OPEN


@pytest.mark.parametrize(
    ("gap", "js", "memorised", "told"), [(0.05, 0.01, OPEN, OPEN), (0.3, 0.01, NO, OPEN), (0.05, 0.2, OPEN, NO)]
)
def test_what_discriminators_see_bounds_others_from_below(gap, js, memorised, told):
    """What one kind does not see another may."""
    rng = np.random.default_rng(0)
    free, cells = ({n: rng.normal(value, 0.001, 20) for n in (16, 64)} for value in (gap, js))
    found = {one.claim: one.outcome for one in identities._gap_claims(0.1, free, cells)}
    assert found == {"003-1-b": memorised, "002-3-d": told}


@pytest.mark.parametrize(("order", "verdict"), [(1, NO), (-1, YES)])
def test_scores_that_follow_quality(order, verdict):
    quality = np.arange(20.0)
    assert parzen_windows._tracks("", order * quality, "DDM", quality).outcome == verdict
    mixed = np.random.default_rng(0).permutation(20)
    assert parzen_windows._tracks("", np.where(mixed < 10, quality, 7.5), "DDM", quality).outcome != NO
    assert parzen_windows._tracks("", quality[:2], "DDM", quality[:2]).outcome == OPEN


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


LAWS = {
    "uniform": birthday.Law(np.zeros(0), 20_000),
    "Zipf": birthday.zipf(4_000, 1),
    "one point at 10 %": birthday.Law(np.array([0.1]), 1e9),
    "one point at 1 %": birthday.Law(np.array([0.01]), 1e9),
}
EVEN = dict.fromkeys(LAWS, LAWS["uniform"])
LUMPY = LAWS | {"uniform": birthday.Law(np.array([0.5]), 20_000)}


@pytest.mark.parametrize(
    ("laws", "expected"),
    [
        (LAWS, {"003-1.1-a": YES, "003-1.1-b": NO, "003-1.1-c": YES, "002-4-g": YES, "002-4-h": YES}),
        (EVEN, {"003-1.1-a": YES, "003-1.1-b": YES, "003-1.1-c": NO, "002-4-g": YES, "002-4-h": YES}),
        (LUMPY, {"003-1.1-a": NO, "003-1.1-b": NO, "003-1.1-c": YES, "002-4-g": NO, "002-4-h": NO}),
    ],
)
def test_what_s_squared_says_of_laws(laws, expected):
    found = outcomes(theorems._rule(laws))
    assert {claim: found[claim] for claim in expected} == expected


@pytest.mark.parametrize(("laws", "margin", "verdict"), [(EVEN, 0.1, YES), (LAWS, -0.1, NO)])
def test_theorem_2_bounds_points_of_even_laws_only(laws, margin, verdict, monkeypatch):
    """What is proved holds of every law: numbers that break it are put in its place."""
    monkeypatch.setattr(collision_bounds, "wiener_margins", lambda laws: [(margin, "")])
    monkeypatch.setattr(collision_bounds, "beta_ratios", lambda laws: [collision_bounds.Ratio(1 - margin, "", 9)])
    assert set(outcomes(theorems._second(laws)).values()) == {verdict}


@pytest.mark.parametrize(("atoms", "bound", "verdict"), [([0.5, 0.5], 0.1, YES), ([0.1], -0.1, NO)])
def test_theorem_1(atoms, bound, verdict, monkeypatch):
    laws = LAWS | {"one point at 10 %": birthday.Law(np.array(atoms), 1e9 * (len(atoms) == 1))}
    gaps = [collision_bounds.Gap(bound, law, 10.0, 5) for law in ("uniform", "Zipf")]
    monkeypatch.setattr(collision_bounds, "first_gaps", lambda laws, bound: gaps)
    monkeypatch.setattr(collision_bounds, "uneven", lambda rng, tries: bound)
    found = outcomes(theorems._first(theorems.EXPERIMENT.presets["smoke"], laws))
    assert {found[claim] for claim in ("003-1.1-e", "003-A-a", "003-A-b")} == {verdict}


@pytest.mark.parametrize(("printed", "expected"), [(False, [NO, YES, NO, YES]), (True, [YES, NO, YES, NO])])
def test_losses_of_the_best_discriminator(printed, expected):
    """The true one, and one that is JS as printed but falls with the distance of the densities."""
    distance = np.array([0.0, 1.0, 4.0, 20.0])
    js = math.log(2) * np.array([0, 0.2, 0.9, 1.0]) * (-1 if printed else 1)
    loss = js if printed else 2 * js - 2 * math.log(2)
    found = list(identities._loss_claims(list(zip(distance, loss, js, *[js] * 3, strict=True))))
    assert [one.outcome for one in found[1:]] == expected and found[0].outcome == YES


@pytest.mark.parametrize("fooled", [True, False])
def test_scores_that_are_fooled(fooled):
    """The law, three modes, three samples, one label and training rows by metric, where scores are blind or not."""
    seen = {
        "inception": [3, 3, 3, 1, 3] if fooled else [3, 2, 1.5, 3, 3],
        "ddm": [5, 9, 9, 9, 5] if fooled else [5, 4, 4, 5, 5],
        "birthday": [1e4, 1e4, 3, 1e4, 1e4] if fooled else [1e4] * 5,
        "recall": [0.9, 0.5, 0.1, 0.3, 0.9] if fooled else [0.9] * 5,
        "ddm_relative": [1, 0.5, 0, 0, 1] if fooled else [1, 3, 0, 0, -9],
        "ddm_sum": [6, 9, 9, 9, 6] if fooled else [6, 7, 7, 6, 4],
    }
    scores = {
        name: {metric: (values[i], 0.99 * values[i], 1.01 * values[i]) for metric, values in seen.items()}
        for i, name in enumerate("abcde")
    }
    found = outcomes(fooled_scores.claims(scores))
    assert found.pop("004-3.2.2-b") == (OPEN if fooled else NO)
    assert set(found.values()) == {YES if fooled else NO}


@pytest.mark.parametrize(("best", "added", "verdict"), [(0.5, 0.01, NO), (2.0, 0.0, YES)])
def test_ddm_at_the_law_and_of_few_points(best, added, verdict, monkeypatch):
    """A generator of least ddm that is not the law, and a mean over sets of points off its limit; or neither."""
    monkeypatch.setattr(ddm_optimum.normal_scores, "best", lambda real: best)
    at_best = 1.5 if verdict == YES else 0.5
    scores = {1.0: (1.0, 0.9, 1.1), best: (at_best, at_best - 0.1, at_best + 0.1)}
    excess = {n: np.random.default_rng(0).normal(added, 1e-3, 100) for n in (100, 1_000)}
    assert outcomes(ddm_optimum.claims(scores, excess)) == {"004-3.2-a": verdict, "004-abs-c": verdict}


@pytest.mark.parametrize(("weak", "verdict"), [((0, 30, 60), YES), ((0, -30, -60), NO)])
def test_parzen_scores_of_a_weak_generator(weak, verdict):
    """Its score over three checkpoints beside one of a normal generator at 0; its DDM and KID follow its score."""

    def course(values):
        return [{"value": value, "ci95": [value - 1, value + 1]} for value in values]

    config = parzen_windows.EXPERIMENT.presets["smoke"]
    still, moved = course((0, 0, 0)), course(weak)
    scores = {kind: {config.normal: still, config.weak: moved} for kind in ("pixels", "pca95", "ddm", "kid")}
    found = outcomes(parzen_windows._claims(config, [1, 2, 3], scores))
    assert found["004-3.4.1-a"] == found["004-3.4.1-b"] == verdict
    better = {**scores, "kid": {config.normal: course((90, 90, 90)), config.weak: moved}}
    assert outcomes(parzen_windows._claims(config, [1, 2, 3], better))["004-3.4.1-a"] == NO


def test_parzen_scores_are_those_of_scikit_learn():
    """Also in 64 dimensions, far from all samples, where its tree is wrong by whole nats."""
    real, fake = (sets.opened(f"digits/{name}", name=name, seed=0) for name in ("real", "faithful"))
    images = [x.rows.take(np.arange(200)) for x in (real, fake)]
    assert parzen_windows._against_scikit_learn(*images, seed=0) < 1e-4


@pytest.mark.parametrize(
    ("scores", "verdict"), [((0, 30, 60), YES), ((0, 60, 59.5), OPEN), ((0, 60), OPEN), ((-587, -119, -300), NO)]
)
def test_a_score_that_falls_back_does_not_rise(scores, verdict):
    found = parzen_windows._rises("", range(len(scores)), [(x, x - 1, x + 1) for x in scores])
    assert outcomes(found)["004-3.4.1-a"] == verdict


@pytest.mark.parametrize(("alike", "verdict"), [(True, YES), (False, NO)])
def test_pixels_of_moved_images(alike, verdict):
    """One pattern with a little noise on it; or stripes of all kinds, which moving along them leaves as they are."""
    shape = (1, 28, 28, 1) if alike else (120, 28, 1, 1)
    rng = np.random.default_rng(0)
    images = rng.integers(10, 240, shape) + rng.integers(0, 5, (120, 28, 28 if alike else 1, 1))
    known, held_out = np.broadcast_to(images, (120, 28, 28, 1)).astype(np.uint8).reshape(2, 60, 28, 28, 1)
    assert [one.outcome for one in interpolation._pixel_claims(known, held_out)] == [verdict] * 2


@pytest.mark.parametrize(("bias", "verdict"), [(2, YES), (120, NO)])
def test_means_of_moved_images(bias, verdict):
    """Samples that are brighter by so much everywhere, beside real images moved by two pixels."""
    rng = np.random.default_rng(0)
    stripes = np.zeros((1, 8, 8, 1))
    stripes[:, :, 2:4] = 100
    real, fake = (np.rint(stripes + rng.normal(20, 3, (200, 8, 8, 1))).astype(np.uint8) for _ in range(2))
    (found,) = spectrum._moved(real, {"dcgan": fake + np.uint8(bias)}, 0)
    assert found.outcome == verdict


@pytest.mark.parametrize(("spread", "verdict"), [(1.0, YES), (0.0, NO)])
def test_starts_of_an_inversion(spread, verdict):
    every = 1 + spread * np.random.default_rng(0).random((3, 100))
    assert inversion._uneven(every).outcome == verdict
    assert inversion._uneven(every[:1]).outcome == OPEN


@pytest.mark.parametrize(("found", "needed", "verdict"), [(0.02, 256, OPEN), (0.5, 256, NO), (0.5, 257, OPEN)])
def test_gaps_that_trained_discriminators_find(found, needed, verdict, monkeypatch):
    """They can refute what is said of all discriminators, at an m of which the theorem speaks."""
    monkeypatch.setattr(pair_tails, "enough", lambda parameters, eps: needed)
    config = encoder.EXPERIMENT.presets["smoke"]
    gaps = np.random.default_rng(0).normal(found, 0.002, (2, 3, 2, 40))
    gaps[0, 0] += 0.3
    judged = list(encoder._gap_claims(config, [16, 81, 256], [9, 40], gaps))
    assert {one.outcome for one in judged} == {verdict} and len({one.claim for one in judged}) == 8
    of_gaps = [one for one in judged if one.claim in ("003-3-e", "003-abs-b", "003-abs-c")]
    assert len({(one.value, one.low, one.high) for one in of_gaps}) == 1


def test_a_theorem_is_refuted_at_an_m_that_it_allows():
    none = np.zeros(40, bool)
    assert encoder._within("003-D-a", "", none, allowed=True).outcome == NO
    assert encoder._within("003-D-a", "", none, allowed=False).outcome == OPEN
    assert pair_tails.enough(200, 0.1) > pair_tails.enough(20, 0.1) > 20


@pytest.mark.parametrize(("apart", "verdict"), [(0.01, YES), (0.2, NO), (0.05, OPEN)])
def test_equal_means(apart, verdict):
    values = 0.1 * np.random.default_rng(0).standard_normal(100)  # a standard error of .01 each
    values -= values.mean()
    assert encoder._equal("", "", apart + values, values[::-1], 0.05).outcome == verdict


def test_a_short_training_does_not_speak_against_what_a_long_one_learns():
    none, every = (_courses(np.random.default_rng(0), 0.3, least, 0.3)["pair", "wasserstein"] for least in (0.01, 1.0))
    assert [toy._learned(one).outcome for one in (_early(none), none)] == [OPEN, NO]
    assert toy._learned(_early(every)).outcome == YES


@pytest.mark.parametrize(("flat", "short", "long"), [(0.0, OPEN, YES), (0.3, NO, NO)])
def test_a_short_training_does_not_show_what_never_happens(flat, short, long):
    critic = _courses(np.random.default_rng(0), flat, 1.0, 0.3)["pair", "wasserstein"]
    for course, verdict in ((_early(critic), short), (critic, long)):
        assert toy._always("001-1-f", "", course, course.over("flat").mean(axis=0), at_most=0.01).outcome == verdict


@pytest.mark.parametrize(("least", "short", "long"), [(0.01, OPEN, YES), (1.0, NO, NO)])
def test_a_short_training_does_not_show_what_a_long_one_misses(least, short, long):
    course = _courses(np.random.default_rng(0), 0.3, least, 0.3)["pair", "js"]
    assert toy._lost("js", course).outcome == long
    assert toy._lost("js", _early(course)).outcome == short


def test_modes_that_a_short_training_misses_or_that_samples_are_closest_to_are_not_lost():
    courses = _courses(np.random.default_rng(0), 0.3, 0.01, 0.3)
    early = {key: _early(one) for key, one in courses.items()}
    even = {key: one._replace(closest=np.ones_like(one.near)) for key, one in courses.items()}
    assert set(outcomes(toy._mode_claims(early)).values()) == {OPEN}
    assert set(outcomes(toy._mode_claims(even)).values()) == {NO}


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
    kinds = {"walk": walk, "blend": blend}
    one = interpolation._Measured(
        dict.fromkeys(kinds, off + 0.001 * rng.normal(size=50)), dict.fromkeys(kinds, np.ones(50)), kinds, 1.0
    )
    found = list(interpolation._claims({"pixels": one}))
    for claim, verdict in (("000-1-b", walks), ("002-4-f", blends)):
        assert experiment.overall(part.outcome for part in found if part.claim == claim) == verdict


@pytest.mark.parametrize(("walk", "blend", "walks", "blends"), [(0.99, 0.5, YES, YES), (0.5, 0.99, NO, NO)])
def test_classes_of_walks_and_blends(walk, blend, walks, blends):
    """A classifier is sure of held-out images, and so sure of the half-way ones of walks, and of blends."""
    rng = np.random.default_rng(0)
    held_out, *sure = (x - 0.01 * rng.random(60) for x in (0.99, walk, blend))
    found = interpolation._class_claims(dict(zip(("walk", "blend"), sure, strict=True)), held_out)
    assert outcomes(found) == {"000-1-b": walks, "002-4-f": blends}


@pytest.mark.parametrize(("sign", "verdict"), [(1, YES), (-1, NO)])
def test_what_inversions_tell(sign, verdict):
    n, missing = 200, np.arange(200) % 2 == 0

    def case(worse):
        error = 1 + sign * worse * np.ones(n)
        every = np.stack([error, error * (1.5 if sign > 0 else 1)])
        return inversion.Case({"held": inversion.inversion.Found(None, error, -error, every)}, None)

    cases = {"all": case(0.0), "early": case(1.0), "half of the classes": case(1.0)}
    auc = 0.5 + sign * 0.4
    few = {"auc": auc, "ci95": [auc - 0.03, auc + 0.03], "p": 0.01}
    found = inversion._claims(cases, {"few images": {"error": few, "log_density": few}}, missing)
    assert [one.outcome for one in found] == [verdict] * 7


@pytest.mark.parametrize(("ends", "verdict"), [((0.6, 1.0), YES), ((-0.5, 0.3), NO), ((0.1, 1.0), OPEN)])
def test_orders_under_embeddings(ends, verdict):
    entry = {"embeddings": ["a", "b"], "kendall": {"value": sum(ends) / 2, "ci95": list(ends)}, "contradictions": []}
    other = {**entry, "kendall": {"value": 0.0, "ci95": [-1.0, 1.0]}}  # of a score that isn't judged
    found = embeddings._judged("", {"ddm, s=1": [entry], "kid": [other]}, ["a", "b"])
    assert found.outcome == verdict and "by kid: 0.00 [-1.00, 1.00]" in found.measured


@pytest.mark.parametrize(("vae", "spread", "verdict"), [(50.0, 4.0, YES), (-50.0, 1.0, NO)])
def test_scores_of_decoders(vae, spread, verdict):
    """Mean ln p of a GAN at two variances, `spread` times as large at the one, and of a VAE beside it."""
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 2, 30))
    gan = 100 * np.array([[5 * spread - 4], [0.05]]) if spread > 1 else np.array([[100.0], [100.5]])
    scores = {"GAN-10": {"value": gan + noise[0]}, "VAE-10": {"value": gan + vae + noise[1]}}
    bounds = {"GAN-10": (np.zeros(4), np.linspace(1, 1.1, 4))}
    found = outcomes(likelihoods._claims(likelihoods.EXPERIMENT.presets["smoke"], (0.1, 0.01), scores, bounds))
    assert {found[claim] for claim in ("004-3.1.2-f", "004-3.4.1-e", "004-3.1.2-d")} == {verdict}


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ([130, 5, -1_500], YES),
        ([130, 1, 0], YES),
        ([2, -0.5], YES),
        ([100, 5], YES),
        ([-5, -100], YES),
        ([100, 50], NO),
        ([-50, -100], NO),
        ([100, 10], OPEN),
    ],
)
def test_an_order_of_magnitude_over_a_sweep(means, verdict):
    """Also where it crosses 0: single images have scores of either sign there."""
    noise = np.random.default_rng(0).normal(size=(len(means), 30))
    noise -= noise.mean(axis=1, keepdims=True)
    found = likelihoods._magnitude((0.05, 0.1, 0.005), np.array(means)[:, None] + noise)
    assert found.outcome == verdict and found.low < found.value < found.high
    assert likelihoods._magnitude((0.1, 0.05), np.array([[5.0], [-5.0]])).outcome == OPEN


@pytest.mark.parametrize(
    ("flat", "least", "wrong", "verdict", "shape"),
    [(0.3, 0.01, 0.3, YES, OPEN), (0.0, 1.0, 0.3, NO, YES), (0.0, 1.0, 0.08, NO, NO)],
)
def test_flat_discriminators_and_modes_that_are_missed(flat, least, wrong, verdict, shape):
    """Courses of 3 looks and 30 seeds whose discriminators are flat so far, with so little of a mode at the end.

    shape: of those that cover both modes, with so much mass in wrong cells.
    """
    rng = np.random.default_rng(0)
    courses = _courses(rng, flat, least, wrong)
    pair, modes = outcomes(toy._pair_claims(courses, 0.05)), outcomes(toy._mode_claims(courses))
    assert {pair["001-1-c"], pair["001-1-d"], pair["001-1-e"], modes["000-1-d"], modes["004-3.4.5-a"]} == {verdict}
    assert pair["001-1-f"] == (NO if verdict == YES else YES)
    assert pair["001-1-b"] == shape


def _early(course):
    return course._replace(looks=dict(zip((0, 1_000, 2_000), course.looks.values(), strict=True)))


def _courses(rng, flat, least, wrong, kept=30):
    """Of 30 starts all or so many that are kept, with as many samples closest to a mode as within 3 sigma of it."""

    def course(modes, flat=flat, kept=kept):
        noisy = flat + 1e-3 * rng.random(kept)
        looks = {t: plane.Look(None, None, noisy, noisy) for t in (0, 100_000, 200_000)}
        near = np.full((3, kept, modes), 1.0)
        near[:, :, :3] = least
        misplaced = wrong + 0.001 * rng.random((3, kept))
        return courses_lib.Course(looks, 30, np.arange(30)[-kept:], near, near, misplaced, 1e-4)

    courses = {("pair", loss): course(2) for loss in toy._NAMES}
    courses |= {(law, "non_saturating"): course(8) for law in ("ring8", "grid25")}
    courses["pair", toy._CLIPPED] = course(2, 0.0, 30)
    return courses


def test_starts_that_diverge_are_left_out_and_counted():
    courses = _courses(np.random.default_rng(0), 0.3, 0.01, 0.3, kept=28)
    found = [*toy._pair_claims(courses, 0.05), *toy._mode_claims(courses)]
    assert all("2 of 30 starts diverged" in one.measured for one in found if one.claim != "001-1-b")
    assert outcomes(found)["001-1-e"] == YES
