"""Runs: a killed one goes on bit for bit, a diverging one stops with its last good step, wrong use is one line."""

import json
import pathlib
import resource
import signal
import subprocess
import sys
import textwrap
import time

import jax
import numpy as np
import pytest

from gan_probe import checkpoint, gans, types
from gan_probe.gans import gan, runs, settings

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = {"widths": "16", "discriminator_widths": "16", "batch": 32, "latent": 4, "steps": 9}


class Killed(Exception):
    pass


def train(out, data, name="mlp", given=None, **settings):
    return runs.train(out, name, data, given={**SMALL, **(given or {})}, every=3, **settings)


@pytest.fixture(scope="module")
def whole(points, tmp_path_factory):
    out = tmp_path_factory.mktemp("gans") / "whole"
    return out, train(out, points)


def draw(run, n=200, step=None):
    return runs.load(run, step).sampler.draw(np.arange(n))


def test_a_run_says_what_it_is_and_learns(whole):
    out, trained = whole
    about = json.loads((out / "run.json").read_text())
    assert (about["gan"], about["settings"]["widths"], about["rows"]) == ("mlp", "16", 600)
    assert [row["step"] for row in about["history"]] == [0, 3, 6, 9] == checkpoint.steps(out)
    assert trained.step == 9 and trained.classes is None
    assert {"discriminator", "generator"} <= set(about["history"][-1]["losses"])
    assert sorted(path.name for path in (out / "grids").iterdir()) == [f"step-{s:08}.png" for s in (0, 3, 6, 9)]
    assert not np.array_equal(draw(out), draw(out, step=0))


def test_a_stopped_run_goes_on_bit_for_bit(whole, points, tmp_path):
    def stop(event):
        if event.step == 6:
            raise Killed

    out = tmp_path / "run"
    with pytest.raises(Killed):
        train(out, points, report=stop)
    train(out, points, resume=True)
    np.testing.assert_array_equal(draw(out), draw(whole[0]))
    one, two = (json.loads((run / "run.json").read_text())["history"] for run in (out, whole[0]))
    assert [row["losses"] for row in one] == [row["losses"] for row in two]


def test_more_steps_are_the_longer_run(whole, points, tmp_path):
    train(tmp_path / "run", points, given={"steps": 6})
    train(tmp_path / "run", points, resume=True)
    np.testing.assert_array_equal(draw(tmp_path / "run"), draw(whole[0]))


def test_kill_9_and_resume(whole, tmp_path):
    """A process killed at some moment of its training, not one of our choosing."""
    out = tmp_path / "run"
    script = f"""
        import pathlib, sys
        from gan_probe import data
        from gan_probe.gans import runs
        resume = sys.argv[1] == "resume"
        runs.train(
            pathlib.Path({str(out)!r}), "mlp", data.load("synthetic:ring8?n=600"), given={SMALL | {"steps": 3000}},
            every=3, resume=resume, report=lambda event: print(event.step, flush=True),
        )
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), "begin"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 3:
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert checkpoint.latest(out) >= 3
    trained = runs.load(out)
    assert trained.step == checkpoint.latest(out)
    np.testing.assert_array_equal(draw(out, step=3), draw(whole[0], step=3))


def test_the_seed_decides(whole, points, tmp_path):
    train(tmp_path / "run", points, seed=1, given={"steps": 3})
    assert not np.array_equal(draw(tmp_path / "run"), draw(whole[0], step=3))


def test_samples_do_not_depend_on_what_else_is_drawn(whole):
    sampler = runs.load(whole[0]).sampler
    all_of_them = sampler.draw(np.arange(300), seed=5)
    for at in ([0], [299, 3, 3], np.arange(100, 260)):
        np.testing.assert_array_equal(sampler.draw(at, seed=5), all_of_them[at])
    assert len(np.unique(all_of_them, axis=0)) == 300
    assert not np.array_equal(sampler.draw(np.arange(300), seed=6), all_of_them)


@pytest.mark.parametrize(
    ("name", "given"), [("mlp", {"widths": "8", "discriminator_widths": "8"}), ("vae", {"widths": "8,16"})]
)
def test_the_decoder_makes_the_samples(name, given, images, tmp_path):
    """Of the latents that the samples' numbers stand for; a sample is the nearest grey level."""
    trained = runs.train(tmp_path / "run", name, images, preset="smoke", given={**given, "steps": 2, "latent": 4})
    latent, decode = trained.sampler.decoder()
    keys = jax.vmap(lambda number: jax.random.fold_in(jax.random.key(3), number))(np.arange(20, dtype=np.uint32))
    made = decode(np.concatenate([latent(key, 1) for key in keys]))
    np.testing.assert_allclose(made * 255, trained.sampler.draw(np.arange(20), seed=3), atol=0.5 + 1e-3)
    assert latent == gan.Latent(4) and 0.2 < float(np.ptp(made)) <= 1


