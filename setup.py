"""Entry for tools that expect it; all metadata lives in pyproject.toml."""

import setuptools

setuptools.setup()
