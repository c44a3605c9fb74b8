"""The two-Gaussian system against automatic differentiation, float64 loops and the numbers of reference runs."""

import jax
import numpy as np
import pytest
from scipy import optimize, stats

from gan_probe.theory import two_gaussians as system

RNG = np.random.default_rng(0)
FIG2 = {"means": [[-1.0], [2.5]], "target": np.array([-2.0, 2.0], np.float32)}


def f64(x, target, means):
    return np.mean([stats.norm.pdf(x - t) - stats.norm.pdf(x - m) for t, m in zip(target, means, strict=True)], axis=0)


def one(means, ends):
    return system.start(np.asarray(means, float), np.asarray(ends, float))


@pytest.mark.parametrize("seed", range(5))
def test_closed_gradients_are_those_of_the_closed_loss(seed):
    rng = np.random.default_rng(seed)
    target = rng.normal(size=2).astype(np.float32)
    state = one(rng.normal(size=2), np.sort(rng.uniform(-2, 2, 4)).reshape(2, 2))
    by_means, by_ends = system.gradients(state, target)
    auto = jax.grad(lambda m, e: system.loss(state._replace(means=m, ends=e), target), argnums=(0, 1))
    expected = auto(state.means, state.ends)
    np.testing.assert_allclose(by_means, expected[0], atol=2e-6)
    np.testing.assert_allclose(by_ends, expected[1], atol=2e-6)


def test_the_loss_is_an_expectation():
    target, state = np.array([-1.0, 1.5], np.float32), one([0.2, 0.4], [[-2.0, 0.1], [0.5, 3.0]])
    covered = sum(
        np.trapezoid(f64(x, target, [0.2, 0.4]), x) for x in (np.linspace(-2, 0.1, 4001), np.linspace(0.5, 3, 4001))
    )
    np.testing.assert_allclose(system.loss(state, target), 1 + covered, atol=1e-6)


def test_optimal_ends_are_the_zeros():
    zero, side = (np.asarray(a) for a in system.optimal_ends(np.array([-1, 2.5], np.float32), FIG2["target"]))
    found = zero[side != 0]
    for value, near in zip(found, (-1.498, 0.659, 2.239), strict=True):
        true = optimize.brentq(lambda x: float(f64(x, FIG2["target"], [-1, 2.5])), near - 0.1, near + 0.1)
        np.testing.assert_allclose(value, true, atol=1e-5)
    np.testing.assert_array_equal(side[side != 0], [1, -1, 1])


def test_discriminator_collapse_with_a_fixed_generator():
    """Figure 2: the left interval has mass only where f < 0, so it vanishes; the right one finds the zeros of f."""
    start = one(FIG2["means"], [[[-1.0], [0.2]], [[1.0], [2.5]]])
    path = system.run(start, FIG2["target"], dynamics="first order", steps=1000, rate=0.3, fixed=True, path=True)
    ends = np.asarray(path.ends)
    assert np.argmax(ends[:, 0, 0, 0] == ends[:, 0, 1, 0]) == 24
    np.testing.assert_allclose(path.ends[-1, 0, :, 0], -0.332, atol=2e-3)
    np.testing.assert_allclose(path.ends[-1, 1, :, 0], [0.659, 2.239], atol=2e-3)
    crossed = system.run(start, FIG2["target"], dynamics="first order", steps=1000, rate=0.3, fixed=True, rule=False)
    np.testing.assert_allclose(crossed.ends[0, :, 0], [0.659, -1.498], atol=5e-3)


@pytest.mark.parametrize(
    ("right", "means", "gone"), [([1.0, 2.5], (0.212, 2.092), True), ([-1.0, 2.5], (-2, 2), False)]
)
def test_first_order_runs_of_figure_2(right, means, gone):
    start = one(FIG2["means"], [[[-1.0], [0.2]], [[right[0]], [right[1]]]])
    final = system.run(start, FIG2["target"], dynamics="first order", steps=1000, rate=0.3)
    np.testing.assert_allclose(final.means[:, 0], means, atol=5e-3)
    assert (np.asarray(final.ends[:, 0] == final.ends[:, 1])).all() == gone


def test_optimal_dynamics_converge():
    target = np.array([-0.5, 0.5], np.float32)
    means = RNG.uniform(-1, 1, (2, 5))
    final = system.run(one(means, np.zeros((2, 2, 5))), target, dynamics="optimal", steps=3000)
    assert (system.outcomes(final, target, within=0.02) == 0).all()


