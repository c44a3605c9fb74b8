"""XLA's compiler: the seconds that this process has spent in it, no part of how fast a pass runs, and its programs."""

import hashlib
import pathlib
import platform
import time
import warnings

import jax

__all__ = ["clock", "keep_programs", "seconds"]

_EVENT = "/jax/core/compile/backend_compile_duration"
_WORTH_KEEPING = 0.2  # seconds
_spent = 0.0


def seconds() -> float:
    """So far, by all threads."""
    return _spent


def clock() -> float:
    """Seconds by a clock that stands still while something is compiled."""
    return time.perf_counter() - _spent


def keep_programs(folder: pathlib.Path) -> None:
    """Compiled programs are kept in the folder from run to run, unless JAX has been given another.

    They hold instructions of the processor they were compiled for, which XLA doesn't ask for when it loads them: each
    kind of processor has its own. An entry that can't be read is compiled again, without a word.
    """
    if jax.config.values["jax_compilation_cache_dir"]:
        return
    about = pathlib.Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.is_file() else []
    features = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    kind = f"{platform.machine()} {platform.processor()} {features}"
    jax.config.update("jax_compilation_cache_dir", str(folder / hashlib.sha256(kind.encode()).hexdigest()[:16]))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _WORTH_KEEPING)
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache entry")


def _add(event: str, duration_secs: float, **kwargs: str | int) -> None:
    global _spent
    if event == _EVENT:
        _spent += duration_secs


jax.monitoring.register_event_duration_secs_listener(_add)
