"""schema.json accepts what the design describes and refuses what it does not."""

import copy

import jsonschema
import pytest

from gan_probe.report import files


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(files.schema())
    return jsonschema.Draft202012Validator(files.schema())


def test_reports_with_and_without_images_are_valid(validator, report, vectors):
    validator.validate(report[0])
    validator.validate(vectors[0])


def _break(path, value):
    def breaker(results):
        at = results
        for key in path[:-1]:
            at = at[key]
        if value is KeyError:
            del at[path[-1]]
        else:
            at[path[-1]] = value

    return breaker


@pytest.mark.parametrize(
    "breaker",
    [
        _break(["schema"], 2),
        _break(["extra"], 1),
        _break(["timings"], KeyError),
        _break(["seed"], "0"),
        _break(["created"], "yesterday"),
        _break(["environment", "devices"], KeyError),
        _break(["inputs", "real"], KeyError),
        _break(["inputs", "real", "role"], "fake"),
        _break(["inputs", "faithful", "role"], "real"),
        _break(["inputs", "faithful", "sha256"], "abc"),
        _break(["inputs", "faithful", "notes"], KeyError),
        _break(["results", "real"], {}),
        _break(["results", "faithful", "ddm", "ci95"], [1.0]),
        _break(["results", "faithful", "ddm", "interval"], "jackknife"),
        _break(["results", "faithful", "ddm", "better"], "up"),
        _break(["results", "faithful", "ddm", "value"], "2"),
        _break(["results", "faithful", "ddm", "note"], "x"),
        _break(["results", "faithful", "birthday", "value"], KeyError),
        _break(["results", "faithful", "birthday", "detail", "closest", 0, "train"], KeyError),
        _break(["results", "faithful", "memorization", "detail", "closest", 0, "fake"], -1),
        _break(["results", "faithful", "modes", "detail", "real"], [2.0]),
        _break(["verdicts", "faithful", "matches real", "outcome"], "maybe"),
        _break(["verdicts", "faithful", "matches real", "rule"], KeyError),
        _break(["skipped", "faithful", "kid"], ""),
        _break(["timings", "decode", "seconds"], None),
    ],
)
def test_a_broken_report_is_refused(validator, report, breaker):
    results = copy.deepcopy(report[0])
    breaker(results)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(results)
