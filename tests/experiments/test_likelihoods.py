"""Settings of 004-ais that cannot be are one line, before anything is trained; how long annealing took is told."""

import json

import numpy as np
import pytest

from gan_probe import cli


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--variances=0.1", "two or more numbers"),
        ("--variances=0.1,x", "two or more numbers"),
        ("--variances=0.1,-1", "positive"),
        ("--temperatures=3", "too few"),
        ("--test=synthetic:ring8", "are for images"),
        ("--test=rgb.npz", "[28, 28, 3]"),
    ],
)
def test_wrong_settings_are_one_line(given, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("rgb.npz", images=np.random.default_rng(0).integers(0, 256, (20, 28, 28, 3), np.uint8))
    assert cli.main(["reproduce", "004-ais", "--preset=smoke", given, f"--out={tmp_path / 'out'}"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "out" / "results.json").exists()


def test_seconds_of_annealing_are_told_of_each_decoder(tmp_path, capsys):
    small = ["--steps=2", "--images=2", "--temperatures=30", "--simulated=2"]
    assert cli.main(["reproduce", "004-ais", "--preset=smoke", *small, f"--out={tmp_path / 'out'}"]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    parts = [f"{name}, 2 images x 4 chains x 30 temperatures" for name in ("GAN-10", "VAE-10")]
    assert list(results["timings"]) == parts
    assert all(0 < took["seconds"] < results["seconds"] for took in results["timings"].values())
    said = capsys.readouterr().out
    assert all(f"{part}: " in said for part in parts)
