import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics
from sklearn import neighbors

from gan_probe.metrics import memorization

D = 5


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    real, train, fresh = (rng.standard_normal((n, D)).astype(np.float32) for n in (150, 140, 130))
    copies = (train[rng.permutation(140)[:130]] + 1e-3 * rng.standard_normal((130, D))).astype(np.float32)
    underfit = (2 * rng.standard_normal((130, D))).astype(np.float32)
    return {"real": real, "train": train, "fresh": fresh, "copies": copies, "underfit": underfit}


def judge(estimate, sets, kind, **switches):
    return estimate(memorization.memorization(**switches), real=sets["real"], train=sets["train"], fake=sets[kind])


def nearest(x, train):
    distance, index = (
        neighbors.NearestNeighbors(n_neighbors=1).fit(train.astype(np.float64)).kneighbors(x.astype(np.float64))
    )
    return distance[:, 0], index[:, 0]


@pytest.mark.parametrize("kind", ["fresh", "copies", "underfit"])
def test_auc_and_z_against_sklearn_and_scipy(estimate, sets, kind):
    found = judge(estimate, sets, kind)
    fake, real = (nearest(sets[s], sets["train"])[0] for s in (kind, "real"))
    label = np.repeat([1, 0], [len(fake), len(real)])
    assert found.value == pytest.approx(sklearn_metrics.roc_auc_score(label, np.concatenate([fake, real])))
    assert found.detail["auc"] == found.value
    p = stats.mannwhitneyu(fake, real, alternative="less", use_continuity=False, method="asymptotic").pvalue
    if 1e-12 < p < 1 - 1e-12:
        assert found.detail["c_t"] == pytest.approx(stats.norm.ppf(p), abs=1e-6)


def test_sign_of_c_t(estimate, sets):
    """Meehan's own cases: strongly negative for copies, positive for an underfit sampler, near 0 for a fresh one."""
    assert judge(estimate, sets, "copies").detail["c_t"] < -10
    assert judge(estimate, sets, "underfit").detail["c_t"] > 5
    fresh = judge(estimate, sets, "fresh")
    assert abs(fresh.detail["c_t"]) < 3
    assert fresh.interval.low < 0.5 < fresh.interval.high


@pytest.mark.parametrize("kind", ["fresh", "copies"])
def test_authpct_by_brute_force(estimate, sets, kind):
    found = judge(estimate, sets, kind).detail["auth_pct"]
    train, fake = (sets[s].astype(np.float64) for s in ("train", kind))
    authentic = 0
    for y in fake:
        distance = np.linalg.norm(train - y, axis=1)
        closest = distance.argmin()
        others = np.linalg.norm(np.delete(train, closest, axis=0) - train[closest], axis=1)
        authentic += distance[closest] > others.min()
    assert found["value"] == pytest.approx(100 * authentic / len(fake))
    assert found["ci95"][0] <= found["value"] <= found["ci95"][1]


def test_authpct_of_repeated_training_rows(estimate):
    """A training row with a copy has its nearest other row at distance 0: every fake off it is authentic."""
    rng = np.random.default_rng(0)
    train = np.repeat(rng.standard_normal((30, D)), 2, axis=0).astype(np.float32)
    fake = train[:40] + np.float32(0.01)
    found = estimate(memorization.memorization(), real=rng.standard_normal((50, D)), train=train, fake=fake)
    assert found.detail["auth_pct"]["value"] == 100


def test_share_within(estimate, sets):
    found = judge(estimate, sets, "copies", copy_threshold=0.0025).detail["share_within"]
    distance, _ = nearest(sets["copies"], sets["train"])
    assert found["value"] == pytest.approx(np.mean(distance <= 0.0025))
    assert found["rule"] == "given"
    found = judge(estimate, sets, "copies").detail["share_within"]
    assert found["threshold"] == pytest.approx(np.quantile(nearest(sets["real"], sets["train"])[0], 0.01))
    assert found["value"] == 1


def test_closest_copies(estimate, sets):
    found = judge(estimate, sets, "copies").detail
    distance, index = nearest(sets["copies"], sets["train"])
    order = np.argsort(distance)[:20]
    assert [pair["fake"] for pair in found["closest"]] == order.tolist()
    assert [pair["train"] for pair in found["closest"]] == index[order].tolist()
    assert [pair["distance"] for pair in found["closest"]] == pytest.approx(distance[order].tolist())
    assert sum(found["histogram"]["fake"]) == 130 and sum(found["histogram"]["real"]) == 150


def test_exact_replicas_all_tie(estimate, sets):
    """Every fake and every held-out row is a training row: AUC one half, no warning of a division by zero."""
    train = sets["train"]
    found = estimate(memorization.memorization(), real=train[:60], train=train, fake=train[60:120])
    assert found.value == 0.5 and found.detail["c_t"] == 0
    assert found.interval.low < 0.5 < found.interval.high
    assert found.detail["auth_pct"]["value"] == 0
