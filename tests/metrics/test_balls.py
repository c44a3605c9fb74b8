import contextlib
import io

import numpy as np
import pytest
from sklearn import neighbors

from gan_probe import types
from gan_probe.metrics import balls
from gan_probe.ops import exact

ALL = {"precision": balls.precision, "recall": balls.recall, "density": balls.density, "coverage": balls.coverage}


@pytest.fixture
def values(given):
    """values(real, fake, **switches) -> the four numbers, from one set of passes."""

    def compute(real, fake, **switches):
        inputs = given(real=real, fake=fake)
        made = {name: make(**switches) for name, make in ALL.items()}
        inputs.stream(*made.values())
        return {name: made[name].finish(inputs).value for name in made}

    return compute


def by_definition(real, fake, k, ties):
    """Plain loops over float64 distances."""

    def matrix(x, y):
        i, j = np.divmod(np.arange(len(x) * len(y)), len(y))
        return exact.squared_distances(x, i, y, j).reshape(len(x), len(y))

    def radius(x):
        d2 = matrix(x, x)
        np.fill_diagonal(d2, np.inf)
        return np.sort(d2, axis=1)[:, k - 1]

    d2, of_real, of_fake = matrix(real, fake), radius(real), radius(fake)
    within = (lambda d, r: d < r) if ties == "<" else (lambda d, r: d <= r)
    precise = recalled = balls_around = covered = 0
    for y in range(len(fake)):
        precise += any(within(d2[x, y], of_real[x]) for x in range(len(real)))
        balls_around += sum(within(d2[x, y], of_real[x]) for x in range(len(real)))
    for x in range(len(real)):
        recalled += any(within(d2[x, y], of_fake[y]) for y in range(len(fake)))
        covered += any(within(d2[x, y], of_real[x]) for y in range(len(fake)))
    return {
        "precision": precise / len(fake), "recall": recalled / len(real),
        "density": balls_around / (k * len(fake)), "coverage": covered / len(real),
    }  # fmt: skip


def test_values_of_prdc(values):
    """prdc at its head, run by us once and quoted; and the package itself, live."""
    r = np.random.RandomState(0)
    real, fake = r.randn(500, 64), r.randn(500, 64) * 1.1 + 0.05
    found = values(real, fake, k=5)
    assert found["precision"] == pytest.approx(0.42)
    assert found["recall"] == pytest.approx(0.936)
    assert found["density"] == pytest.approx(0.2968)
    assert found["coverage"] == pytest.approx(0.754)
    prdc = pytest.importorskip("prdc")
    with contextlib.redirect_stdout(io.StringIO()):
        live = prdc.compute_prdc(real_features=real, fake_features=fake, nearest_k=5)
    assert found == pytest.approx(live)


@pytest.mark.parametrize("ties", ["<", "<="])
@pytest.mark.parametrize("k", [1, 4])
def test_by_definition_with_ties(values, ties, k):
    """Integers: many points lie exactly on a ball's surface, and rows recur within and across sets."""
    rng = np.random.default_rng(k)
    real, fake = (rng.integers(0, 4, (n, 3)).astype(np.float32) for n in (70, 55))
    assert values(real, fake, k=k, ties=ties) == pytest.approx(by_definition(real, fake, k, ties))


def test_radii_of_sklearn(values):
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((90, 5)).astype(np.float32), rng.standard_normal((80, 5)).astype(np.float32) * 1.3
    found = values(real, fake, k=3)
    wide = real.astype(np.float64)
    radius = neighbors.NearestNeighbors(n_neighbors=3).fit(wide).kneighbors()[0][:, -1]
    distance = np.linalg.norm(wide[:, None] - fake[None].astype(np.float64), axis=-1)
    assert found["coverage"] == pytest.approx(np.mean(distance.min(axis=1) < radius))
    assert found["density"] == pytest.approx(np.mean((distance < radius[:, None]).sum(axis=0)) / 3)


def test_identical_sets_are_one_and_all_equal_points_zero(values):
    real = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)
    assert set(values(real, real).values()) == {1.0}
    # The strict sign, prdc's: balls have no radius, and nothing lies inside them.
    flat = np.ones((60, 4), np.float32)
    assert set(values(flat, flat).values()) == {0.0}
    inclusive = values(flat, flat, ties="<=")
    assert inclusive["precision"] == inclusive["recall"] == inclusive["coverage"] == 1.0


def test_a_collapsed_generator_is_precise_and_recalls_little(values):
    """Which set is which: swapped roles would swap these two numbers."""
    rng = np.random.default_rng(0)
    found = values(rng.standard_normal((200, 6)), 0.2 * rng.standard_normal((200, 6)))
    assert found["precision"] > 0.8 and found["recall"] < 0.3


@pytest.mark.parametrize("make", ALL.values())
def test_switches_are_checked(make):
    with pytest.raises(types.UserError, match="ties"):
        make(ties="<>")
    with pytest.raises(types.UserError, match="k"):
        make(k=0)


def test_repeated_rows_are_named(given):
    """Twenty points drawn 400 times: no ball has an extent, so that nothing is strictly inside."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((20, 3)).astype(np.float32)
    inputs = given(real=points[rng.integers(0, 20, 400)], fake=points[rng.integers(0, 20, 400)])
    strict, closed = ALL["coverage"](k=5, ties="<"), ALL["coverage"](k=5, ties="<=")
    inputs.stream(strict, closed)
    assert "radius 0" in strict.finish(inputs).detail["warning"]
    found = closed.finish(inputs)
    assert found.value == 1 and "warning" not in found.detail
