"""Agreement of rankings: a clear order, an opposite one, and too few generators."""

import numpy as np
import pytest

from gan_probe import cli, sets
from gan_probe.experiments import EXPERIMENTS, embeddings, running


def embedded(values):
    return {f"g{k}": {"value": v, "stderr": 0.01} for k, v in enumerate(values)}


def test_a_clear_order_is_the_same_everywhere():
    (entry,) = embeddings.agreements({"ddm": {"a": embedded([1, 2, 3, 4]), "b": embedded([10, 20, 30, 40])}})["ddm"]
    assert entry["contradictions"] == [] and entry["kendall"]["value"] == entry["spearman"]["value"] == 1
    low, high = entry["kendall"]["ci95"]
    assert low < 0.5 and high == 1


def test_opposite_orders_are_named():
    (entry,) = embeddings.agreements({"ddm": {"a": embedded([1, 2, 3, 4]), "b": embedded([1, 2, 4, 3])}})["ddm"]
    assert entry["contradictions"] == [["g2", "g3"]]
    assert entry["kendall"]["value"] == pytest.approx(4 / 6)


def test_too_few_are_one_line(tmp_path, capsys):
    assert cli.main(["reproduce", "004-embeddings", "--gans=", "--fakes=a.npz,b.npz", f"--out={tmp_path / 'out'}"]) == 2
    assert "give 4 generators or more" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_metric_with_a_scale_is_two_scores():
    parts = [{"scale": s, "value": s, "stderr": 0.1, "ci95": [0, 1]} for s in (1.0, 23.4)]
    found = {"value": 1.0, "stderr": 0.1, "ci95": [0, 1], "unit": "nats", "detail": {"scales": parts}}
    scores = embeddings.by_scale("ddm", found)
    assert {score: one["value"] for score, one in scores.items()} == {"ddm, s=1": 1.0, "ddm, s=median": 23.4}
    kid = {"value": 3.0, "stderr": 0.1, "ci95": [2, 4], "detail": {}}
    assert embeddings.by_scale("kid", kid) == {"kid": {"value": 3.0, "stderr": 0.1, "ci95": [2, 4]}}


def test_cpu_ranks_enough_generators_to_decide():
    """By so many as the preset trains, equal orders have an interval above the half that is asked for."""
    n = len(EXPERIMENTS["004-embeddings"].presets["cpu"].gans.split(","))
    values = {"ddm": {name: embedded(np.arange(n)) for name in "ab"}}
    assert n >= 10 and embeddings.agreements(values)["ddm"][0]["kendall"]["ci95"][0] > 0.5


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--gans=dcgn,wgan,vae,mlp"], "no system dcgn (did you mean dcgan?)"),
        (["--gans=wgan@x,vae,mlp,ali"], "wgan@x: give a whole number of steps"),
        (["--gans=wgan,wgan,vae,mlp"], "wgan stands twice"),
        (["--gans=wgan,vae,mlp,ali", "--fakes=wgan=a.npz"], "wgan is also one of --gans"),
    ],
)
def test_wrong_generators_are_one_line(flags, said, tmp_path, capsys):
    assert cli.main(["reproduce", "004-embeddings", *flags, f"--out={tmp_path / 'out'}"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_generators_are_trained_and_ranked_beside_given_ones(tmp_path):
    images = sets.opened("digits/train", name="train", seed=0, resize=28)
    folder = tmp_path / "digits28.npz"
    np.savez(folder, images=images.rows.take(np.arange(120)), labels=images.labels[:120])
    config = running.settings(
        "004-embeddings", "smoke",
        {"real": f"{folder}[:60]", "train": str(folder), "labelled": str(folder), "gans": "mlp@2,mlp@4",
         "samples": 40, "training": "smoke", "fakes": f"one={folder}[60:90],other={folder}[90:]"},
    )  # fmt: skip
    found = embeddings.main(config, None, tmp_path / "work")
    ranked = {row[2] for row in found.tables["values"].rows}
    assert ranked == {"mlp@2", "mlp@4", "one", "other"}
    assert {row[0] for row in found.tables["values"].rows} == {"ddm, s=1", "ddm, s=median"}
    assert all(one.measured.startswith("ddm, s=1: ") and "by ddm, s=median" in one.measured for one in found.claims)
