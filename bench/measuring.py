"""What all measurements share: medians in one process on one core, and the facts about machine and versions beside them."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sequester import __version__
from sequester.exposure.matching import implementation

ROUNDS = 5
RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("pyarrow", "msgspec", "numpy", "pysimdjson", "numba", "pyahocorasick")


def medians(works: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds of each work: median over `rounds`, after one to warm up. The works take turns, so that a slow spell meets all.

    Each pays for the garbage that it makes itself, and not for the collector's way through the texts that the bench holds: those are
    frozen. Without this a full collection, half as long as a work, falls into some of the rounds of whichever work makes most objects.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    gc.collect()
    gc.freeze()
    for number in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if number:
                times[name].append(time.perf_counter() - start)
    gc.unfreeze()
    return {name: statistics.median(taken) for name, taken in times.items()}


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Keep this process, and what it starts, on so many of its cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def circumstances(argv: Sequence[str], prepared_by: Iterable[str]) -> dict[str, object]:
    """The command and those that made its corpora, the machine in general terms, versions."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "command": "\n".join([*prepared_by, f"python -m {' '.join(argv)}"]),
        "machine": {
            "architecture": platform.machine(),
            "cpu": _cpu(),
            "cores": len(os.sched_getaffinity(0)),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {"python": platform.python_version(), "sequester": __version__, "kernel": implementation, **packages},
    }


def _cpu() -> str:
    """Vendor, family and model as numbers: enough to know the generation."""
    facts: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    wide = "AVX-512" if "avx512_vbmi2" in facts.get("flags", "") else "AVX2" if "avx2" in facts.get("flags", "") else "baseline"
    return f"{facts.get('vendor_id', 'unknown')} family {facts.get('cpu family', '?')} model {facts.get('model', '?')}, {wide}"
