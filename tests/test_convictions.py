"""Samplers whose crime is known are convicted of it, and the honest one of nothing (embedded digits)."""

import math

import pytest

import gan_probe

CRIMES = {
    "memoriser": "does not copy",
    "dropper": "covers the modes",
    "lowsupport": "makes distinct samples",
    "blurred": "matches real",
}
METRICS = ["modes", "birthday", "memorization", "kid"]


def outcomes(seed):
    """Fake -> question -> outcome."""
    reference = gan_probe.Reference(real=f"digits/real?seed={seed}", train=f"digits/train?seed={seed}", seed=seed)
    fakes = {name: f"digits/{name}?seed={seed}" for name in ("faithful", *CRIMES)}
    verdicts = reference.evaluate(fakes, metrics=METRICS)["verdicts"]
    return {name: {q: v["outcome"] for q, v in found.items()} for name, found in verdicts.items()}


@pytest.mark.parametrize(
    "seeds", [pytest.param(range(3), id="3"), pytest.param(range(50), id="50", marks=pytest.mark.slow)]
)
def test_each_crime_is_found_and_the_honest_one_acquitted(seeds):
    found = [outcomes(seed) for seed in seeds]
    for crime, question in CRIMES.items():
        convicted = sum(o[crime][question] == "fails" for o in found)
        assert convicted >= math.ceil(0.95 * len(found)), f"{crime}: {convicted} of {len(found)}"
    wronged = [seed for seed, o in zip(seeds, found, strict=True) if "fails" in o["faithful"].values()]
    assert len(wronged) <= 0.05 * len(found), f"faithful fails with seeds {wronged}"
