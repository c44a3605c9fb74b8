"""Strictness of every test: shapes and types checked at run time, no silent promotion of dtypes, one device.

Every results dictionary that any test makes is held to the JSON Schema that the package ships.
"""

import json
import os
import pathlib
import subprocess
import sys

import jaxtyping
import jsonschema
import pytest

os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiling takes longest; XLA_FLAGS= for none

# Programs compiled once serve the other workers and processes of this run too.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(pathlib.Path(__file__).parents[1] / ".pytest_cache" / "xla"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")

# Before anything imports gan_probe: only modules imported afterwards are checked.
CHECKED = ("ops", "metrics", "models.outputs", "likelihood")
jaxtyping.install_import_hook([f"gan_probe.{name}" for name in CHECKED], "beartype.beartype")


@pytest.fixture(scope="session")
def on_devices():
    """on_devices(n, program, *words): what a program prints last in a process of its own with n devices, from JSON."""

    def run(devices, program, *words):
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, words)], cwd=pathlib.Path(__file__).parents[1],
            env={**os.environ, "JAX_NUM_CPU_DEVICES": str(devices)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


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
