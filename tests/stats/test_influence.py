"""The delta method: of a mean it is the textbook's, of the Frechet distance it covers its mean at these sizes."""

import math

import numpy as np
import pytest
import scipy.linalg

from gan_probe.stats import influence


def test_of_two_means_and_their_ratio():
    rng = np.random.default_rng(0)
    x, y = rng.random(50), 1 + rng.random(80)
    variance = influence.variance(x, y)
    assert variance == pytest.approx(x.var(ddof=1) / 50 + y.var(ddof=1) / 80)
    assert influence.interval(2.0, 0.5, "")[:3] == (2 - 0.98, 2 + 0.98, 0.5)
    assert influence.log_interval(0.0, 1.0, "", least=0.5, most=3.0)[:3] == (0.5, 3.0, 1.0)
    found = influence.log_ratio((math.log(6), 0.3), (math.log(2), 0.4))
    assert found["value"] == pytest.approx(3)
    assert found["ci95"] == pytest.approx([3 * math.exp(-0.98), 3 * math.exp(0.98)])


def frechet(x, y):
    """The value, and every row's effect: 2 g.a + a'(1 - T) a, T the Gaussian map of one set onto the other."""
    gap, (s, t) = x.mean(axis=0) - y.mean(axis=0), (np.cov(z, rowvar=False) for z in (x, y))
    root = scipy.linalg.sqrtm(s).real
    middle = scipy.linalg.sqrtm(root @ t @ root).real
    inverse = np.linalg.inv(root)
    there = inverse @ middle @ inverse
    effects = []
    for z, mapped, sign in ((x, there, 1), (y, np.linalg.inv(there), -1)):
        a = z - z.mean(axis=0)
        effects.append(2 * sign * a @ gap + np.einsum("ni,ij,nj->n", a, np.eye(len(s)) - mapped, a))
    return gap @ gap + np.trace(s) + np.trace(t) - 2 * np.trace(middle), influence.variance(*effects) ** 0.5


@pytest.mark.parametrize("law", ["correlated", "collapsed", "digits_dropped"])
def test_coverage(draw, coverage, law):
    found = np.array([frechet(*draw(law, np.random.default_rng(seed), 300, 200)) for seed in range(200)])
    truth = float(found[:, 0].mean())
    coverage([influence.interval(*f, "frechet") for f in found], truth, f"frechet {law}")
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.25)
