import numpy as np
import pytest
from sklearn import decomposition

from gan_probe import types
from gan_probe.ops import principal


@pytest.mark.parametrize("shape", [(60, 9), (12, 40)])
@pytest.mark.parametrize("share", [0.5, 0.95, 1.0])
def test_against_scikit_learn(shape, share):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * np.linspace(3, 0.1, shape[1]) + 5).astype(np.float32)
    found = principal.components(x, share)
    full = decomposition.PCA(svd_solver="full").fit(x.astype(np.float64))
    shares = np.cumsum(full.explained_variance_ratio_)
    k = next(i + 1 for i, s in enumerate(shares) if s >= share * (1 - 1e-12))
    assert found.directions.shape == (k, shape[1])
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(k), atol=1e-8)
    np.testing.assert_allclose(
        principal.project(x, found) ** 2, full.transform(x.astype(np.float64))[:, :k] ** 2, rtol=1e-4, atol=1e-6
    )


def test_equal_rows_have_none():
    with pytest.raises(types.UserError, match="all are equal"):
        principal.components(np.full((10, 3), 4, np.float32), 0.95)
