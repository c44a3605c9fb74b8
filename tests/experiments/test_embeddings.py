"""Agreement of rankings: a clear order, an opposite one, and too few generators."""

import pytest

from gan_probe import cli
from gan_probe.experiments import embeddings


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
    assert cli.main(["reproduce", "004-embeddings", "--fakes=a.npz,b.npz", f"--out={tmp_path / 'out'}"]) == 2
    assert "give 4 generators or more" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
