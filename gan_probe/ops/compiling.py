"""Seconds that this process has spent in XLA's compiler: no part of how fast a pass runs."""

from typing import Any

import jax

__all__ = ["seconds"]

_EVENT = "/jax/core/compile/backend_compile_duration"
_spent = 0.0


def seconds() -> float:
    """So far, by all threads."""
    return _spent


def _add(event: str, duration: float, **details: Any) -> None:
    global _spent
    if event == _EVENT:
        _spent += duration


jax.monitoring.register_event_duration_secs_listener(_add)
