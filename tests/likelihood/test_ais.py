"""Annealed importance sampling against the exact likelihood of a linear decoder: x ~ N(b, A'A + variance I)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from gan_probe import parallel, types
from gan_probe.likelihood import ais, bidirectional

VARIANCES = (0.3, 0.05)
_RNG = np.random.default_rng(0)
A, B = (_RNG.standard_normal(s).astype(np.float32) for s in ((3, 6), (6,)))


def linear(a, b, z):
    return (z @ a + b).reshape(-1, 2, 3, 1)


DECODER = jax.tree_util.Partial(linear, jnp.asarray(A), jnp.asarray(B))


def exact(rows, variance):
    cov = A.astype(np.float64).T @ A + variance * np.eye(6)
    return stats.multivariate_normal(B, cov).logpdf(rows.reshape(len(rows), -1))


@pytest.fixture(scope="module")
def rows():
    return (_RNG.standard_normal((4, 3)) @ A + B + 0.3 * _RNG.standard_normal((4, 6))).astype(np.float32)


def run(rows, key=0, **given):
    """256 chains: an image's noise is a fortieth of a nat."""
    given = {"variances": VARIANCES, "chains": 256, "mesh": parallel.mesh(1), **given}
    return ais.log_likelihood(jax.random.key(key), DECODER, 3, rows.reshape(-1, 2, 3, 1), **given)


@pytest.fixture(scope="module")
def found(rows):
    return run(rows)


def test_within_a_tenth_of_a_nat(found, rows):
    """Of every image, at both variances of one path; the chains' noise says how far it may be."""
    truth = np.stack([exact(rows, v) for v in VARIANCES])
    assert np.abs(found.value - truth).max() < 0.1
    assert (np.abs(found.value - truth) < 4 * found.noise).all() and found.noise.max() < 0.05
    assert (np.abs(found.accepted - 0.65) < 0.1).all()


def test_images_are_independent_of_the_batch(found, rows):
    other = run(np.concatenate([rows[2:], rows[:2]]), first=2)
    np.testing.assert_allclose(other.value[:, :2], found.value[:, 2:], atol=0.02)


def test_chain_noise_is_that_of_repeated_runs(rows):
    """One image, 32 times, on a path so short that it is noisy."""
    again = [run(np.repeat(rows[:1], 4, axis=0), temperatures=50, first=first) for first in range(0, 32, 4)]
    value, noise = (np.concatenate([getattr(one, name)[1] for one in again]) for name in ("value", "noise"))
    assert noise.mean() == pytest.approx(value.std(ddof=1), rel=0.4)  # three deviations of a deviation from 32 values


def simulated(key):
    """The images that `bounds` simulates, drawn once more."""
    draw, noise, *_ = jax.random.split(jax.random.key(key), 4)
    z = np.asarray(jax.random.normal(draw, (4, 3)))
    return z @ A + B + np.sqrt(0.05) * np.asarray(jax.random.normal(noise, (4, 6)))


@pytest.mark.parametrize(("temperatures", "gap"), [(1_000, (-0.05, 0.1)), (4, (0.5, 50))])
def test_bidirectional_bounds_cover_the_truth(temperatures, gap):
    """On both sides of it, but for the noise of the chains; a path of four temperatures leaves a gap."""
    lower, upper = bidirectional.bounds(
        jax.random.key(1), DECODER, 3, 4, variance=0.05, chains=256, temperatures=temperatures, mesh=parallel.mesh(1)
    )
    truth = exact(simulated(1), 0.05)
    assert lower.mean() - 0.03 < truth.mean() < upper.mean() + 0.03
    assert np.abs([lower - truth, upper - truth]).max() < (0.1 if temperatures > 4 else np.inf)
    assert gap[0] < (upper - lower).mean() < gap[1]


def test_schedule_is_the_logistic_one_and_holds_the_variances():
    path = ais.schedule(100, (0.05, 0.3))
    t = 1 / (1 + np.exp(-np.linspace(-4, 4, 100)))
    plain = 20 * (t - t[0]) / (t[-1] - t[0])
    moved = np.flatnonzero(~np.isclose(path, plain))
    assert path[0] == 0 and path[-1] == 20 and (np.diff(path) > 0).all()
    assert len(moved) == 1 and path[moved[0]] == 1 / 0.3


@pytest.mark.parametrize(("temperatures", "variances"), [(100, (0.05, 0.05001)), (2, (0.1, 0.2)), (9, ()), (9, (0.0,))])
def test_wrong_variances_are_one_line(temperatures, variances):
    with pytest.raises(types.UserError, match="variances"):
        ais.schedule(temperatures, variances)
