"""Generative models: one file a system, one line in GANS."""

from collections.abc import Mapping

from gan_probe.gans import dcgan, mlp, vanilla, wgan, wgan_gp
from gan_probe.gans.gan import System

__all__ = ["GANS"]

GANS: Mapping[str, System] = {
    "dcgan": dcgan.DCGAN,
    "dcgan_small": dcgan.SMALL,
    "dcgan_weak": dcgan.WEAK,
    "wgan": wgan.WGAN,
    "wgan_gp": wgan_gp.WGAN_GP,
    "vanilla": vanilla.VANILLA,
    "mlp": mlp.MLP,
}
