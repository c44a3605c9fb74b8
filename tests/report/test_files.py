"""A report is written whole or not at all, replaces only a light, and is read back as it was."""

import json
import os
import zipfile

import numpy as np
import pytest

from gan_probe import types
from gan_probe.report import files


def _listing(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))


def test_round_trip(tmp_path, light):
    results, pictures = light
    files.write(tmp_path / "a" / "b", results, pictures)
    again, shown = files.read(tmp_path / "a" / "b")
    assert again == results
    assert shown.keys() == pictures.keys()
    for key, images in pictures.items():
        np.testing.assert_array_equal(shown[key], images)
    files_of_a_report = ["pictures.npz", "report.html", "results.json", "verdicts.png"]
    assert _listing(tmp_path) == ["a", "a/b", *(f"a/b/{name}" for name in files_of_a_report)]


def test_the_same_report_is_the_same_bytes(tmp_path, light):
    for name in "ab":
        files.write(tmp_path / name, *light)
    for name in (files.RESULTS, files.PICTURES, files.PAGE):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_earlier_report_is_replaced_and_what_stands_beside_it_is_kept(tmp_path, light):
    results, pictures = light
    files.write(tmp_path, results, pictures)
    (tmp_path / "notes.txt").write_text("mine")
    files.check_out(tmp_path)
    files.write(tmp_path, {**results, "seed": 7}, {})
    assert files.read(tmp_path)[0]["seed"] == 7
    assert files.read(tmp_path)[1] == {}
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_files_take_the_usual_permissions(tmp_path, light):
    files.write(tmp_path / "out", *light)
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


EXPERIMENT = {"results.json": '{"gan_probe": "0.1.0", "experiment": "003-theorems"}', "figure.svg": "<svg/>"}


@pytest.mark.parametrize(
    "content", [{"notes.txt": "mine"}, {"results.json": "{}"}, {"results.json": "[1]"}, EXPERIMENT], ids=str
)
def test_a_folder_that_is_no_report_is_left_alone(tmp_path, light, content):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    for attempt in (lambda: files.check_out(tmp_path), lambda: files.write(tmp_path, *light)):
        with pytest.raises(types.UserError, match=r"(no gan-probe report|holds results of 00).*--out"):
            attempt()
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == content


def test_a_file_in_the_way(tmp_path, light):
    (tmp_path / "out").write_text("mine")
    for path in (tmp_path / "out", tmp_path / "out" / "below"):
        for attempt in (lambda path=path: files.check_out(path), lambda path=path: files.write(path, *light)):
            with pytest.raises(types.UserError, match=r"out.*--out"):
                attempt()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path, light):
    tmp_path.chmod(0o500)
    with pytest.raises(types.UserError, match="cannot be written"):
        files.write(tmp_path / "out", *light)


def test_a_failing_write_is_one_line_and_leaves_nothing(tmp_path, light, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(types.UserError, match="No space left") as caught:
        files.write(tmp_path / "out", *light)
    assert "\n" not in str(caught.value)
    assert _listing(tmp_path) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path, light, bad):
    results, pictures = light
    results["results"]["faithful"]["ddm"]["value"] = bad
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write(tmp_path / "out", results, pictures)
    assert _listing(tmp_path) == []


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def _garble(path):
    path.write_bytes(b"\xff\x00 no such thing")


def _objects(path):
    with path.open("wb") as file:
        np.savez(file, **{"a/grid": np.array([None, 1], object)})


def _floats(path):
    with path.open("wb") as file:
        np.savez(file, **{"a/grid": np.zeros((2, 3, 3, 1))})


def _stranger(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/grid.npy", "text")


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        (files.RESULTS, lambda path: path.unlink()),
        (files.RESULTS, _truncate),
        (files.RESULTS, _garble),
        (files.RESULTS, lambda path: path.write_text('{"schema": 1, "seed": NaN}')),
        (files.RESULTS, lambda path: path.write_text('{"schema": 1}')),
        (files.RESULTS, lambda path: path.write_text("[1]")),
        (files.RESULTS, lambda path: path.write_text(json.dumps({"schema": 9}))),
        (files.PICTURES, lambda path: path.unlink()),
        (files.PICTURES, _truncate),
        (files.PICTURES, _garble),
        (files.PICTURES, _objects),
        (files.PICTURES, _floats),
        (files.PICTURES, _stranger),
    ],
)
def test_a_harmed_report_is_one_line_that_names_the_file(tmp_path, light, name, harm):
    files.write(tmp_path, *light)
    harm(tmp_path / name)
    with pytest.raises(types.UserError, match=name) as caught:
        files.read(tmp_path)
    assert "\n" not in str(caught.value)
