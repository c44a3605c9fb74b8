"""The thesis's heuristics against collapse (004, section 2.4.1): all but the last weaken the discriminator."""

import dataclasses
import re
from typing import Any

import jax
import jax.numpy as jnp

from gan_probe import types
from gan_probe.gans import gan

__all__ = ["Heuristics", "flipped", "frozen", "noisy"]

_SOURCE = "thesis 004, section 2.4.1"
_LAYER = re.compile(r"^(?:conv|hidden|block|norm)(\d+)$")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heuristics:
    """Options of one kind, all off by default."""

    flip_labels: float = gan.setting(
        0.0, "share of real images that the discriminator is told are generated", _SOURCE, most=1
    )
    input_noise: float = gan.setting(0.0, "deviation of the noise on all that the discriminator sees", _SOURCE)
    noise_decay: float = gan.setting(0.999, "factor of the noise, an iteration", f"{_SOURCE}; rate [U]", most=1)
    freeze_layers: int = gan.setting(0, "first layers of the discriminator that stay as they began", _SOURCE, least=0)
    generator_steps: int = gan.setting(1, "updates of the generator an iteration", _SOURCE)


def flipped(cost_real: jax.Array, cost_fake: jax.Array, share: float, key: jax.Array) -> jax.Array:
    """Costs [b] of real images, a share of which carries the label of generated ones."""
    if not share:
        return cost_real
    return jnp.where(jax.random.bernoulli(key, share, cost_real.shape), cost_fake, cost_real)


def noisy(rows: jax.Array, options: Heuristics, iteration: jax.Array, key: jax.Array) -> jax.Array:
    """Rows with the noise of this iteration, input_noise * noise_decay^iteration."""
    if not options.input_noise:
        return rows
    deviation = options.input_noise * jnp.float32(options.noise_decay) ** iteration.astype(jnp.float32)
    return rows + deviation * jax.random.normal(key, rows.shape)


def frozen(gradient: Any, layers: int) -> Any:
    """A discriminator's gradient without that of its first `layers` layers (conv0, norm0, conv1, ...).

    Raises:
      UserError: there are not so many.
    """
    if not layers:
        return gradient
    index = {name: int(found[1]) for name in gradient if (found := _LAYER.match(name))}
    depth = max(index.values(), default=-1) + 1
    if layers > depth:
        raise types.UserError(f"--freeze_layers={layers}: the discriminator has {depth} layers before its last")
    zero = {
        name: jax.tree.map(jnp.zeros_like, part) for name, part in gradient.items() if index.get(name, depth) < layers
    }
    return {**gradient, **zero}
