"""Imports point one way, each third party has its place, and the library never prints."""

import ast
import inspect
import pathlib
from collections.abc import Iterator

import jax
import pytest

from gan_probe.ops import tile

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "gan_probe").rglob("*.py"))

# What each part may import of this package, besides itself. Parts that are not listed stand on top: they may import
# everything, and no listed part may import them.
BELOW = {
    "types": set(),
    "parallel": {"types"},
    "checkpoint": {"types", "parallel"},
    "whole_file": set(),
    "run_file": {"types", "whole_file"},
    "ops": {"types", "parallel"},
    "stats": {"types", "parallel", "ops"},
    "metrics": {"types", "parallel", "ops", "stats", "likelihood"},
    "likelihood": {"types", "parallel"},
    "models": {"types", "parallel"},
    "gans": {"types", "parallel", "checkpoint", "whole_file", "run_file", "models"},
    "classifiers": {"types", "parallel", "checkpoint", "whole_file", "run_file", "models"},
    "embed": {"types", "parallel", "checkpoint", "whole_file", "run_file", "models", "gans", "classifiers"},
    "data": {"types"},
}
BELOW["report"] = set(BELOW)

# Where a third party may be imported; nowhere for an empty set.
PLACES = {
    "flax": {"models", "gans", "classifiers"},
    "optax": {"gans", "classifiers"},
    "orbax": {"checkpoint"},
    "tensorflow_datasets": {"data"},
    "array_record": {"data"},
    "absl.flags": {"cli", "commands", "experiments"},
    "absl.app": {"cli", "commands", "experiments"},
    "tensorflow": set(),
    "torch": set(),
}
SPEAKERS = {"cli", "commands", "__main__", "experiments"}


def part(path: pathlib.Path) -> str:
    """The part that a file of the package belongs to: its folder, or itself."""
    return path.relative_to(ROOT / "gan_probe").with_suffix("").parts[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that may be a module: `from a import b` gives a.b, which may also be a name inside a."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def violations(part: str, source: str) -> list[str]:
    """What a file of `part` with this text does against the rules."""
    found = []
    tree = ast.parse(source)
    for name in imported(tree):
        if name.startswith("."):
            found.append(f"relative import of {name}")
        first, _, rest = name.partition(".")
        inner = rest.partition(".")[0]
        if first == "gan_probe" and part in BELOW and inner not in BELOW[part] | {part}:
            found.append(f"{part} imports {inner or 'the whole package'}")
        for package, places in PLACES.items():
            if f"{name}.".startswith(f"{package}.") and part not in places:
                found.append(f"{part} imports {package}")
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and part not in SPEAKERS
            and ast.unparse(node.func) in {"print", "sys.stdout.write"}
        ):
            found.append(f"{part} prints")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_hold(path):
    assert violations(part(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("part", "source", "expected"),
    [
        ("ops", "from gan_probe import parallel, stats", ["ops imports stats"]),
        ("ops", "import gan_probe.metrics.ddm", ["ops imports metrics"]),
        ("metrics", "from gan_probe.data import folder", ["metrics imports data"]),
        ("stats", "def f():\n    import gan_probe", ["stats imports the whole package"]),
        ("data", "from gan_probe import evaluate", ["data imports evaluate"]),
        ("report", "from gan_probe import cli", ["report imports cli"]),
        ("metrics", "import optax\nfrom flax import linen", ["metrics imports optax", "metrics imports flax"]),
        ("models", "import optax.losses", ["models imports optax"]),
        ("gans", "from orbax.checkpoint import v1", ["gans imports orbax"]),
        ("evaluate", "import tensorflow_datasets as tfds", ["evaluate imports tensorflow_datasets"]),
        ("evaluate", "from absl import flags", ["evaluate imports absl.flags"]),
        ("embed", "if True:\n    import torch", ["embed imports torch"]),
        ("data", "from . import folder", ["relative import of ..folder"]),
        ("data", "from .folder import load", ["relative import of .folder.load"]),
        ("report", "def f():\n    print('x')", ["report prints"]),
        ("report", "import sys\nsys.stdout.write('x')", ["report prints"]),
    ],
)
def test_rules_catch(part, source, expected):
    assert violations(part, source) == expected


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (
            "metrics",
            "import numpy\nfrom gan_probe import types\nfrom gan_probe.metrics import ddm\nimport gan_probe.ops.tile",
        ),
        ("classifiers", "import optax\nfrom flax import linen\nfrom gan_probe.models import dcgan"),
        ("checkpoint", "from orbax.checkpoint import v1"),
        ("data", "import tensorflow_datasets as tfds\nfrom absl import logging"),
        ("cli", "from absl import app, flags\nfrom gan_probe.commands import evaluate\nprint('x')"),
        ("commands", "from absl import flags\nfrom gan_probe import sets\nprint('x')"),
        ("report", "def fingerprint(x): ...\nfingerprint('x')"),
    ],
)
def test_rules_allow(part, source):
    assert violations(part, source) == []


def test_every_folder_with_code_is_a_package():
    assert SOURCES
    bare = {path.parent.name for path in SOURCES if not (path.parent / "__init__.py").exists()}
    assert bare == set(), "setuptools would leave these out"


def test_strictness_is_on():
    assert jax.config.jax_numpy_dtype_promotion == "strict"
    assert inspect.unwrap(tile.multiply) is not tile.multiply, "jaxtyping's hook came too late"
