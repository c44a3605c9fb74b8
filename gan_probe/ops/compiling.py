"""Seconds that this process has spent in XLA's compiler: no part of how fast a pass runs."""

import time

import jax

__all__ = ["clock", "seconds"]

_EVENT = "/jax/core/compile/backend_compile_duration"
_spent = 0.0


def seconds() -> float:
    """So far, by all threads."""
    return _spent


def clock() -> float:
    """Seconds by a clock that stands still while something is compiled."""
    return time.perf_counter() - _spent


def _add(event: str, duration_secs: float, **kwargs: str | int) -> None:
    global _spent
    if event == _EVENT:
        _spent += duration_secs


jax.monitoring.register_event_duration_secs_listener(_add)
