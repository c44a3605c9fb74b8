"""gan_probe: is this the distribution I trained on? Numbers with intervals for generated samples, in JAX."""

from gan_probe.evaluation import evaluate
from gan_probe.reference import Reference
from gan_probe.types import Estimate, Interval, Samples, UserError
from gan_probe.version import __version__

__all__ = ["Estimate", "Interval", "Reference", "Samples", "UserError", "__version__", "evaluate"]
