"""modes.html and its summary: every part is there, names are escaped, nothing leaves the file, 80 columns."""

import html
import json

import numpy as np
import pytest

from gan_probe import types
from gan_probe.report import files, modes_page, modes_summary

CLASSES = ["<b>zero</b>", "_one$", "two"]


def result(value, low, high):
    return {
        "value": value, "stderr": 0.01, "ci95": [low, high], "interval": "delta; conservative", "estimand": "limit",
        "n_real": 500, "n_fake": 400, "unit": "", "better": "lower", "convention": "",
        "detail": {"null_expectation": 0.02, "per_class": {
            "values": [0.9, None, 0.8], "ci95": [[0.8, 0.95], [None, None], [0.7, 0.9]], "n": [20, 0, 30]}},
    }  # fmt: skip


def shares(*values):
    ends = {
        name: [[max(v - w, 0), min(v + w, 1)] for v in values] for name, w in (("ci95", 0.05), ("together95", 0.09))
    }
    return {"values": values, "interval": "Wilson; exact", "together": "Clopper-Pearson; conservative", **ends}


def counted(corrected=True, labels=True):
    one = {"edges": [k / 10 for k in range(11)], "counts": [0] * 8 + [1, 9], "mean": 0.9, "ci95": [0.88, 0.92],
           "interval": "mean of rows; approximate"}  # fmt: skip
    return {
        "raw": shares(0.2, 0.3, 0.5) | {"total_variation": result(0.17, 0.1, 0.2)},
        "corrected": shares(0.1, 0.3, 0.6) | {"total_variation": result(0.2, 0.12, 0.3)} if corrected else None,
        "judged": "corrected" if corrected else "raw", "missing": [], "faint": ["two"], "confidence": [one],
        "label_correctness": {"raw": result(0.8, 0.7, 0.9), "corrected": result(0.9, 0.8, 1) if corrected else None}
        if labels else None,
        "no_label_correctness": None if labels else "the set has no labels",
    }  # fmt: skip


@pytest.fixture(params=["corrected", "raw only"])
def found(request):
    corrected = request.param == "corrected"
    results = {
        "<script>x": counted(corrected),
        "gan@20": counted(corrected, False),
        "gan@100": counted(corrected, False),
    }
    table = [[8, 1, 1], [1, 8, 1], [0, 0, 10]]
    accuracy = {"value": 0.9, "ci95": [0.8, 0.95], "interval": "Wilson; exact", "per_class": {}}
    described = {"role": "fake", "source": "a&b.npz", "n": 400, "shape": [8, 8, 1], "dtype": "uint8",
                 "sha256": "0" * 64, "notes": []}  # fmt: skip
    environment = {"jax": "0", "platform": "cpu", "device_kind": "cpu", "devices": 1, "processes": 1}
    return {
        "schema": 1, "gan_probe": "0.1.0", "created": "2026-01-01T00:00:00+00:00", "command": "gan-probe modes",
        "seed": 0, "environment": environment,
        "inputs": {"real": described | {"role": "real"}, **dict.fromkeys(results, described)},
        "annotators": [{"run": "runs/<i>", "arch": "linear", "classes": CLASSES, "shape": [8, 8, 1],
                        "sha256": "0" * 64, "accuracy": accuracy}],
        "classes": CLASSES,
        "confusion": {"source": "real", "n": 30, "counts": table, "condition": 1.5, "noise": 0.1, "accuracy": accuracy,
                      "reason": None if corrected else "the annotator never names two"},
        "real": {"raw": shares(0.3, 0.3, 0.4), "labelled": shares(0.33, 0.33, 0.34), "corrected": None,
                 "confidence": results["gan@20"]["confidence"]},
        "results": results,
        "evolution": {"gan": [{"step": 20, "fake": "gan@20"}, {"step": 100, "fake": "gan@100"}]},
    }  # fmt: skip


@pytest.fixture
def pictures():
    return {"real/two": np.full((3, 8, 8, 1), 7, np.uint8), "<script>x/two": np.full((2, 8, 8, 3), 9, np.uint8)}


def test_the_page_is_whole_and_self_contained(found, pictures):
    page = modes_page.page(found, pictures)
    assert "<script" not in page and "<b>zero" not in page and "<i>" not in page and "://" not in page
    for text in ("<script>x", "runs/<i>", "a&b.npz"):
        assert html.escape(text) in page
    # Two fakes in full (the last step stands for its sequence): fractions and confidence each; two plots over training.
    assert page.count("<svg") == 2 * 2 + 2
    assert page.count("data:image/png") == 5
    said = "Fractions are not corrected" in page
    assert said == (found["confusion"]["reason"] is not None)
    assert ("corrected</td>" in page) != said


@pytest.mark.parametrize("found", ["corrected"], indirect=True)
def test_both_files_are_written_and_replaced(found, pictures, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        modes_page.write(out, found, pictures)
    assert sorted(path.name for path in out.iterdir()) == sorted([files.MODES, files.MODES_PAGE])
    assert json.loads((out / files.MODES).read_text())["classes"] == CLASSES
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("x")
    with pytest.raises(types.UserError, match="no gan-probe report"):
        modes_page.write(other, found, pictures)
    found["seed"] = float("nan")
    with pytest.raises(ValueError):
        modes_page.write(tmp_path / "never", found, pictures)
    assert not (tmp_path / "never").exists()


def test_columns_of_the_table_stand_under_each_other(found):
    """Small shares have long intervals, and names of combinations are long."""
    found["classes"] = ["Wearing_Necklace=0,Wearing_Necktie=1,Young=1", "b", "c"]
    for one in found["results"].values():
        for kind in ("raw", "corrected"):
            if one[kind]:
                one[kind] |= {
                    "values": [0.00123, 0.2, 0.79877],
                    "ci95": [[0.00096, 0.00157], [0.1, 0.3], [0.790001, 0.800002]],
                }
    lines = modes_summary.summary(found).splitlines()
    head = next(k for k, line in enumerate(lines) if "annotated" in line and "corrected" in line)
    table = lines[head : head + 4]
    for name in ("annotated", "corrected"):
        at = table[0].index(name)
        assert all(line[at - 2 : at] == "  " and line[at] != " " for line in table), table
    assert all(len(line) <= 80 for line in lines) and not any(line.endswith("...") for line in table)


def test_the_summary_fits_80_columns_and_says_the_numbers(found, tmp_path):
    text = modes_summary.summary(found, tmp_path)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "0.170 [0.100, 0.200]" in text or "0.17 [0.10, 0.20]" in text
    judged = "corrected" if found["confusion"]["reason"] is None else "annotated"
    assert "labels right, raw" in text and f"faint, as {judged}: two" in text and "gan@100" in text
    assert ("never names two" in text) == (found["confusion"]["reason"] is not None)
