import numpy as np
import pytest
from scipy.spatial import distance as spatial

from gan_probe import types
from gan_probe.metrics import birthday
from gan_probe.stats import first_collision

THRESHOLD = 1e-2


def source(seed, atoms, n, d=3, noise=1e-4):
    """n draws from `atoms` equally likely points, far apart next to the noise."""
    rng = np.random.default_rng(seed)
    points = 10 * rng.standard_normal((atoms, d))
    return (points[rng.integers(0, atoms, n)] + noise * rng.standard_normal((n, d))).astype(np.float32)


@pytest.fixture(scope="module")
def sets():
    return {"real": source(0, 5000, 300), "fake": source(1, 200, 300)}


def colliding(x, limit2):
    """Unordered pairs within a squared distance, one after the other: int [c, 2]."""
    x = x.astype(np.float64)
    return np.array(
        [(i, j) for i in range(len(x)) for j in range(i + 1, len(x)) if np.sum((x[i] - x[j]) ** 2) <= limit2], int
    ).reshape(-1, 2)


def test_every_pair_counts(estimate, sets):
    found = estimate(birthday.birthday(threshold=THRESHOLD), **sets)
    pairs = len(colliding(sets["fake"], THRESHOLD**2))
    assert found.detail["collisions"] == pairs > 50
    assert found.detail["pairs_total"] == 300 * 299 // 2
    assert found.detail["beta"] == pytest.approx(pairs / (150 * 299))
    assert found.value == pytest.approx(150 * 299 / pairs)
    assert found.detail["real"]["collisions"] == len(colliding(sets["real"], THRESHOLD**2))
    assert found.detail["threshold"] == pytest.approx(THRESHOLD) and found.detail["threshold_rule"] == "given"
    assert found.detail["borderline"] == 0


@pytest.mark.parametrize("atoms", [30, 200, 1000])
def test_interval_holds_the_known_support(estimate, sets, atoms):
    found = estimate(birthday.birthday(threshold=THRESHOLD), real=sets["real"], fake=source(7, atoms, 300))
    assert found.interval.low <= atoms <= found.interval.high
    assert found.interval.high < 20 * atoms


