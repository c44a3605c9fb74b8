"""Convolutions of the networks here against XLA's own and the bare matrix multiply, and whole steps against PyTorch's.

    python -m benchmarks.train_step                      # all parts (some minutes on two cores)
    python -m benchmarks.train_step --parts=mnist --repeat=9
    python -m benchmarks.train_step --parts=steps        # needs torch

For each shape the forward operation and its gradients by the input and by the kernel: GFLOP/s of ours
(gan_probe.models.convolution) and of jax.lax by counted operations, and the share of the bare multiply of [2000, 1200]
and [1200, 2000]. Best of `--repeat` alternating runs. A transposed convolution mirrors a plain one: what is
forward for one is the gradient by the input for the other.

`steps`: an iteration of `dcgan` at batch 64, at 64 pixels with its published widths and at 32 pixels with those of its
`cpu` preset, and the same networks and updates in PyTorch, eager, with as many threads, in the faster of its two memory
layouts: milliseconds, and how many times faster ours is.
"""

import argparse
import functools
import json
import math
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from gan_probe import gans
from gan_probe.gans import gan, settings
from gan_probe.models import convolution


class Shape(NamedTuple):
    """Images [batch, size, size, c_in], SAME padding."""

    batch: int
    size: int
    c_in: int
    c_out: int
    kernel: int
    stride: int
    transposed: bool = False


