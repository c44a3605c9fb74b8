"""The window, flatness and mass of samples in the plane, against closed forms and plain loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe.gans import gan
from gan_probe.theory import plane


def test_the_window_is_a_lattice_with_its_corners():
    points = plane.window(2.0, 5)
    assert points.shape == (25, 2) and points.dtype == np.float32
    np.testing.assert_array_equal(points[:6], [[-2, -2], [-2, -1], [-2, 0], [-2, 1], [-2, 2], [-1, -2]])
    np.testing.assert_array_equal(points[-1], [2, 2])


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3])
def test_flatness_knows_no_scale(scale):
    """tanh(10 x) has slope 10 / cosh^2(10 x), at or below .01 * 2 / (2 sqrt 2) where |x| >= acosh(sqrt 1414.2) / 10."""
    points = jnp.asarray(plane.window(1.0, 401))
    edge = np.arccosh(np.sqrt(10 / (0.01 * 2 / np.sqrt(8)))) / 10
    found = plane.flat(lambda x: scale * jnp.tanh(10 * x[:, 0]), points)
    assert float(found) == pytest.approx(1 - edge, abs=0.005)
    assert float(plane.flat(lambda x: scale * (x[:, 0] - x[:, 1]), points)) == 0


def test_a_constant_is_flat_everywhere():
    assert float(plane.flat(lambda x: 0 * x[:, 0] + 3, jnp.asarray(plane.window(1.0, 11)))) == pytest.approx(1)


def test_a_look_sees_every_state_alone():
    """A 'system' whose samples lie at its state and whose logits are a plane of that slope."""
    system = gan.Gan(
        init=lambda key: None,
        step=lambda state, batch, key: (state, {}),
        sample=lambda state, keys, labels: jnp.full((len(keys), 2), state),
        logits=lambda state, rows: state * jax.nn.relu(rows[:, 0]),
    )
    points = plane.window(1.0, 21)
    found = plane.look(system, jnp.abs, jnp.exp, jnp.array([0.0, 0.5, 2.0]), points, samples=7, seed=0)
    np.testing.assert_array_equal(found.samples, np.broadcast_to([[[0.0]], [[0.5]], [[2.0]]], (3, 7, 2)))
    np.testing.assert_allclose(found.values[2], 2 * points[:, 0] * (points[:, 0] > 0))
    np.testing.assert_allclose(found.flat, [1, 11 / 21, 11 / 21])
    np.testing.assert_allclose(found.still, [1, 11 / 21, 11 / 21])


def test_shares_of_modes_against_loops():
    rng = np.random.default_rng(0)
    samples, centres = rng.normal(size=(500, 2)), rng.normal(size=(4, 2))
    nearest, within = np.zeros(4), np.zeros(4)
    for x in samples:
        distances = [np.hypot(*(x - c)) for c in centres]
        nearest[int(np.argmin(distances))] += 1 / 500
        within += np.array([d <= 0.7 for d in distances]) / 500
    np.testing.assert_allclose(plane.closest(samples, centres), nearest)
    np.testing.assert_allclose(plane.near(samples, centres, 0.7), within)


def test_misplaced_mass():
    """Half of the samples lie where the law has nothing, a quarter outside the window."""
    law = plane.density(np.array([[-0.5, 0.5]] * 4), 1.0, 2)
    np.testing.assert_array_equal(law, [[0, 1], [0, 0]])
    found = plane.density(np.array([[-0.5, 0.5], [0.5, 0.5], [0.6, 0.4], [5, 5]]), 1.0, 2)
    assert plane.misplaced(found, law) == 0.75 and plane.misplaced(law, law) == 0


def test_samples_are_drawn_with_keys_of_their_own():
    system = gan.Gan(
        init=lambda key: None,
        step=lambda state, batch, key: (state, {}),
        sample=lambda state, keys, labels: jax.vmap(lambda key: jax.random.normal(key, (2,)))(keys) + state,
        logits=lambda state, rows: rows[:, 0],
    )
    found = plane.look(system, jnp.abs, jnp.abs, jnp.zeros(2), plane.window(1.0, 3), samples=500, seed=1).samples
    assert len(np.unique(found[0], axis=0)) == 500
    assert abs(found[0].mean()) < 5 / np.sqrt(1000) and abs(found[0].std() - 1) < 5 / np.sqrt(2000)
