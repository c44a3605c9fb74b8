"""Train on synthetic, test on real: what generated training sets are worth in real rows (papers 000 and 001)."""

from gan_probe.diversity.measure import diversity

__all__ = ["diversity"]
