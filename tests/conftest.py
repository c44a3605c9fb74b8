"""Strictness of every test: shapes and types checked at run time, no silent promotion of dtypes, one device."""

import os

import jaxtyping

os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Before anything imports gan_probe: only modules imported afterwards are checked.
jaxtyping.install_import_hook(["gan_probe.ops", "gan_probe.metrics"], "beartype.beartype")