def test_a_grid_of_starts():
    start = system.grid_starts(np.random.default_rng(0), 5, 7)
    values, counts = np.unique(np.asarray(start.means).T, axis=0, return_counts=True)
    np.testing.assert_allclose(values, [(a, b) for a in (-1, -0.5, 0, 0.5, 1) for b in (-1, -0.5, 0, 0.5, 1)])
    assert (counts == 7).all()
    ends = np.asarray(start.ends).reshape(4, -1)
    assert (np.diff(ends, axis=0) > 0).all() and np.unique(ends, axis=1).shape == ends.shape and abs(ends).max() < 2


@pytest.mark.parametrize("dynamics", ["optimal", "first order", "unrolled"])
def test_means_that_begin_equal_stay_equal(dynamics):
    """The diagonal of a grid of starts never converges, against the best discriminator either."""
    start = system.grid_starts(np.random.default_rng(0), 5, 2)
    equal = np.asarray(start.means[0] == start.means[1])
    final = system.run(start, np.array([-0.5, 0.5], np.float32), dynamics=dynamics, steps=300)
    assert equal.sum() == 10
    np.testing.assert_array_equal(final.means[0, equal], final.means[1, equal])


def test_one_gaussian_is_always_found_against_the_best_discriminator():
    target = np.zeros(1, np.float32)
    start = system.random_starts(np.random.default_rng(0), 200, 1)
    final = system.run(start, target, dynamics="optimal", steps=300)
    assert (system.outcomes(final, target, within=0.05) == 0).all()


def test_best_intervals_by_hand():
    """Of the generator left of, right of, around and within the target."""
    means = np.array([[-2, 2, -3, 0], [-1, 3, 3, 0]], np.float32)
    left, right, around, within = np.moveaxis(system.best_intervals(means, np.array([-1, 1], np.float32)), -1, 0)
    none = [np.nan, np.nan]
    np.testing.assert_array_equal(np.isinf([left[0], right[0]]), [[False, True], [True, False]])
    np.testing.assert_array_equal([left[1], right[1], around[1]], [none] * 3)
    np.testing.assert_allclose(around[0], [-around[0, 1], around[0, 1]], atol=1e-5)
    np.testing.assert_allclose(within, -within[::-1, ::-1], atol=1e-5)
    assert np.isinf(within[:, [0, 1]].ravel()[[0, 3]]).all()


def test_unrolling_no_steps_is_first_order():
    target = np.array([-0.5, 0.5], np.float32)
    start = one(RNG.uniform(-1, 1, (2, 4)), np.sort(RNG.uniform(-2, 2, (4, 4)), axis=0).reshape(2, 2, 4))
    plain, none = (
        system.run(start, target, dynamics=name, steps=20, unrolled=0) for name in ("first order", "unrolled")
    )
    np.testing.assert_allclose(plain.means, none.means, atol=1e-5)


def test_outcomes_by_hand():
    target = np.array([-0.5, 0.5], np.float32)
    means = np.array([[0.5, 0.2, 3, 3], [-0.5, 0.2, -3, -3]])
    state = one(means, [[[0] * 4, [0, 1, 0, 1]]] * 2)
    assert [system.OUTCOMES[i] for i in system.outcomes(state, target)] == list(system.OUTCOMES)


def test_two_intervals_attain_the_total_variation_of_two_components_and_not_of_three():
    """Three against three apart have three intervals of equal mass: a third of the variation is missing."""
    rng = np.random.default_rng(1)
    short, unseen = system.shortfall(*rng.uniform(-4, 4, (2, 2, 40)))
    assert short.max() < 1e-12 and unseen < 1e-7
    one = np.array([[-20.0], [0], [20]])
    np.testing.assert_allclose(system.shortfall(one, one + 10)[0], 1 / 3, rtol=1e-5)
    np.testing.assert_allclose(system.shortfall(one, one + 10, intervals=3)[0], 0, atol=1e-12)


def test_intervals_that_lie_where_f_is_negative():
    ends = [[[-1.0, 1.0], [0.2, 2.0]], [[1.0, -3.0], [2.5, 3.0]]]
    start = one([[-1.0, -1.0], [2.5, 2.5]], ends)  # zeros of f: -1.498, .659, 2.239
    np.testing.assert_array_equal(system.negative(start, FIG2["target"]), [[True, False], [False, False]])
    np.testing.assert_array_equal(system.gone(start._replace(ends=start.ends.at[0, 0, 0].set(3))), [[1, 0], [0, 0]])
