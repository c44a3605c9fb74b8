"""The driver ranks generators whose order is known, and writes all its files or none."""

import csv
import json

import numpy as np
import pytest

from gan_probe import types
from gan_probe.experiments import ddm_embeddings


@pytest.fixture
def config(tmp_path):
    """Five samplers of a Gaussian, ever farther from it."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "real.npy", rng.standard_normal((200, 6)).astype(np.float32))
    for k in range(5):
        np.save(tmp_path / f"g{k}.npy", (rng.standard_normal((150, 6)) + k).astype(np.float32))
    return ddm_embeddings.Config(
        real=str(tmp_path / "real.npy"), train=None, fakes=tuple(f"g{k}={tmp_path}/g{k}.npy" for k in (3, 0, 4, 1, 2)),
        embeds=("features", "pca:3"), metrics=("ddm", "kid"), out=str(tmp_path / "out"),
    )  # fmt: skip


def test_a_clear_order_is_found_under_every_embedding(config, tmp_path):
    found = ddm_embeddings.main(config)
    out = tmp_path / "out"
    names = {f"ddm_embeddings.{kind}" for kind in ("json", "csv", "png", "svg")}
    assert {path.name for path in out.iterdir()} == names
    assert json.loads((out / "ddm_embeddings.json").read_text()) == found
    for entry in (*found["agreement"]["ddm"], *found["agreement"]["kid"]):
        assert entry["embeddings"] == ["features", "pca:3"] and entry["contradictions"] == []
        for coefficient in ("kendall", "spearman"):
            low, high = entry[coefficient]["ci95"]
            assert entry[coefficient]["value"] == 1 and low < 0.5 and high == 1
    with (out / "ddm_embeddings.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == 2 * 2 * 5
    assert all(int(row["rank"]) == int(row["generator"][1]) + 1 for row in table)
    assert (out / "ddm_embeddings.png").read_bytes().startswith(b"\x89PNG")


def test_opposite_orders_are_named():
    def embedded(values):
        return {f"g{k}": {"value": v, "stderr": 0.01} for k, v in enumerate(values)}

    (entry,) = ddm_embeddings.agreements({"ddm": {"a": embedded([1, 2, 3, 4]), "b": embedded([1, 2, 4, 3])}})["ddm"]
    assert entry["contradictions"] == [["g2", "g3"]]
    assert entry["kendall"]["value"] == pytest.approx(4 / 6)


@pytest.mark.parametrize("changed", [{"fakes": ("a=x.npy",)}, {"embeds": ("pixels", "pixels")}])
def test_too_few_are_one_line(config, changed):
    with pytest.raises(types.UserError, match="give 4 generators or more and two embeddings"):
        ddm_embeddings.main(ddm_embeddings.dataclasses.replace(config, **changed))
