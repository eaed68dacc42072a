"""Compares two outputs of `pip freeze`: `unmoved.py BEFORE AFTER` fails if a distribution of BEFORE is gone or has another version.

The guard lives inside a trainer's environment: installing it may add what is missing there and must move nothing. Standard library
only, since it is run beside any environment.
"""

from __future__ import annotations

import sys
from pathlib import Path


def moved(before: str, after: str) -> list[str]:
    """The lines of `before` that `after` lacks. The package itself may change: it is what was installed."""
    kept = set(after.splitlines())
    return [line for line in before.splitlines() if line not in kept and not line.lower().startswith(("sequester", "-e", "#"))]


def main(before: Path, after: Path) -> int:
    """Exit code: 0 if nothing moved. An empty BEFORE is a failure, since it would show nothing."""
    if not before.read_text().strip():
        print(f"{before}: empty, so nothing was compared", file=sys.stderr)
        return 1
    changed = moved(before.read_text(), after.read_text())
    for line in changed:
        print(f"installing sequester moved or removed {line}", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
