"""The page stands alone, escapes what it is given, says each number, and is the same every time."""

import re
import warnings
from html import parser

import matplotlib
import pytest

from gan_probe.report import html, numbers, page_data

EVIL = "<script>alert(1)</script>.png"
_VOID = {"meta", "link", "img", "br", "input", "hr"}


class _Reader(parser.HTMLParser):
    """Collects tags, attributes, text and whether every element is closed."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.open, self.crossed = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def _read(page):
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def plain():
    """The page of the plain report, made once."""
    made = []

    def page(report, explain):
        if not made:
            made.append(html.page(*report, explain))
        return made[0]

    return page


def _evil(report):
    """The report with a hostile name wherever a user can put one."""
    results, pictures = report
    for metrics in results["results"].values():
        for pair in metrics["birthday"]["detail"]["closest"]:
            pair["names"] = [EVIL, "'\"><img src=x onerror=alert(2)>"]
            pair["train"]["name"] = EVIL
        for pair in metrics["memorization"]["detail"]["closest"]:
            pair["names"] = [EVIL, EVIL]
        metrics["modes"]["detail"]["classes"][0] = EVIL
        metrics["modes"]["detail"]["classes"][1] = "$\\frac{1}{$ 数字 \n"
        metrics["modes"]["detail"]["missing"] = [EVIL]
        metrics["ddm"]["convention"] = EVIL
    for about in results["inputs"].values():
        about["source"] = EVIL
        about["notes"] = [EVIL]
    results["command"] = f"gan-probe evaluate --real={EVIL}"
    for part in ("inputs", "results", "verdicts", "skipped"):
        results[part] = {EVIL if key == "collapsed" else key: value for key, value in results[part].items()}
    results["skipped"]["faithful"]["frechet"] = EVIL
    return results, {key.replace("collapsed", EVIL): images for key, images in pictures.items()}


def test_elements_are_balanced(report, explain, plain):
    reader = _read(plain(report, explain))
    assert not reader.crossed
    assert not reader.open


def test_nothing_is_fetched_and_nothing_runs(report, explain, plain):
    page = plain(report, explain)
    reader = _read(page)
    assert not {"script", "iframe", "object", "embed", "base", "form"} & set(reader.tags)
    for _, name, value in reader.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href", "srcset", "data", "poster", "action"):
            assert value.startswith(("data:", "#"))
        assert "://" not in (value or "")
    assert not re.search(r"@import|https?:", page)
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?(.)", page))


def test_hostile_names_stay_text(report, explain, plain):
    honest = _read(plain(report, explain))
    results, pictures = _evil(report)
    reader = _read(html.page(results, pictures, {**explain, "ddm": EVIL}))
    assert not {"script", "iframe"} & set(reader.tags)
    assert reader.tags.count("img") == honest.tags.count("img")
    assert not reader.crossed
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert sum(EVIL in text for text in reader.text) > 50


def test_references_inside_the_page_resolve(report, explain, plain):
    reader = _read(plain(report, explain))
    ids = [value for _, name, value in reader.attributes if name == "id"]
    for tag, name, value in reader.attributes:
        if name in ("href", "xlink:href") and value.startswith("#"):
            assert value[1:] in ids
        if name == "aria-labelledby":
            assert ids.count(value) == 1, tag


def test_the_page_is_deterministic(report, explain, plain):
    assert html.page(*report, explain) == plain(report, explain)


def test_plots_ignore_the_users_matplotlib_settings(report, explain, plain):
    before = plain(report, explain)
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "lines.linewidth": 9}):
        assert html.page(*report, explain) == before


def test_every_number_verdict_and_hash_is_on_the_page(report, explain, plain):
    results, _ = report
    text = " ".join("".join(_read(plain(report, explain)).text).split())
    for fake, metrics in results["results"].items():
        assert fake in text
        for name, result in metrics.items():
            assert name in text
            assert numbers.texts(result["value"], *result["ci95"]).value in text
            assert numbers.interval(result) in text
        for pair in metrics["birthday"]["detail"]["closest"]:
            assert {f"fake #{pair['i']}", f"train #{pair['train']['index']}"} <= set(re.findall(r"\w+ #\d+", text))
            assert pair["names"][0] in text
    for verdicts in results["verdicts"].values():
        for question, verdict in verdicts.items():
            assert question in text
            assert verdict["rule"] in text
            assert verdict["reason"] in text
    for about in results["inputs"].values():
        assert about["sha256"] in text
        assert about["source"] in text
    for sentence in (*explain.values(), results["command"], "halves of 200 rows do not exceed d=256"):
        assert sentence in text


def test_pictures_are_all_there(report, explain, plain):
    _, pictures = report
    reader = _read(plain(report, explain))
    expected = sum(images.shape[0] * images.shape[1] for key, images in pictures.items() if not key.endswith("grid"))
    assert reader.tags.count("img") == expected + sum(key.endswith("/grid") for key in pictures)


def test_features_give_a_page_without_pictures(vectors, explain):
    reader = _read(html.page(*vectors, explain))
    text = " ".join(reader.text)
    assert "img" not in reader.tags
    assert "cannot tell" in text
    assert "memorization needs --train" in text
    assert "fake #" in text


def test_an_absent_training_set_leaves_two_pictures_a_pair(light, explain):
    results, pictures = light
    for metrics in results["results"].values():
        del metrics["memorization"]
        for pair in metrics["birthday"]["detail"]["closest"]:
            pair["train"] = None
    shown = {"collapsed/closest": pictures["collapsed/closest"][:, :2]}
    assert _read(html.page(results, shown, explain)).tags.count("img") == 4


def test_fewer_pictures_than_pairs(light, explain):
    # 20 pairs are named, pictures of 2 are held, beside one grid.
    assert _read(html.page(*light, explain)).tags.count("img") == 2 * 3 + 1


def test_metrics_that_a_fake_lacks(light, explain):
    results, pictures = light
    results["results"]["faithful"] = {}
    results["verdicts"].pop("faithful")
    assert "not asked" in html.page(results, pictures, explain)


def test_what_differs_between_fakes_stands_in_its_row(light):
    results, _ = light
    results["results"]["collapsed"]["ddm"]["interval"] = "rows only; approximate"
    ddm = page_data.page_data(results, {})["metrics"][0]
    assert (ddm["name"], ddm["method"]) == ("ddm", "")
    assert [row["notes"] for row in ddm["rows"]] == ["two-way blocks, t", "rows only"]


def test_many_classes_are_drawn_without_a_warning(report, explain):
    results, pictures = report
    detail = results["results"]["collapsed"]["modes"]["detail"]
    detail["classes"] = [f"类 {k} $x_{k}" for k in range(200)]
    for key in ("fake", "real"):
        detail[key] = [1 / 200] * 200
        detail[f"{key}_ci95"] = [[0.0, 0.02]] * 200
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = html.page(results, pictures, explain)
    assert "类 0 $x_0" in page
    assert page.count("类") == 40


@pytest.mark.parametrize("name", ["ddm_relative", "zz_new"])
def test_metrics_stand_in_the_order_of_reading(light, name):
    results, _ = light
    results["results"]["faithful"][name] = results["results"]["faithful"]["ddm"]
    names = page_data.metric_names(results)
    assert names[0] == "ddm"
    assert names.index(name) == (1 if name == "ddm_relative" else len(names) - 1)


def test_sample_size_curves_are_drawn_where_there_are_several_sizes(report, explain):
    results, pictures = report
    metrics = next(iter(results["results"].values()))
    assert "Sample-size curves" not in html.page(results, pictures, explain)
    points = [
        {"n_real": n, "n_fake": n, "value": value, "ci95": ends}
        for n, value, ends in ((100, 3.0, [2.0, 4.0]), (200, None, [1.0, None]), (400, 250.0, [200.0, None]))
    ]
    metrics["kid"]["detail"] |= {"size_curve": points, "size_curve_limit": {"value": 2.0, "ci95": [1.5, 2.5]}}
    metrics["ddm"]["detail"] |= {"size_curve": points[:1]}
    data = page_data.page_data(results, pictures)
    curves = {m["name"]: m["curve"] for m in data["metrics"]}
    assert curves["kid"].startswith("<svg") and "limit" in curves["kid"] and "400" in curves["kid"]
    assert curves["ddm"] == ""
    page = _read(html.page(results, pictures, explain))
    assert "Sample-size curves" in page.text and not page.crossed
