"""`gan-probe modes` as a user runs it: a real run on the digits, files and summary; what is wrong is one line."""

import json
import pathlib
import shutil

import jsonschema
import numpy as np
import pytest
from scipy import special

import gan_probe
from gan_probe import annotation, cli, data, types
from gan_probe.classifiers import runs, training
from gan_probe.commands import command
from gan_probe.report import modes_page


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "digits"
    recipe = training.Recipe(epochs=3, rate=0.01, batch=8)
    annotation.classify(out, "linear", data.load("digits/train"), data.load("digits/real"), recipe=recipe)
    return out


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_dropper_of_classes_is_found(run, capsys):
    flags = [f"--annotator={run}", "--real=digits/real", "--fake=gan@10=digits/dropper"]
    assert cli.main(["modes", *flags, "--fake=gan@20=digits/faithful", "--out=out"]) == 0
    text = capsys.readouterr().out
    assert "page: out/modes.html" in text and all(len(line) <= 80 for line in text.splitlines())
    found = json.loads(pathlib.Path("out/modes.json").read_text())
    jsonschema.Draft202012Validator(modes_page.schema()).validate(found)
    assert found["evolution"] == {"gan": [{"step": 10, "fake": "gan@10"}, {"step": 20, "fake": "gan@20"}]}
    assert found["command"].startswith("gan-probe modes --annotator=")
    dropper, faithful = (found["results"][name] for name in ("gan@10", "gan@20"))
    assert dropper["judged"] == "corrected" and len(dropper["missing"]) >= 2 and faithful["faint"] == []
    # Three of ten classes are dropped; the annotator's mistakes fill them, and correction empties them again.
    raw, corrected = (sum(sorted(dropper[kind]["values"])[:3]) for kind in ("raw", "corrected"))
    assert corrected < raw and corrected < 0.1
    assert dropper["corrected"]["total_variation"]["ci95"][0] > faithful["corrected"]["total_variation"]["ci95"][0]
    assert faithful["corrected"]["total_variation"]["ci95"][0] < 0.05
    page = pathlib.Path("out/modes.html").read_text()
    assert page.count("<svg") == 4 and "gan@20" in page
    assert "will be replaced" not in capsys.readouterr().err
    assert cli.main(["modes", *flags, "--out=out"]) == 0
    assert "out: the report in it will be replaced" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ([], "--annotator is missing"),
        (["--annotator={run}"], "--real is missing"),
        (["--annotator={run}", "--real=digits/real"], "--fake is missing"),
        (["--annotator=.", "--real=digits/real", "--fake=digits/blurred"], "no run there"),
        (["--annotator={run}", "--real=digits/real", "--fake=a@x=digits/blurred"], "does not exist"),
        (["--annotator={run}", "--real=large.npz", "--fake=digits/blurred"], "takes images [8, 8, 1]"),
        (["--annotator={run}", "--real=digits/real", "--fake=digits/blurred", "--out=mine"], "no gan-probe report"),
    ],
)
def test_bad_input_is_status_2_and_one_line(run, capsys, flags, text, tmp_path):
    np.savez("large.npz", images=np.zeros((4, 9, 9, 1), np.uint8))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    assert cli.main(["modes", *(flag.format(run=run) for flag in flags)]) == 2
    said = capsys.readouterr()
    assert text in said.err and said.err.count("\n") == 1 and not (tmp_path / "gan-probe-modes").exists()


def test_colour_is_read_in_the_annotators_channels(run):
    grey = data.load("digits/real")
    images = np.repeat(grey.rows.take(range(len(grey))), 3, axis=3)
    np.savez("colour.npz", images=images, labels=np.array(grey.classes)[grey.labels])
    for real, out in (("colour.npz", "colour"), ("digits/real", "grey")):
        flags = [f"--annotator={run}", f"--real={real}", "--fake=digits/dropper", f"--out={out}"]
        assert cli.main(["modes", *flags]) == 0
    colour, plain = (json.loads(pathlib.Path(out, "modes.json").read_text()) for out in ("colour", "grey"))
    assert colour["results"]["dropper"]["raw"] == plain["results"]["dropper"]["raw"]
    assert colour["inputs"]["real"]["notes"] == [f"colour images read as greyscale (luma), as the annotator {run} is"]


def test_the_folder_of_a_run_is_a_curve_over_training(capsys):
    recipe = training.Recipe(epochs=1, batch=64)
    large = {role: data.load(f"digits/{role}", resize=28) for role in ("train", "real")}
    annotation.classify(pathlib.Path("judge"), "linear", large["train"], large["real"], recipe=recipe)
    size = ["--widths=16", "--discriminator_widths=16", "--batch=32", "--latent=4", "--steps=4", "--every=2"]
    assert cli.main(["train", "--gan=mlp", "--data=digits/train", "--resize=28", "--out=runs/gan", *size]) == 0
    flags = ["--annotator=judge", "--real=digits/real", "--resize=28", "--out=out"]
    assert cli.main(["modes", *flags, "--fake=runs/gan"]) == 0
    found = json.loads(pathlib.Path("out/modes.json").read_text())
    assert [point["step"] for point in found["evolution"]["gan"]] == [0, 2, 4]
    capsys.readouterr()
    assert cli.main(["evaluate", "--real=digits/real", "--fake=runs/gan"]) == 2
    assert "samples of a trained GAN are run:runs/gan" in capsys.readouterr().err
    pathlib.Path("runs/gan/run.json").write_text("{")
    assert cli.main(["modes", *flags, "--fake=runs/gan"]) == 2
    assert "run.json is damaged" in capsys.readouterr().err


def test_names_may_end_in_a_step():
    given = ["gan@1000=a.npz", "run:runs/dcgan@5?n=10"]
    assert command.named(given) == {"gan@1000": "a.npz", "dcgan@5": "run:runs/dcgan@5?n=10"}
    with pytest.raises(types.UserError, match="is taken"):
        command.named(["gan@1=a.npz", "gan@1=b.npz"])


def test_a_run_that_was_stopped_is_told(run, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "stopped")
    about = json.loads((tmp_path / "stopped" / "run.json").read_text())
    (tmp_path / "stopped" / "run.json").write_text(json.dumps(about | {"finished": False}))
    flags = ["--annotator=stopped", "--real=digits/real", "--fake=digits/faithful", "--out=out"]
    assert cli.main(["modes", *flags]) == 0
    assert "was stopped after" in json.loads(pathlib.Path("out/modes.json").read_text())["inputs"]["real"]["notes"][-1]


def test_the_inception_score_takes_the_logits_of_a_run(run):
    found = gan_probe.evaluate(
        real="digits/real", fake="digits/dropper", embed=f"logits:{run}", metrics=["inception"]
    )["results"]["fake"]["inception"]  # fmt: skip
    dropper = data.load("digits/dropper")
    logits = runs.load(run).predict(dropper.rows.take(np.arange(len(dropper)))).logits
    p = special.softmax(logits.astype(np.float64), axis=1)
    assert found["detail"]["plain"] == pytest.approx(
        np.exp(special.rel_entr(p, p.mean(axis=0)).sum(axis=1).mean()), rel=1e-4
    )
