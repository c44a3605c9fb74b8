"""Bounds on laws whose collisions are known: what is proved holds, what is printed fails beside one likely point."""

import numpy as np
import pytest

from gan_probe.theory import birthday, collision_bounds, labelled_modes

LAWS = {
    "uniform": birthday.Law(np.zeros(0), 5_000),
    "one point at 10 %": birthday.Law(np.array([0.1]), 1e9),
    "Zipf": birthday.zipf(500, 0.5),
}


def test_theorem_1_as_printed_and_as_provable():
    assert min(collision_bounds.first_gaps(LAWS, birthday.provable_1)).gap > -1e-12
    worst = min(collision_bounds.first_gaps(LAWS, birthday.theorem_1))
    assert worst.gap < -0.3 and (worst.law, worst.points) == ("one point at 10 %", 1)
    even = collision_bounds.first_gaps({"uniform": LAWS["uniform"]}, birthday.theorem_1)
    assert min(gap for gap, _, points, _ in even if points == 5_000) > -1e-12


def test_theorem_2_holds_of_an_even_law_only():
    even, atom = (collision_bounds.second(LAWS[name]) for name in ("uniform", "one point at 10 %"))
    assert even.carriers == pytest.approx(collision_bounds.RHO * 5_000, abs=1) and even.carriers <= even.printed
    assert atom.carriers > 100 * atom.printed
    assert even.beta == pytest.approx(5_000) and even.beta <= even.star


def test_what_wiener_proved():
    big = {"uniform": LAWS["uniform"]}
    assert [name for _, name in collision_bounds.wiener_margins(LAWS)] == ["uniform"]  # others have beta < 1000
    assert min(collision_bounds.wiener_margins(big))[0] >= 0
    assert max(collision_bounds.beta_ratios(big)).ratio <= 1


def test_uneven_mass_collides_more():
    assert collision_bounds.uneven(np.random.default_rng(0), 20) > -1e-12


def test_labels_are_known():
    rng = np.random.default_rng(0)
    modes = np.arange(labelled_modes.MODES).repeat(5)
    found = labelled_modes.labelled("x", labelled_modes.draw(rng, modes))
    np.testing.assert_array_equal(found.logits.argmax(axis=1), modes // 2)