def test_a_loss_that_is_not_finite_stops_the_run(points, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(types.UserError, match=r"not finite at step \d+; the last good checkpoint is step (0|3|6)"):
        train(out, points, given={"rate": 1e30, "discriminator_rate": 1e30})
    good = checkpoint.latest(out)
    assert np.isfinite(draw(out, step=good)).all()


def test_streamed_data_give_the_same_run(whole, points, tmp_path):
    train(tmp_path / "run", points, resident_bytes=0)
    np.testing.assert_array_equal(draw(tmp_path / "run"), draw(whole[0]))


def test_each_class_has_a_gan_of_its_own(points, tmp_path):
    """Classes far apart: class-wise GANs go where their class is, whose label their samples carry."""
    given = {"steps": 300, "rate": 1e-2, "discriminator_rate": 1e-2, "widths": "64", "discriminator_widths": "64"}
    trained = runs.train(tmp_path / "run", "mlp", points, given={**SMALL, **given}, every=300, per_class=True)
    assert trained.classes == points.classes
    at = np.arange(400)
    found, labels = trained.sampler.draw(at), trained.sampler.labels(at)
    assert trained.sampler.decoder() is None
    np.testing.assert_array_equal(labels, at % 8)
    rows = points.rows.take(np.arange(len(points)))
    centres = np.stack([rows[points.labels == c].mean(axis=0) for c in range(8)])
    means = np.stack([found[labels == c].mean(axis=0) for c in range(8)])
    nearest = np.linalg.norm(means[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == np.arange(8)).sum() >= 6


def test_class_wise_runs_are_those_of_one_class(points, tmp_path):
    """Looped or vmapped, the same to rounding."""
    from gan_probe import parallel
    from gan_probe.gans import feed, training

    groups = [np.flatnonzero(points.labels == c) for c in range(8)]
    spec = gan.Spec((2,), 8)
    system = gans.GANS["mlp"].build(settings.make("mlp", gans.GANS["mlp"], "paper", SMALL), spec)
    minibatches = feed.Feed(
        points.rows, points.labels, batch=32, seed=0, mesh=parallel.mesh(1), resident_bytes=1 << 30, groups=groups
    )
    states = []
    for loop in (False, True):
        trainer = training.Trainer(system, minibatches, seed=0, groups=8)
        if loop:
            trainer._loop, trainer._gan = True, system
        states.append(trainer.advance(trainer.init(), 3)[0].state)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5), *states)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("dcgna", {}, "did you mean dcgan"),
        ("dcgan", {}, "holds features"),
        ("mlp", {"given": {"batch": 1000}}, "only 600 rows"),
        ("mlp", {"given": {"loss": "wassersteim"}}, "did you mean wasserstein"),
        ("mlp", {"given": {"widht": 3}}, "did you mean --widths"),
        ("mlp", {"given": {"rate": -1.0}}, "at least 0"),
        ("mlp", {"given": {"batch": 2.5}}, "a whole number"),
        ("mlp", {"given": {"freeze_layers": 3}}, "has 1 layers"),
        ("mlp", {"preset": "papr"}, "did you mean paper"),
    ],
)
def test_wrong_use_is_one_line(name, change, said, points, tmp_path):
    given = {**SMALL, **change.pop("given", {})} if name == "mlp" else {}
    with pytest.raises(types.UserError) as error:
        runs.train(tmp_path / "run", name, points, given=given, **change)
    assert said in str(error.value) and "\n" not in str(error.value)
    assert checkpoint.latest(tmp_path / "run") in (None, 0)


def test_images_that_do_not_fit(images, noise, tmp_path):
    from gan_probe import data

    small = data.load("digits/train")
    with pytest.raises(types.UserError, match=r"28, 32 or 64 pixels, not 8x8; give --resize=28"):
        runs.train(tmp_path / "run", "dcgan", small)
    with pytest.raises(types.UserError, match="--per_class needs labelled"):
        runs.train(tmp_path / "run", "dcgan", noise, per_class=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("case", ["not empty", "another gan", "another seed", "nothing", "no such step", "damaged"])
def test_wrong_folders_are_one_line(case, whole, points, tmp_path):
    out = whole[0]
    with pytest.raises(types.UserError) as error:
        if case == "not empty":
            train(out, points)
        elif case == "another gan":
            runs.train(
                out, "vanilla", points.__class__(**{**vars(points), "kind": "images", "rows": _Blank()}), resume=True
            )
        elif case == "another seed":
            train(out, points, resume=True, seed=4)
        elif case == "nothing":
            runs.load(tmp_path)
        elif case == "no such step":
            runs.load(out, 5)
        else:
            (tmp_path / "run.json").write_text('{"kind": "gan", "gan": "mlp"}')
            (tmp_path / "checkpoints").symlink_to(out / "checkpoints")
            runs.load(tmp_path)
    said = {
        "not empty": "--resume to go on", "another gan": "another gan, shape;", "another seed": "another seed",
        "nothing": "no run there", "no such step": "it has 0, 3, 6, 9", "damaged": "damaged",
    }  # fmt: skip
    assert said[case] in str(error.value) and "\n" not in str(error.value)


class _Blank:
    shape, dtype = (28, 28, 1), np.dtype(np.uint8)

    def __len__(self):
        return 600

    def take(self, indices):
        return np.zeros((len(indices), *self.shape), np.uint8)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of orbax's own tasks
def test_a_full_disk_loses_nothing(points, tmp_path):
    """The process may not write files beyond a size that the first checkpoint still fits in."""
    out = tmp_path / "run"
    train(out, points, given={"steps": 3})
    before = draw(out)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
        with pytest.raises(types.UserError) as error:
            train(out, points, resume=True, given={"steps": 6})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be written" in str(error.value) and "step 3 is whole" in str(error.value)
    np.testing.assert_array_equal(draw(out), before)
    train(out, points, resume=True, given={"steps": 6})
    assert checkpoint.latest(out) == 6
