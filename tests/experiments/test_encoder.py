"""003-encoder: settings that make no sense are one line."""

import pytest

from gan_probe import cli


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--parts=2,9", "would memorise 6561 of 599 images"),
        ("--parts=1,2", "give 2 parts or more"),
        ("--widths=a", "give whole numbers up to"),
        ("--code=64", "fewer than the 64"),
        ("--train=synthetic:ring8?n=100", "ring8"),
        ("--real=nowhere", "nowhere"),
        ("--real=synthetic:ring8?n=100", "ring8"),
    ],
)
def test_wrong_settings_are_one_line(flag, said, tmp_path, capsys):
    assert cli.main(["reproduce", "003-encoder", "--preset=smoke", flag, f"--out={tmp_path / 'out'}"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
