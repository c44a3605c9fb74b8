"""Training a classifier to convergence: decaying rate, no augmentation, a validation split that says when to stop.

The rule of paper 000 (section 2.1): train until it no longer helps. A part of the training rows is held out; where its
loss has not fallen for more than `patience` epochs the rate drops by `decay`, and after `drops` drops the run ends with
the parameters of the best epoch. The test set has no part in it.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen

from gan_probe import parallel
from gan_probe.models import outputs

__all__ = ["Images", "Recipe", "State", "Trainer", "cross_entropy", "predictor"]

_PREDICTED = (32, 128, 512)  # rows of a batch in inference: the least that holds all, else the most


class Images(Protocol):
    """uint8 images [n, h, w, c], of which rows are taken by number: an array, or a view of a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an architecture is trained.

    optimizer: sgd (Nesterov momentum .9) | adam. rate: first learning rate. decay: factor of a drop. drops: drops
    before the end. patience: epochs without a better validation loss before a drop. epochs: most of them.
    batch: rows of a step. weight_decay: of all weights, per step relative to the rate (SGD: added to the gradient).
    """

    optimizer: str = "adam"
    rate: float = 1e-3
    decay: float = 0.1
    drops: int = 2
    patience: int = 2
    epochs: int = 100
    batch: int = 128
    weight_decay: float = 0.0


class State(NamedTuple):
    """All that a run is: what a checkpoint holds. best: variables of the epoch with the least validation loss."""

    variables: Any
    optimizer: Any
    best: Any
    best_loss: jax.Array
    waited: jax.Array
    dropped: jax.Array
    epoch: jax.Array


class Epoch(NamedTuple):
    """What one epoch showed: mean training loss, validation loss and accuracy, and the rate it ran at."""

    epoch: int
    train_loss: float
    loss: float
    accuracy: float
    rate: float


class Trainer:
    """Runs epochs of one module on one set; a step's rows are shared by all devices that they divide over.

    Args:
      module: of models.ARCHITECTURES.
      recipe: see Recipe.
      images: uint8 [n, h, w, c], read a batch at a time.
      labels: int [n].
      held_out: bool [n], rows of the validation split.
      seed: of the initial parameters, the order of rows and dropout.
      epoch_rows: rows of an epoch where it is not one pass over all; the next epoch goes on with rows not yet seen.
    """

    def __init__(
        self, module: linen.Module, recipe: Recipe, *, images: Images, labels: np.ndarray, held_out: np.ndarray,
        seed: int, epoch_rows: int | None = None,
    ):  # fmt: skip
        self.module, self.recipe, self._epoch_rows = module, recipe, epoch_rows
        self._key = jax.random.key(seed)
        self._images, self._labels = images, labels.astype(np.int32)
        self._rows, self._held = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        self._optimizer, self._step = _program(module, recipe.optimizer, recipe.weight_decay)
        self._mesh = parallel.mesh()

    def init(self) -> State:
        """The state before the first epoch."""
        blank = jnp.zeros((1, *self._images.shape[1:]), jnp.float32)
        variables = self.module.init(jax.random.fold_in(self._key, 0), blank)
        zero = jnp.zeros((), jnp.int32)
        infinite = jnp.full((), jnp.inf, jnp.float32)
        state = State(variables, self._optimizer.init(variables["params"]), variables, infinite, zero, zero, zero)
        return parallel.put_whole(state, self._mesh)

    def finished(self, state: State) -> bool:
        return int(state.dropped) > self.recipe.drops or int(state.epoch) >= self.recipe.epochs

    def epoch(self, state: State, each: Callable[[], None] = lambda: None) -> tuple[State, Epoch]:
        """One epoch; `each` is called after every step. The same state gives the same next state, bit for bit."""
        number = int(state.epoch) + 1
        key = jax.random.fold_in(self._key, number)
        rate = self.recipe.rate * self.recipe.decay ** int(state.dropped)
        variables, optimizer = parallel.put_whole((state.variables, state.optimizer), self._mesh)
        losses = []
        for i, at in enumerate(self._batches(number)):
            put = parallel.put_whole if len(at) % self._mesh.size else parallel.put_rows
            images, labels = put((self._images[self._rows[at]], self._labels[self._rows[at]]), self._mesh)
            variables, optimizer, loss = self._step(
                variables, optimizer, images, labels, jnp.float32(rate), jax.random.fold_in(key, i)
            )
            losses.append(loss)
            each()
        loss, accuracy = self.validate(variables)
        better = loss < float(state.best_loss)
        waited = 0 if better else int(state.waited) + 1
        drop = waited > self.recipe.patience
        best = variables if better else state.best
        state = State(
            variables=best if drop else variables,  # a drop goes on from the best epoch
            optimizer=self._optimizer.init(best["params"]) if drop else optimizer,
            best=best,
            best_loss=jnp.minimum(state.best_loss, jnp.float32(loss)),
            waited=jnp.int32(0 if drop else waited),
            dropped=state.dropped + int(drop),
            epoch=jnp.int32(number),
        )
        return state, Epoch(number, float(np.mean([float(x) for x in losses])), loss, accuracy, rate)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels that are not held out."""
        return self._images[self._rows], self._labels[self._rows]

    def validate(self, variables: Any) -> tuple[float, float]:
        """Mean loss and accuracy on the validation split."""
        images, labels = self._images[self._held], self._labels[self._held]
        logits = np.asarray(predictor(self.module)(variables, images).logits, np.float64)
        return cross_entropy(logits, labels), float(np.mean(logits.argmax(axis=1) == labels))

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return max(1, (self._epoch_rows or len(self._rows)) // self.recipe.batch)

    def _batches(self, epoch: int) -> Iterator[np.ndarray]:
        """Row numbers of each step: a new order every pass over the rows, its last incomplete batch left out."""
        batch = min(self.recipe.batch, len(self._rows))
        each = len(self._rows) // batch
        order, last = np.empty(0, int), 0
        for step in range((epoch - 1) * self.steps, epoch * self.steps):
            number, i = step // each + 1, step % each
            if number != last:
                seed = jax.random.key_data(jax.random.fold_in(self._key, number)).tolist()
                order, last = np.random.default_rng(seed).permutation(len(self._rows)), number
            yield np.sort(order[i * batch : (i + 1) * batch])


@functools.cache
def predictor(module: linen.Module) -> Callable[[Any, np.ndarray], outputs.Outputs]:
    """(variables, uint8 images [n, h, w, c]) -> Outputs of NumPy arrays without layers, in batches of few sizes."""

    @functools.partial(jax.jit, compiler_options=parallel.wide_vectors(parallel.mesh()))
    def apply(variables, images):
        return module.apply(variables, outputs.centred(images))._replace(layers={})

    def predict(variables, images):
        batch = next((size for size in _PREDICTED if size >= len(images)), _PREDICTED[-1])
        return parallel.in_batches(apply, variables, images, batch)

    return predict


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over rows, in nats, of float64 logits [n, classes] and labels int [n]."""
    return float(np.asarray(optax.softmax_cross_entropy_with_integer_labels(logits, labels)).mean())


@functools.lru_cache(maxsize=8)
def _program(module: linen.Module, optimizer: str, weight_decay: float) -> tuple[optax.GradientTransformation, Any]:
    """Directions of steps and one step, compiled once for all trainings of a module; the rate is multiplied on
    afterwards, since it drops."""
    decayed = optax.add_decayed_weights(weight_decay)
    if optimizer == "adam":
        chosen = optax.chain(optax.scale_by_adam(), decayed)
    else:
        chosen = optax.chain(decayed, optax.trace(0.9, nesterov=True))
    return chosen, _step(module, chosen)


def _step(module: linen.Module, optimizer: optax.GradientTransformation):
    def loss_of(params, rest, images, labels, key):
        found, changed = module.apply(
            {"params": params, **rest}, outputs.centred(images), train=True, mutable=list(rest), rngs={"dropout": key}
        )
        loss = optax.softmax_cross_entropy_with_integer_labels(found.logits, labels).mean()
        return loss, changed

    @functools.partial(jax.jit, donate_argnums=(1,), compiler_options=parallel.wide_vectors(parallel.mesh()))
    def step(variables, state, images, labels, rate, key):
        rest = {name: v for name, v in variables.items() if name != "params"}
        params = variables["params"]
        (loss, changed), gradient = jax.value_and_grad(loss_of, has_aux=True)(params, rest, images, labels, key)
        with jax.numpy_dtype_promotion("standard"):  # optax raises its decays to integer powers
            direction, state = optimizer.update(gradient, state, params)
        params = jax.tree.map(lambda p, u: p - rate * u, params, direction)
        return {"params": params, **changed}, state, loss

    return step
