"""One page over several runs, with a warning where they do not compare."""

import copy
import html

import pytest

from gan_probe import types
from gan_probe.report import compare, files, numbers


@pytest.fixture
def pair(tmp_path, light):
    """Writes two runs, the second altered by a function, and returns the page."""

    def page(alter):
        results, pictures = light
        other = copy.deepcopy(results)
        alter(other)
        files.write(tmp_path / "one", results, pictures)
        files.write(tmp_path / "two", other, pictures)
        return compare.compare([tmp_path / "one", tmp_path / "two"])

    return page


def _each_ddm(results, **change):
    for metrics in results["results"].values():
        metrics["ddm"].update(change)


def test_equal_runs_raise_no_warning_and_show_every_number(pair, light):
    page = html.unescape(pair(lambda results: None))
    assert 'class="warn"' not in page
    for metrics in light[0]["results"].values():
        for name, result in metrics.items():
            assert f"<h2>{name}" in page
            assert page.count(numbers.interval(result)) >= 2


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda r: r["embedding"].update(name="pca:32"), "embeddings differ"),
        (lambda r: r["embedding"].update(parameters={"scale": "none"}), "embeddings differ"),
        (lambda r: r["inputs"]["real"].update(sha256="0" * 64), "real sets differ"),
        (lambda r: r["inputs"].pop("train"), "training sets differ"),
        (lambda r: _each_ddm(r, convention="distance, s=1"), "conventions differ"),
        (lambda r: _each_ddm(r, estimand="limit"), "estimands differ"),
        (lambda r: _each_ddm(r, n_fake=50), "sample sizes differ"),
    ],
)
def test_runs_that_do_not_compare_are_warned_of(pair, alter, words):
    page = pair(alter)
    assert page.count('class="warn"') == 1
    assert words in page


def test_two_folders_of_one_name_are_told_apart(tmp_path, light):
    for parent in "ab":
        files.write(tmp_path / parent / "run<b>", *light)
    page = compare.compare([tmp_path / "a" / "run<b>", tmp_path / "b" / "run<b>", tmp_path / "b" / "run<b>"])
    for label in (f"{tmp_path}/a/run<b>", f"{tmp_path}/b/run<b> (1)", f"{tmp_path}/b/run<b> (2)"):
        assert html.escape(label) in page


def test_nothing_to_compare(tmp_path):
    with pytest.raises(types.UserError, match="no report given"):
        compare.compare([])
    with pytest.raises(types.UserError, match=str(tmp_path)):
        compare.compare([tmp_path])
