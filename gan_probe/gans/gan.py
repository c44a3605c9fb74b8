"""What a system is: pure functions that begin, train and sample it, and the settings that make it."""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["DTYPES", "Batch", "Gan", "Latent", "Spec", "System", "setting"]


class Spec(NamedTuple):
    """The data: shape of a row, (h, w, c) or (d,), and the number of classes, None without labels."""

    shape: tuple[int, ...]
    classes: int | None


class Batch(NamedTuple):
    """rows: float32 [b, *shape], images in -1..1. labels: int32 [b], 0 without classes."""

    rows: jax.Array
    labels: jax.Array


class Latent(NamedTuple):
    """The law of `size` independent numbers: U[low, high], or N(0, 1) without bounds. (key, n) gives [n, size]."""

    size: int
    low: float | None = None
    high: float | None = None

    def __call__(self, key: jax.Array, n: int) -> jax.Array:
        if self.low is None or self.high is None:
            return jax.random.normal(key, (n, self.size))
        return jax.random.uniform(key, (n, self.size), jnp.float32, self.low, self.high)


State = Any  # a pytree of arrays
Info = Mapping[str, jax.Array]  # losses and other scalars by name


class Gan(NamedTuple):
    """A system for one shape of data.

    init: key -> state.
    step: (state, batch, key) -> (state, info), one iteration: usually an update of each player.
    phases: (iteration, step) in order, where other steps take over from `step`.
    look: (state, batch, key) -> state, before the first iteration: initial parameters that depend on data.
    sample: (state, keys [n], labels int32 [n]) -> float32 [n, *shape], in inference mode; row i of keys[i] alone.
    critic: (state, batch, key) -> (state, info), the update of the discriminator alone.
    critics: iteration -> how often `critic` runs before `step`, each time on a batch of its own.
    latent: what `sample` draws for a key. decode: (state, latents [n, z], labels [n]) -> the rows it makes of them.
      None where rows are not made of one latent each.
    logits: (state, rows) -> [n], the discriminator's in inference mode. None where it sees more than a row.
    """

    init: Callable[[jax.Array], State]
    step: Callable[[State, Batch, jax.Array], tuple[State, Info]]
    sample: Callable[[State, jax.Array, jax.Array], jax.Array]
    critic: Callable[[State, Batch, jax.Array], tuple[State, Info]] | None = None
    critics: Callable[[int], int] = lambda iteration: 0
    latent: Latent | None = None
    decode: Callable[[State, jax.Array, jax.Array], jax.Array] | None = None
    logits: Callable[[State, jax.Array], jax.Array] | None = None
    phases: Sequence[tuple[int, Callable[[State, Batch, jax.Array], tuple[State, Info]]]] = ()
    look: Callable[[State, Batch, jax.Array], State] | None = None


class System(NamedTuple):
    """One line of GANS.

    about: what `gan-probe list gans` says. settings: frozen dataclass of hyper-parameters: a field says what it is
    and where its default comes from (see `setting`); `steps` and `batch` are among them. build: (settings, spec) to
    Gan. presets: settings that a preset changes; `paper` changes none. sizes: of images, () for rows of features alone.
    labels: whether it needs them. features: whether it also takes rows of features.
    """

    about: str
    settings: type[Any]
    build: Callable[[Any, Spec], Gan]
    presets: Mapping[str, Mapping[str, Any]]
    sizes: tuple[int, ...] = (28, 32, 64)
    labels: bool = False
    features: bool = False


DTYPES = ("float32", "bfloat16")


def setting(
    default: Any,
    about: str,
    source: str = "ours",
    *,
    choices: Collection[str] = (),
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field of a settings dataclass.

    Args:
      default: its value at `paper`.
      about: what `--help` says.
      source: where the default comes from.
      choices: of a word.
      least, most: of a number; 1 to 10^7 for whole ones and at least 0 for others unless given.
    """
    least = least if least is not None else float(type(default) is int)
    most = most if most is not None else 1e7 if type(default) is int else float("inf")
    return dataclasses.field(
        default=default,
        metadata={"about": about, "source": source, "choices": tuple(choices), "least": least, "most": most},
    )
