"""A child of `bench.fuzz`: checks inputs in a process of bounded memory, and tells as JSON lines what it does.

python -m bench.fuzz_child SEED FIRST STOP        by hand: an input again, with what it does wrong
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from pathlib import Path

from bench.fuzz_targets import Fuzzer

MEMORY = 4 << 30
"""Address space, bytes."""


def check(seed: int, start: int, stop: int) -> None:
    """A line before each input, which may kill us, and with each failure."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    report = os.fdopen(os.dup(1), "w", buffering=1)
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(seed, Path(folder))
        for number in range(start, stop):
            report.write(f"{json.dumps({'at': number})}\n")
            for failure in fuzzer.check(number):
                report.write(json.dumps({"number": number, "kind": failure.kind, "detail": failure.detail}) + "\n")
        report.write(f"{json.dumps({'at': stop})}\n")


if __name__ == "__main__":
    check(*map(int, sys.argv[1:4]))
