"""001-inversion: wrong sets and settings are one line, before anything is trained."""

import numpy as np
import pytest

from gan_probe import cli


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--train=synthetic:pair"], "this source holds features"),
        (["--train={0}/noise.npy"], "noise.npy: give labelled images"),
        (["--steps=20", "--early=7"], "--early=7: must divide --steps=20"),
    ],
)
def test_wrong_use_is_one_line(flags, said, tmp_path, capsys):
    out = tmp_path / "out"
    np.save(tmp_path / "noise.npy", np.zeros((40, 28, 28, 1), np.uint8))
    flags = [flag.format(tmp_path) for flag in flags]
    assert cli.main(["reproduce", "001-inversion", "--preset=smoke", f"--out={out}", *flags]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not out.exists()
