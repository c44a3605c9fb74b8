"""Generative models: one file a system, one line in GANS."""

from collections.abc import Mapping

from gan_probe.gans import (
    acgan,
    ali,
    began,
    bigan,
    dcgan,
    improved,
    mix,
    mlp,
    modnet,
    sgan,
    vae,
    vanilla,
    wgan,
    wgan_gp,
)
from gan_probe.gans.gan import System

__all__ = ["GANS"]

GANS: Mapping[str, System] = {
    "dcgan": dcgan.DCGAN,
    "dcgan_small": dcgan.SMALL,
    "dcgan_weak": dcgan.WEAK,
    "wgan": wgan.WGAN,
    "wgan_gp": wgan_gp.WGAN_GP,
    "acgan": acgan.JS,
    "acgan_wasserstein": acgan.WASSERSTEIN,
    "ali": ali.ALI,
    "bigan": bigan.BIGAN,
    "began": began.BEGAN,
    "improved": improved.IMPROVED,
    "improved_weak": improved.WEAK,
    "mix": mix.MIX,
    "sgan": sgan.SGAN,
    "modnet": modnet.MODNET,
    "vae": vae.VAE,
    "vanilla": vanilla.VANILLA,
    "mlp": mlp.MLP,
}
