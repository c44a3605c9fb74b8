"""Sample-size curves: nested, in any order of the rows, and a limit that holds where the bias is c/n."""

import numpy as np
import pytest

import gan_probe
from gan_probe import curves, reference, types
from gan_probe.stats import blocks


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(n, 6)).astype(np.float32) for name, n in (("real", 400), ("fake", 640))}


@pytest.fixture(scope="module")
def found(sets):
    return gan_probe.evaluate(**sets, metrics=["ddm", "birthday", "frechet", "kid"], curves=True)["results"]["fake"]


def test_shares_are_nested_and_do_not_depend_on_the_order_of_rows():
    hashes = np.random.default_rng(0).integers(0, 2**63, 999, dtype=np.uint64)
    hashes[10:20] = hashes[0]
    half, eighth = (blocks.nested(hashes, share, role="fake", seed=3) for share in (0.5, 0.125))
    assert len(half) == 500 and len(eighth) == 125
    assert set(eighth) < set(half)
    order = np.random.default_rng(1).permutation(999)
    again = blocks.nested(hashes[order], 0.5, role="fake", seed=3)
    np.testing.assert_array_equal(np.sort(hashes[half]), np.sort(hashes[order][again]))
    assert set(half) != set(blocks.nested(hashes, 0.5, role="fake", seed=4))
    assert 150 < len(set(half) & set(blocks.nested(hashes, 0.5, role="real", seed=3))) < 350


def test_every_point_is_the_metric_of_that_share(sets, found):
    for name in ("ddm", "frechet", "kid"):
        curve = found[name]["detail"]["size_curve"]
        assert [(p["n_real"], p["n_fake"]) for p in curve] == [(50, 80), (100, 160), (200, 320), (400, 640)]
        assert curve[-1]["value"] == found[name]["value"]
        assert curve[-1]["ci95"] == found[name]["ci95"]


def test_a_calibrated_threshold_stays_along_the_curve(found):
    entry = found["birthday"]
    beta = [1 / p["value"] for p in entry["detail"]["size_curve"] if p["value"]]
    assert entry["detail"]["calibrated"] == {"threshold": entry["detail"]["threshold"]}
    assert max(beta) < 3 * min(beta)  # recalibrated thresholds would give 100 pairs of real at every size


def test_only_smooth_metrics_are_extrapolated(found):
    assert "size_curve_limit" in found["frechet"]["detail"]
    assert not any("size_curve_limit" in found[m]["detail"] for m in ("ddm", "birthday", "kid"))


def test_order_of_rows_changes_nothing(sets, found):
    order = np.random.default_rng(5).permutation(640)
    again = gan_probe.evaluate(real=sets["real"], fake=sets["fake"][order], metrics=["ddm", "frechet"], curves=True)[
        "results"
    ]["fake"]
    for name in ("ddm", "frechet"):
        for a, b in zip(found[name]["detail"]["size_curve"], again[name]["detail"]["size_curve"], strict=True):
            assert a["value"] == pytest.approx(b["value"], rel=1e-6)


def test_small_sets_have_short_curves_and_no_empty_ones():
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(90, 3)).astype(np.float32) for _ in range(2))
    curve = gan_probe.evaluate(real=x, fake=y, metrics="kid", curves=True)["results"]["fake"]["kid"]["detail"][
        "size_curve"
    ]
    assert [p["n_fake"] for p in curve] == [45, 90]


def test_training_passes_are_not_run_again(sets, monkeypatch):
    held = reference.Reference(real=sets["real"], train=sets["fake"][:300])
    held.evaluate(sets["fake"][300:], metrics="memorization", curves=True)
    part = held.part(0.5)
    assert any(need.rows == need.cols == "train" for need in part.known)
    assert part.layouts["train"] is held.layouts["train"]
    assert len(part.layouts["real"]) == 200


def test_extrapolation_removes_a_bias_of_order_one_over_n():
    n = np.array([50, 100, 200, 400])
    value, stderr = curves.extrapolated(n, 3 + 20 / n, np.sqrt(1 / n))
    assert value == pytest.approx(3)
    # By hand for two sizes: 2 F(n) - F(n/2), whose variance is 4 v - 4 v + 2 v for a mean.
    value, stderr = curves.extrapolated(n[-2:], np.array([7.0, 6.0]), np.sqrt(1 / n[-2:]))
    assert value == pytest.approx(5)
    assert stderr == pytest.approx(np.sqrt(2 / 400))


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_limit_of_frechet_covers(spread):
    """Closed form: Gaussians N(0, I) and N(spread, I) in 10 dimensions have distance 10 spread^2."""
    rng = np.random.default_rng(7)
    inside, limits, raw = 0, [], []
    for _ in range(25):
        x, y = (rng.normal(size=(320, 10)).astype(np.float32) for _ in range(2))
        found = gan_probe.evaluate(real=x, fake=y + np.float32(spread), metrics="frechet", curves=True)
        entry = found["results"]["fake"]["frechet"]
        low, high = entry["detail"]["size_curve_limit"]["ci95"]
        inside += low <= 10 * spread**2 <= high
        limits.append(entry["detail"]["size_curve_limit"]["value"])
        raw.append(entry["value"])
    assert inside >= 20
    assert abs(np.mean(limits) - 10 * spread**2) < abs(np.mean(raw) - 10 * spread**2) / 2


def test_sets_too_small_for_a_curve_are_refused():
    rows = np.random.default_rng(0).normal(size=(79, 3)).astype(np.float32)
    with pytest.raises(types.UserError, match=r"79 rows; --curves needs 80"):
        gan_probe.evaluate(real=rows, fake=rows + 1, metrics="kid", curves=True)
