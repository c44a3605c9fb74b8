"""The version, as pip knows it."""

import importlib.metadata

__all__ = ["__version__"]

__version__ = importlib.metadata.version("gan-probe")
