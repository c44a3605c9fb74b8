"""Settings of 004-ais that cannot be are one line, before anything is trained."""

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
