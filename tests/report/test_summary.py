"""The summary fits 80 columns whatever the names, and says every verdict and number."""

import pathlib
import unicodedata

from gan_probe.report import numbers, summary


def _columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in line)


def _renamed(results, old, new):
    for part in ("inputs", "results", "verdicts", "skipped"):
        results[part] = {new if key == old else key: value for key, value in results[part].items()}


def test_every_verdict_is_a_row(report):
    results, _ = report
    lines = summary.summary(results).splitlines()
    for fake, verdicts in results["verdicts"].items():
        start = lines.index(fake)
        for question, verdict in verdicts.items():
            row = next(line for line in lines[start:] if line.strip().startswith(question))
            assert verdict["outcome"] in row
            assert verdict["metric"] in row
            assert numbers.estimate(results["results"][fake][verdict["metric"]]) in row


def test_every_metric_has_a_row_a_fake(report):
    results, _ = report
    lines = summary.summary(results).splitlines()
    marks = {"exact": "=", "approximate": "~", "conservative": "+"}
    for fake, metrics in results["results"].items():
        for name, result in metrics.items():
            start = next(k for k, line in enumerate(lines) if line.startswith(f"{name} ("))
            row = next(line for line in lines[start + 1 :] if line.split()[0] == fake)
            assert numbers.interval(result) in row
            assert numbers.texts(result["value"], *result["ci95"]).value in row
            assert row.endswith(marks[numbers.kind(result)])
            assert result["unit"] in lines[start]
            assert result["convention"] in lines[start]


def test_skipped_metrics_and_the_place_of_the_report_are_named(report):
    text = summary.summary(report[0], pathlib.Path("there"))
    assert "skipped frechet_limit: halves of 200 rows do not exceed d=256" in text
    assert text.endswith("report: there/report.html\n")


def test_a_metric_skipped_for_one_fake_names_it(report):
    results, _ = report
    results["skipped"]["faithful"]["kid"] = "too few rows"
    assert "skipped kid for faithful: too few rows" in summary.summary(results)


def test_eighty_columns_with_long_and_wide_names(report):
    results, _ = report
    _renamed(results, "collapsed", "生成" * 60)
    _renamed(results, "faithful", "n" * 200)
    for about in results["inputs"].values():
        about["source"] = "/very/long/" * 30
    for metrics in results["results"].values():
        for result in metrics.values():
            result["unit"], result["convention"] = "unit" * 20, "switch=value, " * 20
            result["value"], result["ci95"] = -123456.789, [-123456.7891, -123456.7889]
    results["skipped"]["n" * 200]["kid"] = "because " * 50
    results["embedding"]["name"] = "e" * 300
    text = summary.summary(results, pathlib.Path("d" * 150))
    assert max(map(_columns, text.splitlines())) <= 80
    assert "..." in text
    assert text.endswith("/report.html\n")


def test_names_cannot_steer_the_terminal(report):
    results, _ = report
    _renamed(results, "collapsed", "\x1b[31mred\r\nline\udc80")
    results["inputs"]["real"]["source"] = "\x07\u202e.png"
    text = summary.summary(results)
    assert all(c.isprintable() for line in text.split("\n") for c in line)
    text.encode("utf-8")


def test_a_verdict_without_its_metric_gives_the_reason(vectors):
    assert "cannot tell  memorization needs --train" in summary.summary(vectors[0])


def test_a_metric_s_warning_stands_below_its_number(report):
    results, _ = report
    fake, metrics = next(iter(results["results"].items()))
    name = next(iter(metrics))
    metrics[name]["detail"]["warning"] = "look twice\x1b[31m"
    lines = summary.summary(results).splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("warning:"))
    assert "look twice" in lines[at] and "\x1b" not in lines[at] and lines[at - 1].strip().startswith(fake)