def test_replicates_are_collisions_too(estimate, sets):
    """Samples drawn with replacement from few rows are equal bit for bit: merged rows must count as pairs."""
    rows = np.random.default_rng(0).integers(0, 40, 300)
    fake = source(3, 5000, 40)[rows]
    found = estimate(birthday.birthday(threshold=THRESHOLD), real=sets["real"], fake=fake)
    counts = np.bincount(rows)
    assert found.detail["collisions"] == np.sum(counts * (counts - 1) // 2)
    assert found.interval.low <= 40 <= found.interval.high


def test_ratio_to_real(estimate, sets):
    found = estimate(birthday.birthday(threshold=THRESHOLD), real=source(5, 800, 300), fake=sets["fake"]).detail
    ratio = found["ratio_to_real"]
    assert ratio["value"] == pytest.approx(found["beta"] / found["real"]["beta"])
    assert ratio["ci95"][0] <= 4 <= ratio["ci95"][1]  # 800 atoms against 200
    assert found["rate_per_pair"] == found["real"]["beta"]


def test_nothing_collides(estimate, sets):
    found = estimate(birthday.birthday(threshold=1e-6), **sets)
    assert found.value is None and found.interval.high is None
    assert found.interval.low == pytest.approx(150 * 299 / -np.log(0.025))
    assert found.detail["paper"]["s50"] is None and found.detail["pairs"] == []
    assert found.detail["ratio_to_real"]["value"] is None


def test_calibration_takes_reals_closest_pairs(estimate):
    rng = np.random.default_rng(0)
    real, fake = (rng.standard_normal((150, 6)).astype(np.float32) for _ in range(2))
    found = estimate(birthday.birthday(k=30), real=real, fake=fake).detail
    lengths = np.sort(spatial.pdist(real.astype(np.float64)))
    assert found["real"]["collisions"] == 100  # of 11,175 pairs
    assert found["threshold"] == pytest.approx(lengths[99])
    assert found["collisions"] == np.sum(spatial.pdist(fake.astype(np.float64)) <= found["threshold"])
    few = estimate(birthday.birthday(), real=real[:60], fake=fake).detail
    assert few["real"]["collisions"] == 60 * 59 // 200  # a hundredth of the pairs
    # Short lists miss a pair whose rows both have k nearer ones; what then collides is counted all the same.
    short = estimate(birthday.birthday(k=2), real=real, fake=fake).detail
    assert short["threshold"] >= lengths[99]
    assert short["real"]["collisions"] == np.sum(lengths <= short["threshold"]) >= 100


def test_pairs_at_the_calibrated_distance_collide(estimate):
    """Integer features: hundreds of pairs share the distance sqrt(3), which squares to less than 3 in floats."""
    rng = np.random.default_rng(0)
    real, fake = (rng.permutation(3 * np.array(np.meshgrid(*[range(6)] * 3)).reshape(3, -1).T)[:150] for _ in range(2))
    real, fake = (np.repeat(x, 3, axis=1).astype(np.float32) / np.float32(3) for x in (real, fake))
    found = estimate(birthday.birthday(), real=real, fake=fake).detail
    assert found["threshold"] == pytest.approx(3**0.5)
    assert found["real"]["collisions"] == len(colliding(real, 3.0)) > 100
    assert found["collisions"] == len(colliding(fake, 3.0)) > 100
    assert {round(p["distance"] ** 2, 6) for p in found["pairs"]} == {3.0}


def test_closest_pairs(estimate, sets):
    train = source(9, 200, 100)
    found = estimate(birthday.birthday(threshold=THRESHOLD), **sets, train=train).detail
    closest, fake = found["closest"], sets["fake"].astype(np.float64)
    assert len(closest) == 20
    assert closest == sorted(closest, key=lambda p: p["distance"])
    # One pair an atom: no row of one pair lies within the threshold of a row of another.
    for a, one in enumerate(closest):
        for other in closest[a + 1 :]:
            gap = fake[[one["i"], one["j"]]][:, None] - fake[[other["i"], other["j"]]][None]
            assert np.linalg.norm(gap, axis=-1).min() > THRESHOLD
    d = spatial.squareform(spatial.pdist(fake))
    np.fill_diagonal(d, np.inf)
    i, j = np.unravel_index(d.argmin(), d.shape)
    assert {closest[0]["i"], closest[0]["j"]} == {i, j}
    for p in closest:
        assert p["i"] < p["j"] and p["distance"] == pytest.approx(d[p["i"], p["j"]])
        to_train = spatial.cdist(fake[[p["i"], p["j"]]], train.astype(np.float64)).min(axis=0)
        assert p["train"]["index"] == to_train.argmin()
        assert p["train"]["distance"] == pytest.approx(to_train.min())
    listed = {(p["i"], p["j"]) for p in found["pairs"]}
    assert {(p["i"], p["j"]) for p in closest} <= listed <= {tuple(p) for p in colliding(fake, THRESHOLD**2).tolist()}


def test_closest_pairs_beyond_the_threshold_fill_the_list(estimate, sets):
    found = estimate(birthday.birthday(threshold=1e-6), **sets).detail
    assert len(found["closest"]) == 20
    rows = [p[side] for p in found["closest"] for side in ("i", "j")]
    assert len(set(rows)) == 40
    assert found["closest"][0]["train"] is None


@pytest.mark.parametrize("atoms", [5, 200])
def test_the_papers_protocol(estimate, sets, atoms):
    """s at which half the batches hold a collision, by drawing batches; also where lists of neighbours miss pairs."""
    fake = source(11, atoms, 300)
    found = estimate(birthday.birthday(threshold=THRESHOLD), real=sets["real"], fake=fake).detail["paper"]
    edges = colliding(fake, THRESHOLD**2)
    rng = np.random.default_rng(5)
    firsts = [rng.permutation(300)[edges].max(axis=1).min() + 1 for _ in range(2000)]
    assert found["s50"] == pytest.approx(np.median(firsts), rel=0.15, abs=1)
    assert found["s_squared"] == found["s50"] ** 2
    assert found["beta_star"] == pytest.approx(first_collision.beta_star(found["s50"]))


def test_switches_are_checked(given, sets):
    with pytest.raises(types.UserError, match="threshold"):
        birthday.birthday(threshold=-1.0)
    assert "20" in birthday.birthday().least(given(real=sets["real"], fake=sets["fake"][:19]).shape)


@pytest.mark.parametrize("atoms", [3, 20, 4000])
def test_lists_measured_rows_and_passes_count_alike(given, monkeypatch, atoms):
    """Few atoms fill every list of neighbours, many fill none; each road gives the same counts."""
    fake, real = source(11, atoms, 150), source(12, 60, 140)
    metric, found = birthday.birthday(threshold=THRESHOLD), []
    for most in (1 << 40, 0):
        monkeypatch.setattr(birthday, "_MEASURED", most)
        inputs = given(real=real, fake=fake)
        inputs.stream(metric)
        found.append(metric.finish(inputs))
    assert found[0] == found[1]
    d = spatial.squareform(spatial.pdist(fake.astype(np.float64)))
    assert found[0].detail["collisions"] == (np.triu(d <= THRESHOLD, 1)).sum()


@pytest.mark.parametrize(("dim", "reach", "error"), [(1, (0.01, 0.03), 0.05), (2, (0.03, 0.09), 0.1)])
def test_dimension_of_a_line_and_a_square(estimate, dim, reach, error):
    """compare_gan's fractal dimension, the slope of ln P(two rows within r) against ln r: 1 +- .05 and 2 +- .1."""
    rows = np.random.default_rng(0).uniform(size=(700, dim))
    beta = [estimate(birthday.birthday(threshold=r), real=rows, fake=rows).detail["beta"] for r in reach]
    assert np.log(beta[1] / beta[0]) / np.log(reach[1] / reach[0]) == pytest.approx(dim, abs=error)
