"""The null variance of a squared mean, and the score interval that it gives where first-order effects vanish."""

import numpy as np
import pytest

from gan_probe.stats import squared_mean, u_statistic


def test_of_a_whitened_gaussian_covariance_and_mean():
    """d (d + 3) / 4, from sums over 20 blocks."""
    rng = np.random.default_rng(0)
    d, found = 4, []
    for _ in range(200):
        z = rng.standard_normal((20, 100, d))
        sums = np.concatenate([np.einsum("bni,bnj->bij", z, z) / 2, z.sum(axis=1)[:, None] / 2**0.5], axis=1)
        sums = sums.reshape(20, -1)
        found.append(squared_mean.null_variance(sums @ sums.T, np.full(20, 100)))
    assert np.mean(found) == pytest.approx(d * (d + 3) / 4, rel=0.04)


@pytest.mark.parametrize("law", ["heavy_same", "correlated_same", "digits_same"])
def test_coverage(draw, coverage, law):
    """|mean|^2 less its bias tr C / n, of rows of mean 0: its deviation, and the score interval around 0."""
    values, variances = np.empty(300), np.empty(300)
    for seed in range(300):
        x, y = draw(law, np.random.default_rng(seed), 200, 200)
        z = x - y
        values[seed] = np.sum(z.mean(axis=0) ** 2) - z.var(axis=0, ddof=1).sum() / 200
        sums = z.reshape(20, 10, -1).sum(axis=1)
        variances[seed] = squared_mean.null_variance(sums @ sums.T, np.full(20, 10)) / 200**2
    intervals = [u_statistic.score_interval(v, v1=0.0, v2=v2) for v, v2 in zip(values, variances, strict=True)]
    coverage(intervals, 0.0, law, one_sided=True)
    assert np.sqrt(variances.mean()) == pytest.approx(values.std(), rel=0.5 if law == "heavy_same" else 0.15)
