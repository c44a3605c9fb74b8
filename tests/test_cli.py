"""The command line: exit statuses, bad input in one line, and results.json as the API gives it."""

import json
import os
import pathlib
import shlex
import signal
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

import gan_probe
from gan_probe import cli
from gan_probe.report import files

ROOT = pathlib.Path(__file__).resolve().parents[1]
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Every run in an empty folder, with a cache of its own, and sys.path as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def good():
    """real.npz and fake.npz beside the run."""
    np.savez("real.npz", features=ROWS)
    np.savez("fake.npz", features=ROWS + 1)


def spawn(*argv, **settings):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-m", "gan_probe", *argv],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **settings,
    )  # fmt: skip


def refused(capsys, argv, *words):
    """That a command line ends with status 2, one line with these words, and without a report."""
    assert cli.main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("gan-probe: ") and said.err.endswith("\n") and said.err.count("\n") == 1, said.err
    for word in words:
        assert word in said.err, said.err
    assert not pathlib.Path("out").exists()


# Statuses


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"], *([c, "--help"] for c in cli.COMMANDS)], ids=str)
def test_help_is_status_0(argv, capsys):
    assert cli.main(argv) == 0
    said = capsys.readouterr()
    assert "gan-probe" in said.out and said.err == ""


def test_help_lists_every_flag(capsys):
    assert cli.main(["evaluate", "--real=x", "--help"]) == 0
    shown = capsys.readouterr().out
    for flag in ("real", "fake", "train", "metrics", "embed", "out", "resize", "crop", "label", "k", "seed", "tile"):
        assert f"--{flag} " in shown


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == gan_probe.__version__


@pytest.mark.parametrize("words", [[], ["metrics"], ["embeddings", "data"]], ids=str)
def test_list(words, capsys):
    assert cli.main(["list", *words]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["evalute"], ["evalute: unknown command", "did you mean evaluate?"]),
        (["--verbose"], ["unknown command"]),
        (["list", "metric"], ["did you mean metrics?"]),
        (["report"], ["one folder"]),
        (["report", "nowhere"], ["nowhere", "evaluate --out"]),
        (["compare", "one"], ["two folders"]),
        (["report", "--real=x", "d"], ["--real: unknown flag"]),
    ],
    ids=str,
)
def test_wrong_commands(argv, words, capsys):
    refused(capsys, argv, *words)


# Bad input, made in the folder of the run; what the line must say


