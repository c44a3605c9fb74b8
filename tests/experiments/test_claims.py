"""claims.csv: every claim of the five papers has an experiment that judges it or a reason why none does."""

import csv
import importlib.resources
import re

import pytest

from gan_probe.experiments import EXPERIMENTS

COLUMNS = ["id", "paper", "place", "sentence", "number", "driver", "reason"]
PAPERS = ["000", "001", "002", "003", "004"]
REASON = re.compile(
    r"(image experiment|no experiment|not yet|human judgement|definition|opinion|theory|(cites|needs) [^:]+): \S.*",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def claims():
    text = importlib.resources.files("gan_probe.experiments").joinpath("claims.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), strict=True))


def test_rows_are_whole(claims):
    for claim in claims:
        assert list(claim) == COLUMNS and None not in claim.values(), claim
        assert all(value == value.strip() for value in claim.values()), claim["id"]
        assert claim["place"] and claim["sentence"].endswith("."), claim["id"]
    assert sorted({claim["paper"] for claim in claims}) == PAPERS


def test_ids_name_paper_and_section_once(claims):
    """Paper, section (or table, figure), and a letter; letters of a section run without a gap."""
    letters = {}
    for claim in claims:
        paper, section, letter = re.fullmatch(r"(\d{3})-([A-Za-z0-9.]+)-([a-z])", claim["id"]).groups()
        assert paper == claim["paper"], claim["id"]
        letters.setdefault((paper, section), []).append(letter)
    for section, found in letters.items():
        assert found == [chr(ord("a") + i) for i in range(len(found))], section


def test_a_claim_stands_once(claims):
    assert len({claim["sentence"] for claim in claims}) == len(claims)


def test_each_has_a_driver_or_a_reason(claims):
    for claim in claims:
        assert bool(claim["driver"]) != bool(claim["reason"]), claim["id"]
        assert not claim["reason"] or REASON.fullmatch(claim["reason"]), claim["id"]


def test_drivers_are_experiments(claims):
    assert {claim["driver"] for claim in claims} - {""} <= set(EXPERIMENTS)


def test_reasons_point_to_claims(claims):
    named = {name for claim in claims for name in re.findall(r"\b\d{3}-[A-Za-z0-9.]+-[a-z]\b", claim["reason"])}
    assert named <= {claim["id"] for claim in claims}
