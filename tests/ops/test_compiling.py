"""Programs are kept where they are asked to be, and nowhere else."""

import subprocess
import sys

import jax
import pytest

from gan_probe.ops import compiling

_COMPILE = """
import pathlib, sys, jax
from gan_probe.ops import compiling
jax.config.update("jax_compilation_cache_dir", None)
compiling.keep_programs(pathlib.Path(sys.argv[1]))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.jit(lambda x: x * 2)(1.0)
"""


@pytest.fixture
def config():
    names = "jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs"
    before = {name: getattr(jax.config, name) for name in names}
    yield jax.config
    for name, value in before.items():
        jax.config.update(name, value)


def test_a_process_leaves_its_programs(tmp_path):
    subprocess.run([sys.executable, "-c", _COMPILE, str(tmp_path)], check=True)
    (of_this_processor,) = tmp_path.iterdir()
    assert any(of_this_processor.iterdir())


def test_processors_have_folders_of_their_own(tmp_path, config, monkeypatch):
    folders = []
    for machine in ("x86_64", "riscv64", "x86_64"):
        monkeypatch.setattr(compiling.platform, "machine", lambda machine=machine: machine)
        config.update("jax_compilation_cache_dir", None)
        compiling.keep_programs(tmp_path)
        folders.append(config.jax_compilation_cache_dir)
    assert folders[0] == folders[2] != folders[1]


def test_the_folder_that_a_user_gave_stays(tmp_path, config):
    config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    compiling.keep_programs(tmp_path / "other")
    assert config.jax_compilation_cache_dir == str(tmp_path / "own")