def _png(path, width, height):
    """The header of a greyscale PNG, no pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pathlib.Path(path).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def folder(name, sizes=((8, 8),) * 20, suffix="png"):
    os.mkdir(name)
    for i, size in enumerate(sizes):
        pixels = np.random.default_rng(i).integers(0, 256, size[::-1], np.uint8)
        Image.fromarray(pixels).save(f"{name}/{i:02d}.{suffix}")
    return name


def truncated():
    path = pathlib.Path(folder("bad", ((64, 64),) * 20, "jpg")) / "07.jpg"
    path.write_bytes(path.read_bytes()[:400])
    return ["--real=bad"]


def text_as_png():
    path = pathlib.Path(folder("bad")) / "07.png"
    path.write_text("no image")
    return ["--real=bad"]


def huge_image():
    _png(f"{folder('bad')}/99.png", 2**16, 2**15)
    return ["--real=bad"]


def features(array, **more):
    def make():
        np.savez("bad.npz", features=array, **more)
        return ["--real=bad.npz"]

    return make


def written(name, what):
    def make():
        pathlib.Path(name).write_bytes(what)
        return [f"--real={name}"]

    return make


def with_hole(value):
    array = ROWS.copy()
    array[7, 1] = value
    return array


def empty_folder():
    os.mkdir("bad")
    return ["--real=bad"]


def beside_a_file(argument):
    def make():
        pathlib.Path("file").write_text("")
        return [argument]

    return make


def other_key():
    np.savez("bad.npz", x=ROWS)
    return ["--real=bad.npz"]


def full_folder():
    os.mkdir("mine")
    pathlib.Path("mine/thesis.tex").write_text("")
    return ["--out=mine"]


BAD = {
    "missing path": (lambda: ["--real=missing.npz"], ["missing.npz", "does not exist"]),
    "missing train": (lambda: ["--train=missing/"], ["missing/", "does not exist"]),
    "empty folder": (empty_folder, ["bad holds no image", "give a folder"]),
    "truncated JPEG": (truncated, ["bad/07.jpg"]),
    "text named .png": (text_as_png, ["bad/07.png"]),
    "mixed sizes": (lambda: [f"--real={folder('bad', ((8, 8), (8, 9)))}"], ["00.png", "01.png", "--resize"]),
    "image of 2^31 pixels": (huge_image, ["bad/99.png"]),
    "NaN": (features(with_hole(np.nan)), ["bad.npz: row 7 holds NaN", "remove or repair"]),
    "infinity": (features(with_hole(np.inf)), ["bad.npz: row 7 holds an infinite value"]),
    "complex": (features(ROWS.astype(np.complex64)), ["bad.npz", "must be real"]),
    "strings": (features(np.array([["a", "b"]] * 20)), ["bad.npz", "only numbers"]),
    "objects": (features(np.array([[1, None]] * 20, object)), ["bad.npz", "Python objects"]),
    "dimensions": (features(ROWS[:, :2]), ["bad.npz", "[2]", "fake.npz", "[3]"]),
    "one sample": (features(ROWS[:1]), ["bad.npz", "1 row"]),
    "fewer than k+1": (features(ROWS[:5]), ["bad.npz", "5 rows, fewer than k+1=6", "lower --k"]),
    "too few for --k": (lambda: ["--k=40"], ["40 rows, fewer than k+1=41"]),
    "labels of the wrong length": (features(ROWS, labels=[1, 2, 3]), ["bad.npz", "labels have shape [3]"]),
    "no zip": (written("bad.npz", b"no archive"), ["bad.npz", "np.savez"]),
    "no npy": (written("bad.npy", b"no array"), ["bad.npy", "np.save"]),
    "other kind": (written("bad.csv", b"1,2"), ["bad.csv", "npz or npy"]),
    "no known key": (other_key, ["bad.npz", "features", "its keys: x"]),
    "beyond the slice": (lambda: ["--real=real.npz[0:41]"], ["real.npz[0:41]", "40 rows"]),
    "no slice": (lambda: ["--real=real.npz[1,2]"], ["[a:b]"]),
    "unknown metric": (lambda: ["--metrics=kid,covrage"], ["covrage", "did you mean coverage?"]),
    "metric that can't be": (lambda: ["--metrics=memorization"], ["memorization of fake", "--train"]),
    "no metric": (lambda: ["--metrics="], ["--metrics", "all"]),
    "unknown embedding": (lambda: ["--embed=pixel"], ["--embed=pixel", "did you mean pixels?"]),
    "unknown flag": (lambda: ["--metric=kid"], ["--metric", "did you mean metrics?"]),
    "flag twice": (lambda: ["--metrics=ddm", "--metrics=kid"], ["--metrics is given twice, first as ddm"]),
    "flag without value": (lambda: ["--fake=fake.npz", "--train"], ["--train"]),
    "word": (lambda: ["kid"], ["kid: not a flag"]),
    "missing --real": (lambda: ["--real="], ["--real is missing"]),
    "empty --fake": (lambda: ["--fake="], ["no source"]),
    "name taken": (lambda: ["--fake=real=fake.npz"], ["the name real is taken", "NAME=fake.npz"]),
    "name twice": (lambda: ["--fake=a=fake.npz", "--fake=a=real.npz"], ["the name a is taken"]),
    "out below a file": (beside_a_file("--out=file/out"), ["file/out", "--out"]),
    "out is a file": (beside_a_file("--out=file"), ["file", "--out"]),
    "out is another's folder": (full_folder, ["mine", "no gan-probe report"]),
    "cache below a file": (beside_a_file("--cache=file/c"), ["file/c", "--cache="]),
    "label": (lambda: ["--label=Smiling"], ["--label=Smiling"]),
    "k=0": (lambda: ["--k=0"], ["--k=0", "at least 1"]),
    "k huge": (lambda: ["--k=1000000000000"], ["fewer than k+1"]),
    "k text": (lambda: ["--k=five"], ["--k=five"]),
    "scale": (lambda: ["--scale=0"], ["--scale=0"]),
    "scale NaN": (lambda: ["--scale=nan"], ["--scale=nan"]),
    "scale text": (lambda: ["--scale=1,x"], ["--scale=1,x", "median"]),
    "threshold": (lambda: ["--threshold=-1"], ["--threshold=-1"]),
    "threshold NaN": (lambda: ["--threshold=nan"], ["--threshold=nan"]),
    "ties": (lambda: ["--ties=="], ["--ties=="]),
    "seed": (lambda: ["--seed=-1"], ["--seed=-1"]),
    "seed huge": (lambda: ["--seed=4294967296"], ["--seed=4294967296"]),
    "memory": (lambda: ["--memory_gb=nan"], ["--memory_gb"]),
    "tile": (lambda: ["--tile=0"], ["--tile=0"]),
    "resize": (lambda: ["--resize=0"], ["--resize=0"]),
    "function": (lambda: ["--embed=no_such_module:f"], ["no_such_module"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, good, capsys):
    make, words = BAD[case]
    given = make()
    usual = {"--real": "real.npz", "--fake": "fake.npz", "--out": "out"}
    left = [f"{flag}={value}" for flag, value in usual.items() if not any(word.startswith(flag) for word in given)]
    argv = ["evaluate", *left, *given]
    before = {p for p in pathlib.Path().rglob("*") if "cache" not in p.parts}
    refused(capsys, argv, *words)
    assert {p for p in pathlib.Path().rglob("*") if "cache" not in p.parts} == before, "something was written"


@pytest.mark.parametrize("argv", [["--real=real.npz"], ["--train=real.npz"], ["--fake=fake.npz"]], ids=str)
def test_half_a_comparison(argv, good, capsys):
    missing = "--fake" if argv[0].startswith("--real") else "--real"
    refused(capsys, ["evaluate", *argv, "--out=out"], f"{missing} is missing")


def test_names_of_files_steer_no_terminal(capsys):
    refused(capsys, ["evaluate", "--real=a\x1b[31m\nb.npz", "--fake=x", "--out=out"], "does not exist")


@pytest.mark.parametrize(
    "argv", [["--fake=no.npz"], ["--fake=fake.npz", "--out=file/out"], ["--fake=bad.npz"]], ids=["path", "out", "NaN"]
)
def test_bad_input_in_a_process_of_its_own(argv, good):
    pathlib.Path("file").write_text("")
    np.savez("bad.npz", features=with_hole(np.nan))
    process = spawn("evaluate", "--real=real.npz", *argv)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("gan-probe: ") and argv[-1].split("=")[1].split("/")[0] in err
    assert not pathlib.Path("gan-probe-report").exists()


# Good input


def settings_of(results):
    return {k: v for k, v in results.items() if k not in ("created", "command", "timings")}


def run(*argv):
    assert cli.main(["evaluate", *argv, "--out=out"]) == 0
    return json.loads(pathlib.Path("out/results.json").read_text("utf-8"))


def test_results_are_those_of_the_api(good, results_schema, capsys):
    argv = ["--real=real.npz", "--fake=a=fake.npz", "--train=real.npz[0:30]", "--k=3", "--scale=1,median", "--seed=5"]
    found = run(*argv)
    results_schema.validate(found)
    expected = gan_probe.evaluate(
        real="real.npz", fake={"a": "fake.npz"}, train="real.npz[0:30]", k=3, scale=(1.0, "median"), key=5
    )
    assert settings_of(found) == settings_of(json.loads(json.dumps(expected)))
    assert found["command"] == shlex.join(["gan-probe", "evaluate", *argv, "--out=out"])
    assert {files.RESULTS, files.PAGE, files.PICTURES} <= set(os.listdir("out"))
    said = capsys.readouterr()
    assert said.err == "" and "report: out/report.html" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_a_second_run_replaces_the_first_and_reads_the_cache(good, capsys):
    first = run("--real=real.npz", "--fake=fake.npz")
    assert any(pathlib.Path("cache/gan-probe/passes").iterdir())
    assert "replaced" not in capsys.readouterr().err
    again = run("--real=real.npz", "--fake=fake.npz")
    assert "out: the report in it will be replaced" in capsys.readouterr().err
    assert settings_of(again) == settings_of(first)
    assert "pass real x real" in first["timings"] and "pass real x real" not in again["timings"]


def test_without_a_cache_nothing_is_kept(good):
    run("--real=real.npz", "--fake=fake.npz", "--cache=", "--metrics=kid")
    assert not pathlib.Path("cache").exists()


def test_a_home_that_cannot_be_written_does_without_cache(good, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    run("--real=real.npz", "--fake=fake.npz", "--metrics=kid")


def test_the_same_file_twice_is_a_warning(good, capsys):
    found = run("--real=real.npz", "--fake=real.npz", "--metrics=kid")
    assert found["inputs"]["real"]["sha256"] == found["inputs"]["real.npz"]["sha256"]
    assert "warning: the same content as real" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fakes", "names"),
    [
        (["fake.npz"], {"fake": "fake.npz"}),
        (["a=fake.npz", "b=fake.npz[0:20]"], {"a": "fake.npz", "b": "fake.npz[0:20]"}),
        (["a=x=y.npz"], {"a": "x=y.npz"}),
        (["./x=y.npz"], {"x=y": "./x=y.npz"}),
        (["fake.npz", "sub/fake.npz"], {"fake": "fake.npz", "sub-fake.npz": "sub/fake.npz"}),
        (["ü <b>\n'.npz"], {"ü <b>\n'": "ü <b>\n'.npz"}),
        (["synthetic:gaussian?n=40&d=3"], {"synthetic:gaussian": "synthetic:gaussian?n=40&d=3"}),
    ],
    ids=str,
)
def test_names_of_fakes(fakes, names, good, capsys):
    os.mkdir("sub")
    for path in ("x=y.npz", "sub/fake.npz", "ü <b>\n'.npz"):
        np.savez(path, features=ROWS + 2)
    found = run("--real=real.npz", *(f"--fake={fake}" for fake in fakes), "--metrics=kid")
    assert {n: i["source"] for n, i in found["inputs"].items() if n != "real"} == names
    page = pathlib.Path("out/report.html").read_text("utf-8")
    assert "<b>\n" not in page


@pytest.mark.parametrize("fake", ["<script>=fake.npz", "=fake.npz", "a b=fake.npz"])
def test_what_is_no_name_of_a_fake_is_said(fake, good, capsys):
    refused(capsys, ["evaluate", "--real=real.npz", f"--fake={fake}", "--out=out"], fake, "is no name")


def test_a_function_beside_the_run_embeds():
    folder("real")
    folder("fake")
    pathlib.Path("beside.py").write_text("def f(x):\n    return x.reshape(len(x), -1)[:, :5].astype('float32')\n")
    found = run("--real=real", "--fake=fake", "--embed=beside:f", "--metrics=kid,coverage")
    assert found["embedding"]["name"] == "beside:f"


def test_report_and_compare(good, capsys):
    run("--real=real.npz", "--fake=fake.npz", "--metrics=kid,birthday")
    page = pathlib.Path("out/report.html").read_bytes()
    os.unlink("out/report.html")
    assert cli.main(["report", "out"]) == 0
    assert pathlib.Path("out/report.html").read_bytes() == page
    assert cli.main(["compare", "out", "out", "--out=page.html"]) == 0
    assert "<html" in pathlib.Path("page.html").read_text("utf-8")
    capsys.readouterr()
    pathlib.Path("file").touch()
    for out in ("file/page.html", "out", ".", ""):
        assert cli.main(["compare", "out", "out", f"--out={out}"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not list(pathlib.Path().rglob(".partial-*"))


# Processes


def test_status_2_and_0_of_processes():
    for word, status in (("--help", 0), ("evalute", 2)):
        process = spawn(word)
        process.communicate(timeout=300)
        assert process.returncode == status


def test_a_terminal_without_unicode(good):
    np.savez("ü.npz", features=ROWS)
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    process = spawn("evaluate", "--real=ü.npz", "--fake=ü.npz", "--metrics=kid", env=ascii_only)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0 and "warning" in err and "kid" in out, err


def test_sigterm_ends_a_run_with_143_and_leaves_nothing():
    big = np.random.default_rng(0).normal(size=(40_000, 64)).astype(np.float32)
    np.save("big.npy", big)
    process = spawn("evaluate", "--real=big.npy", "--fake=big.npy[0:39999]", "--out=out", "--metrics=ddm,precision")
    deadline = time.monotonic() + 300
    watched = pathlib.Path("cache")
    while not watched.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)  # the cache folder is made just before the sets are read
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (143, ""), err
    assert "Traceback" not in err
    assert not pathlib.Path("out").exists() and not list(pathlib.Path().rglob(".partial-*"))
    assert not list(pathlib.Path("cache").rglob(".writing-*"))


def test_sigterm_is_not_lost_while_garbage_is_collected():
    """What a handler raises inside a callback of the collector is ignored by Python."""
    program = """
import gc, os, signal, time
from gan_probe import cli

def kill(phase, info, pending=[signal.SIGTERM]):
    if pending:
        os.kill(os.getpid(), pending.pop())

def main(argv):
    gc.callbacks.append(kill)
    gc.collect()
    time.sleep(60)

cli.main = main
cli.run()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "")
