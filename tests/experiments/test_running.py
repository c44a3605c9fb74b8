"""Every experiment at `smoke`: its files, its claims, and clear words for wrong use."""

import dataclasses
import json
import re

import numpy as np
import pytest
import scipy.stats

from gan_probe import cli, types, whole_file
from gan_probe.experiments import EXPERIMENTS, claims, experiment, running


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_smoke(name, tmp_path, capsys):
    """Files are whole, and exactly the claims that claims.csv gives to this experiment are judged."""
    assert cli.main(["reproduce", name, "--preset=smoke", f"--out={tmp_path / 'out'}"]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert sorted(p.suffix for p in (tmp_path / "out").glob("figure.*")) == [".png", ".svg"]
    for table in results["tables"]:
        header, *rows = (tmp_path / "out" / table).read_text().splitlines()
        assert rows and len(header.split(",")) > 1
    judged = [claim["id"] for claim in results["claims"]]
    assert list(results["verdicts"]) == list(dict.fromkeys(judged))
    assert sorted(set(judged)) == sorted(c.id for c in claims.claims().values() if c.driver == name)
    assert {claim["outcome"] for claim in results["claims"]} <= {"holds", "does not hold", "cannot tell"}
    assert all(claim["sentence"] in capsys.readouterr().out.replace("\n  ", " ") for claim in results["claims"][:1])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["reproduce"], "give one experiment"),
        (["reproduce", "002-dynamic"], "did you mean 002-dynamics"),
        (["reproduce", "002-dynamics", "--preset=small"], "one of smoke, cpu, paper"),
        (["reproduce", "002-dynamics", "--start=3"], "did you mean"),
        (["reproduce", "--all", "--starts=3"], "settings are of one experiment"),
        (["reproduce", "--all", "002-dynamics"], "002-dynamics: --all runs every experiment"),
        (["reproduce", "002-spectrum", "--gans=dcgan,dcgn"], "no system dcgn (did you mean dcgan?)"),
        (["reproduce", "004-embeddings", "--metrics=ddm,kit"], "--metrics=kit: unknown metric (did you mean kid?)"),
        (["reproduce", "003-theorems", "--points=1"], "--points=1: must be a whole number from 2"),
        (["reproduce", "002-identities", "--samples=19"], "--samples=19: must be a whole number from 20"),
        (["reproduce", "004-parzen", "--training=foo"], "--training=foo: unknown; one of smoke, cpu, paper"),
        (["reproduce", "004-parzen", "--weak=dcgan_wek"], "--weak=dcgan_wek: unknown (did you mean dcgan_weak?)"),
        (["reproduce", "002-dynamic", "--help"], "did you mean 002-dynamics"),
    ],
)
def test_wrong_use_is_one_line(argv, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(argv) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_help_of_an_experiment_shows_its_settings(capsys):
    assert cli.main(["reproduce", "004-parzen", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--training" in shown and "one of smoke, cpu, paper (cpu under cpu)" in " ".join(shown.split())
    assert "--starts" not in shown and "--out" in shown
    assert cli.main(["reproduce", "--help"]) == 0
    assert "--starts" in capsys.readouterr().out


def test_a_folder_of_another_experiment_is_left_alone(tmp_path, capsys):
    (tmp_path / "results.json").write_text(json.dumps({"experiment": "001-toy", "gan_probe": "1"}))
    assert cli.main(["reproduce", "002-dynamics", "--preset=smoke", f"--out={tmp_path}"]) == 2
    assert "001-toy" in capsys.readouterr().err


def test_all_keeps_what_is_finished(tmp_path, monkeypatch, capsys):
    name = "002-dynamics"
    monkeypatch.setattr("gan_probe.experiments.EXPERIMENTS", {name: EXPERIMENTS[name]})
    argv = ["reproduce", "--all", "--preset=smoke", f"--out={tmp_path}"]
    assert cli.main(argv) == 0
    assert re.search(r"^1 of 1 experiments run: [\d,]+ s, [\d,]+ s of processor time$", capsys.readouterr().out, re.M)
    before = (tmp_path / name / "results.json").stat().st_mtime_ns
    assert cli.main(argv) == 0
    assert "0 of 1 experiments run" in (said := capsys.readouterr().out) and said.splitlines()[0].endswith("; 1 kept")
    assert (tmp_path / name / "results.json").stat().st_mtime_ns == before
    assert cli.main(["reproduce", name, "--preset=smoke", "--seed=1", f"--out={tmp_path / name}"]) == 0
    assert json.loads((tmp_path / name / "results.json").read_text())["settings"]["seed"] == 1
    page = (tmp_path / running.INDEX).read_text()
    assert name in page and "figure.png" in page and "does not hold" in page
    judged = sum(claim.driver == name for claim in claims.claims().values())
    assert "say nothing about the papers" in page
    assert f"{judged} of the {len(claims.claims())} claims" in page
    for file in re.findall(r'(?:href|src)="(?!#|data:)([^"]+)"', page):
        assert (tmp_path / file).exists(), file
    capsys.readouterr()


def test_a_killed_run_finds_what_it_trained(tmp_path, monkeypatch):
    """In its folder, for the same settings; a finished run leaves none."""
    name = "002-dynamics"
    smoke = EXPERIMENTS[name].presets["smoke"]
    found, seen = EXPERIMENTS[name].main(smoke, None, tmp_path), []

    def main(config, mesh, work):
        seen.append(work.exists())
        work.mkdir(parents=True, exist_ok=True)
        if len(seen) < 3:
            raise KeyboardInterrupt
        return found

    monkeypatch.setitem(EXPERIMENTS, name, EXPERIMENTS[name]._replace(main=main))
    out = tmp_path / "out"
    for config in (smoke, dataclasses.replace(smoke, seed=5)):
        with pytest.raises(KeyboardInterrupt):
            running.reproduce(name, "smoke", config, out, command="", report=print)
    assert running.reproduce(name, "smoke", smoke, out, command="", report=print)["resumed"]
    assert seen == [False, False, True]
    assert not [path.name for path in out.iterdir() if path.name.startswith(whole_file.PARTIAL)]


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((1.5, 2), "holds"),
        ((0, 0.5), "does not hold"),
        ((0.5, 1.5), "cannot tell"),
        ((float("nan"),) * 2, "cannot tell"),
    ],
)
def test_a_claim_is_judged_by_its_whole_interval(interval, outcome):
    assert experiment.judge("x", "y", 1.0, interval, at_least=1, at_most=3).outcome == outcome


def test_a_mean_has_students_interval():
    judged = experiment.mean("x", "y", np.array([1, 2, 4, 5]), at_least=0)
    assert judged.value == 3 and judged.outcome == "holds"
    assert (judged.low, judged.high) == pytest.approx(scipy.stats.ttest_1samp([1, 2, 4, 5], 0).confidence_interval())
    for few in ([], [3.0]):
        assert experiment.mean("x", "y", np.array(few), at_least=0).outcome == "cannot tell"


def test_shares_and_means_of_nothing_cannot_be_told():
    assert experiment.share("x", "y", np.zeros(0, bool), at_least=0.5).outcome == "cannot tell"
    assert experiment.mean("x", "y", np.ones(1), at_least=0.5).outcome == "cannot tell"
    assert experiment.mean("x", "y", np.array([1.0, 1.1, 0.9]), at_least=0.5).outcome == "holds"


def test_few_starts_of_which_none_converges(tmp_path):
    config = dataclasses.replace(EXPERIMENTS["002-dynamics"].presets["smoke"], starts=2, steps=10)
    results = running.reproduce("002-dynamics", "smoke", config, tmp_path / "out", command="", report=print)
    outcomes = {claim["id"]: claim["outcome"] for claim in results["claims"]}
    assert outcomes["002-F1-a"] == "cannot tell" and outcomes["002-2-e"] != "holds"


def test_nought_where_it_has_a_meaning():
    assert running.settings("002-spectrum", "cpu", {"steps": 0}).steps == 0
    with pytest.raises(types.UserError, match="--steps=0"):
        running.settings("001-toy", "cpu", {"steps": 0})
