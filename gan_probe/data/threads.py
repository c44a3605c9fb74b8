"""The pool of threads that decodes images: Pillow and file reads release the interpreter lock."""

import concurrent.futures
import functools
import os
from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["ordered_map"]

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """`[function(item) for item in items]` over the pool; the error of the earliest failing item is raised."""
    items = list(items)
    # A few runs of items for each thread: small images cost less than handing them over one by one.
    size = max(1, len(items) // (8 * _workers()))
    runs = [items[start : start + size] for start in range(0, len(items), size)]
    return [result for run in _pool().map(lambda run: [function(item) for item in run], runs) for result in run]


def _workers() -> int:
    # Some platforms cannot tell which of the cores this process may use.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 32)


@functools.cache
def _pool() -> concurrent.futures.ThreadPoolExecutor:
    return concurrent.futures.ThreadPoolExecutor(_workers(), thread_name_prefix="decode")
