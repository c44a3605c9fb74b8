"""DCGAN's networks and iteration in PyTorch, eager: what the whole step here is timed against."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

__all__ = ["iteration"]


def iteration(
    *, size: int, batch: int, width: int, latent: int, generator_steps: int, channels_last: bool
) -> tuple[int, Callable[[], float]]:
    """(number of parameters, one iteration on random images [batch, 3, size, size] that returns a loss).

    An iteration updates the discriminator, then the generator `generator_steps` times on the same latents.
    """
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    generator = _generator(size, width, latent).to(memory_format=layout)
    discriminator = _discriminator(size, width).to(memory_format=layout)
    real = (torch.rand(batch, 3, size, size) * 2 - 1).to(memory_format=layout)
    players = generator, discriminator
    optimizers = [torch.optim.Adam(player.parameters(), 2e-4, (0.5, 0.999)) for player in players]

    def run() -> float:
        z = torch.rand(batch, latent) * 2 - 1
        with torch.no_grad():
            fake = generator(z)
        optimizers[1].zero_grad()
        loss = functional.softplus(-discriminator(real)).mean() + functional.softplus(discriminator(fake)).mean()
        loss.backward()
        optimizers[1].step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(False)
        for _ in range(generator_steps):
            optimizers[0].zero_grad()
            functional.softplus(-discriminator(generator(z))).mean().backward()
            optimizers[0].step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)
        return loss.item()

    return sum(p.numel() for player in players for p in player.parameters()), run


def _stages(size: int) -> int:
    return {32: 3, 64: 4}[size]


def _generator(size: int, width: int, latent: int) -> nn.Sequential:
    stages = _stages(size)
    widths = [width << (stages - 1 - i) for i in range(stages)] + [3]
    layers: list[nn.Module] = [nn.Linear(latent, 16 * widths[0]), nn.Unflatten(1, (widths[0], 4, 4))]
    for i in range(stages):
        layers += [nn.BatchNorm2d(widths[i]), nn.ReLU()]
        layers += [nn.ConvTranspose2d(widths[i], widths[i + 1], 5, 2, padding=2, output_padding=1)]
    return nn.Sequential(*layers, nn.Tanh())


def _discriminator(size: int, width: int) -> nn.Sequential:
    stages = _stages(size)
    widths = [3] + [width << i for i in range(stages)]
    layers: list[nn.Module] = []
    for i in range(stages):
        layers += [nn.Conv2d(widths[i], widths[i + 1], 5, 2, padding=2)]
        layers += [nn.BatchNorm2d(widths[i + 1])] if i else []
        layers += [nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * widths[-1], 1))
