"""Figure 2's runs beside the numbers of independent ones; test_two_gaussians has the others."""

import numpy as np
import pytest

from gan_probe.theory import discriminator_collapse, two_gaussians


def test_where_and_when_intervals_vanish():
    fixed, both, printed, crossing = (
        discriminator_collapse.path(**discriminator_collapse.RUNS[name])
        for name in ("generator fixed", "both move", "both move, as printed", "generator fixed, ends may cross")
    )
    assert [discriminator_collapse.vanished(fixed, i) for i in range(2)] == [23, None]
    assert [discriminator_collapse.vanished(both, i) for i in range(2)] == [18, 99]
    assert [discriminator_collapse.vanished(printed, i) for i in range(2)] == [None, None]
    assert discriminator_collapse.vanished(crossing, 0) is None
    np.testing.assert_allclose(both.ends[-1, :, 0, 0], [-0.422, 2.202], atol=2e-3)
    np.testing.assert_allclose(both.means[-1, :, 0], [0.212, 2.092], atol=5e-3)


def test_the_best_intervals_leave_nothing_out():
    (low, first), (second, third) = discriminator_collapse.best_intervals()
    assert low == -np.inf and (first, second, third) == pytest.approx((-1.498, 0.659, 2.239), abs=2e-3)
    assert discriminator_collapse.left_out() < 1e-3


@pytest.mark.parametrize(("reach", "share"), [(2.0, 0.117), (3.0, 0.063)])
def test_how_many_random_starts_converge(reach, share):
    """Beside 300 starts of an independent run."""
    start = two_gaussians.random_starts(np.random.default_rng(0), 300, 2, reach)
    target = np.array([-0.5, 0.5], np.float32)
    found = np.mean(
        two_gaussians.outcomes(two_gaussians.run(start, target, dynamics="first order", steps=3_000), target) == 0
    )
    assert abs(found - share) < 2.58 * np.sqrt(share * (1 - share) * 2 / 300)
