"""Strictness of every test: shapes and types checked at run time, no silent promotion of dtypes, one device.

Every results dictionary that any test makes is held to the JSON Schema that the package ships.
"""

import json
import os

import jaxtyping
import jsonschema
import pytest

os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiling takes longest; XLA_FLAGS= for none

# Before anything imports gan_probe: only modules imported afterwards are checked.
jaxtyping.install_import_hook(["gan_probe.ops", "gan_probe.metrics"], "beartype.beartype")


@pytest.fixture(scope="session")
def results_schema():
    """The validator of results.json."""
    from gan_probe.report import files

    jsonschema.Draft202012Validator.check_schema(files.schema())
    return jsonschema.Draft202012Validator(files.schema())


@pytest.fixture(autouse=True)
def every_result_is_valid(monkeypatch, results_schema):
    """Whatever `evaluate` returns in a test obeys the schema and holds neither NaN nor infinities."""
    from gan_probe import evaluation

    evaluate_against = evaluation.evaluate_against

    def checked(*args, **settings):
        results, pictures = evaluate_against(*args, **settings)
        results_schema.validate(json.loads(json.dumps(results, allow_nan=False)))
        return results, pictures

    monkeypatch.setattr(evaluation, "evaluate_against", checked)
