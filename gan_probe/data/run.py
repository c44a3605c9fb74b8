"""`run:DIR[@STEP]?n=50000`: samples drawn from a trained GAN, which this version cannot train yet."""

from gan_probe import types
from gan_probe.data import kinds

__all__ = ["accepts", "load"]


def accepts(src: str) -> bool:
    return src.startswith("run:")


def load(src: str, options: kinds.Options) -> types.Samples:
    """Raises types.UserError: no version so far draws from a run."""
    raise types.UserError(f"{src}: run: comes with `gan-probe train`, not in this version; give a file of its samples")