_DCGAN = (
    Shape(64, 64, 3, 64, 5, 2),
    Shape(64, 32, 64, 128, 5, 2),
    Shape(64, 16, 128, 256, 5, 2),
    Shape(64, 8, 256, 512, 5, 2),
)
PARTS: dict[str, Sequence[Shape]] = {
    "dcgan": [
        *_DCGAN,
        *(Shape(s.batch, s.size // 2, s.c_out, s.c_in, 5, 2, transposed=True) for s in _DCGAN),
    ],
    "mnist": [
        Shape(128, 28, 1, 16, 3, 1), Shape(128, 14, 16, 32, 3, 1), Shape(128, 14, 32, 32, 3, 1),
        Shape(128, 7, 32, 64, 3, 1), Shape(128, 28, 1, 32, 5, 1), Shape(128, 14, 32, 64, 5, 1),
        Shape(128, 28, 32, 32, 3, 1),
    ],
}  # fmt: skip


STEPS = {"dcgan, 64 pixels": ("paper", 64), "dcgan, 32 pixels, cpu preset": ("cpu", 32)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join((*PARTS, "steps")))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("train_step.json"))
    given = parser.parse_args()
    parts = given.parts.split(",")
    about: dict[str, Any] = {"jax": jax.__version__, "platform": jax.default_backend(), "shapes": [], "steps": {}}
    shapes = [shape for part in parts if part != "steps" for shape in PARTS[part]]
    if shapes:
        print(f"{'':34}{'matmul':>8}   GFLOP/s (share of it): ours, lax")
    for shape in shapes:
        about["shapes"].append(_measure(shape, given.repeat))
        given.out.write_text(json.dumps(about, indent=1))
    for name, (preset, size) in STEPS.items() if "steps" in parts else ():
        about["steps"][name] = _steps(name, preset, size, given.repeat)
        given.out.write_text(json.dumps(about, indent=1))


def _steps(name: str, preset: str, size: int, repeat: int) -> dict[str, float]:
    import torch

    from benchmarks import torch_dcgan

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    system = gans.GANS["dcgan"]
    made = settings.make("dcgan", system, preset, {})
    built = system.build(made, gan.Spec((size, size, 3), None))
    state = jax.jit(built.init)(jax.random.key(0))
    rows = jax.random.uniform(jax.random.key(1), (made.batch, size, size, 3), minval=-1)
    batch = gan.Batch(rows, jnp.zeros(made.batch, jnp.int32))
    step = jax.jit(built.step, donate_argnums=(0,))

    def ours() -> Any:
        nonlocal state
        state, info = step(state, batch, jax.random.key(2))
        return state, info

    runs: dict[str, Callable[[], Any]] = {"ours": ours}
    parameters = sum(x.size for x in jax.tree.leaves((state.generator["params"], state.discriminator["params"])))
    for layout in ("contiguous", "channels last"):
        count, runs[f"torch, {layout}"] = torch_dcgan.iteration(
            size=size, batch=made.batch, width=made.width, latent=made.latent,
            generator_steps=made.heuristics.generator_steps, channels_last=layout == "channels last",
        )  # fmt: skip
        assert count == parameters, f"{count} parameters in torch, {parameters} here"
    best = _alternate(runs, repeat)
    theirs = min(seconds for run, seconds in best.items() if run != "ours")
    print(f"{name}: " + ", ".join(f"{run} {seconds * 1e3:.0f} ms" for run, seconds in best.items()), flush=True)
    print(f"  {theirs / best['ours']:.2f} times as fast as torch", flush=True)
    return best


def _measure(shape: Shape, repeat: int) -> dict[str, Any]:
    x = jax.random.normal(jax.random.key(0), (shape.batch, shape.size, shape.size, shape.c_in))
    kernel = jax.random.normal(jax.random.key(1), (shape.kernel, shape.kernel, shape.c_in, shape.c_out))
    left, right = jnp.ones((2000, 1200)), jnp.ones((1200, 2000))
    ours, laxs = _operations(shape, ours=True), _operations(shape, ours=False)
    g = laxs["forward"](x, kernel, None)
    size = shape.size if shape.transposed else g.shape[1]  # pixels that the kernel meets
    operations = 2 * shape.batch * size**2 * math.prod(kernel.shape)
    runs: dict[str, Callable[[], Any]] = {"matmul": lambda: _multiply(left, right)}
    for name in ours:
        runs[f"{name} ours"] = functools.partial(ours[name], x, kernel, g)
        runs[f"{name} lax"] = functools.partial(laxs[name], x, kernel, g)
    best = _alternate(runs, repeat)
    bare = 2 * 2000 * 1200 * 2000 / best.pop("matmul")
    title = f"{shape.size}x{shape.size} {shape.c_in}->{shape.c_out} k{shape.kernel} s{shape.stride}"
    print(f"{'transposed ' if shape.transposed else ''}{title:34}"[:34] + f"{bare / 1e9:8.0f}")
    for name in ours:
        rates = [operations / best[f"{name} {whose}"] for whose in ("ours", "lax")]
        print(f"  {name:32}" + "".join(f"{rate / 1e9:8.1f} ({rate / bare:4.0%})" for rate in rates), flush=True)
    return {**shape._asdict(), "matmul_flop_per_s": bare, "flop": operations, "seconds": best}


def _operations(shape: Shape, *, ours: bool) -> dict[str, Callable[..., Any]]:
    strides = (shape.stride, shape.stride)

    def forward(x, kernel):
        if shape.transposed:
            return (convolution if ours else lax).conv_transpose(x, kernel, strides, "SAME")
        convolve = (convolution if ours else lax).conv_general_dilated
        return convolve(x, kernel, strides, "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    return {
        "forward": jax.jit(lambda x, kernel, g: forward(x, kernel)),
        "input gradient": jax.jit(lambda x, kernel, g: jax.vjp(lambda x: forward(x, kernel), x)[1](g)),
        "kernel gradient": jax.jit(lambda x, kernel, g: jax.vjp(lambda kernel: forward(x, kernel), kernel)[1](g)),
    }


@jax.jit
def _multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    return a @ b


def _alternate(runs: dict[str, Callable[[], Any]], repeat: int) -> dict[str, float]:
    """Least seconds of each, the runs taking turns; the first, which compiles, does not count."""
    best = dict.fromkeys(runs, math.inf)
    for turn in range(repeat + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            if turn:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()
