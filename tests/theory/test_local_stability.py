"""Eigenvalues of the smooth toy against the Jacobian by hand."""

import numpy as np

from gan_probe.theory import local_stability


def test_js_is_stable_and_wasserstein_turns_in_circles():
    """J = [[0, 1/3], [-1/3, -1/10]] for JS (f' = 1/2, f'' = -1/4 at 0) and [[0, 2/3], [-2/3, 0]] for Wasserstein."""
    by_hand = {"JS": [[0, 1 / 3], [-1 / 3, -0.1]], "Wasserstein": [[0, 2 / 3], [-2 / 3, 0]]}
    for name, jacobian in by_hand.items():
        found = np.sort_complex(local_stability.eigenvalues(local_stability.VALUES[name]))
        np.testing.assert_allclose(found, np.sort_complex(np.linalg.eigvals(jacobian)), atol=1e-6)


def test_damping_makes_wasserstein_stable():
    found = local_stability.eigenvalues(local_stability.VALUES["Wasserstein"], damping=0.1)
    assert (found.real < -0.01).all()
