"""run.json: leftovers of a killed write are no content, and nothing odd in it ends in a traceback."""

import pytest

from gan_probe import run_file, types

SETTINGS = {"kind": "gan", "seed": 0}


def test_what_a_killed_write_left_is_no_run(tmp_path):
    (tmp_path / ".partial-run.json").write_text("{")
    assert run_file.begin(tmp_path, SETTINGS, resume=True) == SETTINGS
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(types.UserError, match="not empty"):
        run_file.begin(tmp_path, SETTINGS, resume=False)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"kind": 3}'])
def test_a_damaged_file_is_one_line(text, tmp_path):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(types.UserError):
        run_file.read(tmp_path, "classifier")
