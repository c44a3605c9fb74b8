"""What an evaluation of every metric decomposes, counted where NumPy and SciPy are called."""

import collections
import functools

import numpy as np
import pytest
import scipy.linalg

import gan_probe
from gan_probe.metrics import decompose, frechet

NAMES = (
    "cholesky", "eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals", "qr", "schur", "sqrtm", "lstsq", "pinv", "inv",
)  # fmt: skip


@pytest.fixture
def calls(monkeypatch):
    """How often each function was called with a matrix of order 24 or more ("generalised": of a pencil)."""
    counted = collections.Counter()

    def counting(name, work):
        @functools.wraps(work)
        def wrapped(matrix, *args, **kwargs):
            if min(np.shape(matrix)[-2:]) >= 24:
                counted[f"{name}, generalised" if args else name] += 1
            return work(matrix, *args, **kwargs)

        return wrapped

    for library in (np.linalg, scipy.linalg):
        for name in NAMES:
            if hasattr(library, name):
                monkeypatch.setattr(library, name, counting(name, getattr(library, name)))
    return counted


def drawn(n, d, flat=0):
    """Two fakes, a real and a training set; `flat` features never vary."""
    rng = np.random.default_rng(0)
    sets = [rng.standard_normal((n, d)).astype(np.float32) for _ in range(4)]
    for x in sets:
        x[:, :flat] = 0.5
    return {"real": sets[0], "train": sets[1], "fake": {"a": sets[2], "b": 1.1 * sets[3]}}


def test_every_metric_of_two_fakes(calls):
    """Of real and of each fake a covariance and a second moment, of each pair a product; of halves eigenvalues only."""
    found = gan_probe.evaluate(**drawn(300, 24), metrics="all")
    assert {"spectrum", "vendi", "frechet", "frechet_limit", "parzen", "fld"} <= set(found["results"]["a"])
    assert calls == {"eigh": 2 * 3 + 2, "eigh, generalised": 2 * 10}
    told = {stage: spent["seconds"] for stage, spent in found["timings"].items() if stage.endswith("decompositions")}
    assert sum(int(stage.split()[-2]) for stage in told) == calls.total()
    assert all(0 < seconds <= found["timings"][stage.rsplit(",", 1)[0]]["seconds"] for stage, seconds in told.items())


def test_features_that_never_vary(calls):
    found = gan_probe.evaluate(**drawn(300, 27, flat=3), metrics="spectrum,vendi,frechet,frechet_limit")
    assert len(found["results"]["a"]) == 4
    assert calls == {"eigh": 2 * 3 + 2, "eigh, generalised": 2 * 10}


def test_fewer_rows_than_features(calls):
    """Of each set the products of centred rows and of unit rows; of each pair the singular values of their product."""
    found = gan_probe.evaluate(**drawn(40, 60), metrics="spectrum,vendi,frechet")
    assert len(found["results"]["a"]) == 3
    assert calls == {"eigh": 2 * 3, "svd": 2}


def test_eigenvalues_of_a_product():
    """Of which one, b, is singular."""
    rng = np.random.default_rng(0)
    a, b = (x.T @ x for x in (rng.standard_normal((9, 5)), rng.standard_normal((3, 5))))
    expected = np.sort(np.linalg.eigvals(a @ b).real)
    np.testing.assert_allclose(decompose.product_eigenvalues(a, b), np.maximum(expected, 0), atol=1e-10)
    np.testing.assert_allclose(decompose.product_eigenvalues(b, a), np.maximum(expected, 0), atol=1e-10)
    assert decompose.product_eigenvalues(a[:0, :0], b[:0, :0]).shape == (0,)


@pytest.mark.parametrize("mapped", [lambda z: np.pad(z, ((0, 0), (0, 2))), lambda z: z @ np.ones((4, 6))])
def test_limit_where_real_varies_along_few_directions(estimate, monkeypatch, mapped):
    """As without leaving out the directions in which real doesn't vary; fake does."""
    rng = np.random.default_rng(1)
    sets = {"real": mapped(rng.standard_normal((400, 4))), "fake": rng.standard_normal((300, 6))}
    value, distance = estimate(frechet.frechet_limit(), **sets).value, frechet.distance
    monkeypatch.setattr(frechet, "distance", lambda x, y, within: distance(x, y))
    assert value == pytest.approx(estimate(frechet.frechet_limit(), **sets).value, rel=1e-5)
