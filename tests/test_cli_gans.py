"""train, sample and run: on the command line, with a system small enough for seconds."""

import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from gan_probe import cli, generated, sets, types

TINY = ["--gan=mlp", "--widths=16", "--discriminator_widths=16", "--batch=32", "--latent=4", "--steps=4", "--every=2"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run on points, with metrics over time, and a class-wise one on images."""
    root = tmp_path_factory.mktemp("cli")
    points = ["train", *TINY, "--data=synthetic:ring8?n=400", f"--out={root / 'points'}"]
    assert cli.main([*points, "--probe=ddm,modes,memorization", "--real=synthetic:ring8?n=300", "--probe_n=200"]) == 0
    images = ["train", *TINY, "--per_class", "--data=digits/train", "--resize=28", f"--out={root / 'images'}"]
    assert cli.main(images) == 0
    return root


def refused(capsys, argv, *words):
    """Status 2 and one line with these words."""
    assert cli.main(argv) == 2
    said = capsys.readouterr().err
    assert said.startswith("gan-probe: ") and said.count("\n") == 1, said
    for word in words:
        assert word in said, said


def test_metrics_over_time(runs):
    rows = json.loads((runs / "points" / "probe.json").read_text())
    assert [row["step"] for row in rows] == [0, 2, 4]
    for row in rows:
        assert set(row["results"]) | set(row["failed"]) == {"ddm", "modes", "memorization"}
        assert "ddm" in row["results"] and row["results"]["ddm"]["ci95"][0] is not None
    with Image.open(runs / "points" / "probe.png") as picture:
        assert picture.width > 300


def test_grids_of_images_show_each_class_in_its_column(runs):
    with Image.open(runs / "images" / "grids" / "step-00000004.png") as picture:
        assert picture.size == (2 * (10 * 29 - 1), 2 * (7 * 29 - 1))


def test_samples_are_those_of_the_source_whatever_n(runs, tmp_path, capsys):
    out = tmp_path / "samples.npz"
    assert cli.main(["sample", f"--checkpoint={runs / 'images'}@2", "--n=150", f"--out={out}", "--seed=3"]) == 0
    assert "150 samples" in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as found:
        images, labels = found["images"], found["labels"]
    assert images.shape == (150, 28, 28, 1) and images.dtype == np.uint8
    assert labels[:11].tolist() == [*map(str, range(10)), "0"]
    source = sets.opened(f"run:{runs / 'images'}@2?n=20&seed=3", name="x", seed=0)
    np.testing.assert_array_equal(source.rows.take(np.arange(20)), images[:20])
    assert source.labels.tolist() == [*range(10)] * 2
    last = sets.opened(f"run:{runs / 'images'}[5:8]", name="x", seed=3)
    assert len(last) == 3 and not np.array_equal(last.rows.take([0])[0], images[5])


def test_samples_as_a_folder_are_a_source(runs, tmp_path):
    out = tmp_path / "samples"
    assert cli.main(["sample", f"--checkpoint={runs / 'images'}", "--n=30", f"--out={out}"]) == 0
    folder = sets.opened(str(out), name="x", seed=0)
    drawn = sets.opened(f"run:{runs / 'images'}?n=30", name="x", seed=0)
    assert len(folder) == 30 and folder.classes == drawn.classes
    where = [int(pathlib.Path(name).stem) for name in folder.names]
    np.testing.assert_array_equal(folder.rows.take(np.arange(30)), drawn.rows.take(where))


def test_a_run_is_a_fake(runs, tmp_path):
    points = runs / "points"
    argv = ["evaluate", "--real=synthetic:ring8?n=200", f"--fake=gan=run:{points}?n=200", "--metrics=kid", "--cache="]
    assert cli.main([*argv, f"--out={tmp_path / 'report'}"]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["inputs"]["gan"]["n"] == 200
    assert any("drawn from mlp at step 4" in note for note in results["inputs"]["gan"]["notes"])


def test_the_help_and_the_list_tell(capsys):
    assert cli.main(["train", "--help"]) == 0
    said = capsys.readouterr().out
    assert "carpedm20/DCGAN-tensorflow" in said and "--flip_labels" in said and "thesis 004" in said
    assert cli.main(["list", "gans"]) == 0
    assert "dcgan_weak" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--gan=dcgna", "--data=digits/train"], ["did you mean dcgan"]),
        (["--gan=dcgan", "--data=digits/train"], ["28, 32 or 64", "--resize=28"]),
        (["--gan=acgan", "--data=NOISE"], ["needs labelled"]),
        (["--gan=dcgan", "--data=NOISE", "--clip=0.1"], ["--clip", "dcgan has no such setting"]),
        (["--gan=dcgan", "--data=NOISE", "--batch=65"], ["only 64 rows"]),
        (["--gan=dcgan", "--data=NOISE", "--probe=ddm"], ["--probe needs --real"]),
        (["--gan=dcgan", "--data=NOISE", "--probe=dmd", "--real=NOISE"], ["did you mean ddm"]),
        (["--data=NOISE"], ["--gan is missing"]),
    ],
)
def test_wrong_training_is_one_line(argv, words, tmp_path, capsys):
    np.savez(tmp_path / "noise.npz", images=np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), np.uint8))
    argv = [word.replace("NOISE", str(tmp_path / "noise.npz")) for word in argv]
    refused(capsys, ["train", *argv, f"--out={tmp_path / 'out'}"], *words)
    assert not (tmp_path / "out").exists()


def test_wrong_sampling_is_one_line(runs, tmp_path, capsys):
    points = runs / "points"
    out = f"--out={tmp_path / 'x.npz'}"
    refused(capsys, ["sample", f"--checkpoint={tmp_path}", out], "no run there")
    refused(capsys, ["sample", f"--checkpoint={points}@3", out], "no such step; it has 0, 2, 4")
    refused(capsys, ["sample", f"--checkpoint={points}@abc", out], "abc is not a step")
    refused(capsys, ["sample", f"--checkpoint={points}", f"--out={tmp_path / 'folder'}"], "give --out=FILE.npz")
    refused(capsys, ["sample", f"--checkpoint={points}", f"--out={points}"], "exists")
    (tmp_path / "run.json").write_text('{"kind": "classifier"}')
    refused(capsys, ["sample", f"--checkpoint={tmp_path}", out], "not a gan's run")
    for option in ("n=0", "m=3", "n=x"):
        with pytest.raises(types.UserError):
            sets.opened(f"run:{points}?{option}", name="x", seed=0)
    assert not list(tmp_path.glob(".partial*"))


def test_the_place_of_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert generated.place("a/b@12") == (pathlib.Path("a/b"), 12)
    assert generated.place("a@b") == (pathlib.Path("a@b"), None)
    (tmp_path / "a@3").mkdir()
    assert generated.place("a@3") == (pathlib.Path("a@3"), None)


def test_every_checkpoint_of_a_run(runs, capsys, tmp_path):
    points = runs / "points"
    named = sets.named_fakes({"points@all": f"run:{points}@all?n=20", "other": "synthetic:ring8"})
    assert named == {f"points@{step}": f"run:{points}@{step}?n=20" for step in (0, 2, 4)} | {"other": "synthetic:ring8"}
    argv = ["evaluate", "--real=synthetic:ring8?n=200", f"--fake=run:{points}@all?n=100", "--metrics=kid", "--cache="]
    assert cli.main([*argv, f"--out={tmp_path / 'out'}"]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
    assert list(results) == ["points@0", "points@2", "points@4"]
    capsys.readouterr()
    refused(capsys, ["evaluate", "--real=synthetic:ring8", f"--fake=run:{tmp_path}@all"], "no checkpoint there")


@pytest.mark.parametrize(
    ("given", "drawn"),
    [("run:a", "run:a?n=7"), ("run:a@3?seed=1", "run:a@3?seed=1&n=7"), ("run:a?n=5", "run:a?n=5"), ("x.npz", "x.npz")],
)
def test_a_run_that_says_no_number_gives_what_is_needed(given, drawn):
    assert generated.with_n(given, 7) == drawn
