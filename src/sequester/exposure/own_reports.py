"""Whether a file is a report that an audit wrote: it lies beside logs and is none."""

from __future__ import annotations

import re
from pathlib import Path

from sequester.episodes.readers.streams import beginning
from sequester.errors import InputError
from sequester.findings.model import SCHEMA, Verdict

_HEAD = 1 << 12
_JSON = re.compile(rf'\s*\{{\s*"schema"\s*:\s*"{re.escape(SCHEMA.rpartition("/")[0])}/')
_SARIF = re.compile(
    r'\s*\{\s*"\$schema"\s*:\s*"[^"]*sarif[^"]*"[^{]*"runs"\s*:\s*\[\s*\{\s*'
    r'"tool"\s*:\s*\{\s*"driver"\s*:\s*\{\s*"name"\s*:\s*"sequester"'
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CALIBRATION = ("Calibration (", "Calibration: ")
_VERDICTS = frozenset(verdict.value.replace("_", " ").upper() for verdict in Verdict)


def is_own_report(path: Path) -> bool:
    """Whether the file begins as our JSON, SARIF or text reports do, whatever its name. False if it cannot be read."""
    try:
        head = beginning(path, _HEAD).decode("utf-8", "replace")
    except InputError:
        return False
    return bool(_JSON.match(head) or _SARIF.match(head)) or _is_text(_COLOUR.sub("", head))


def _is_text(head: str) -> bool:
    """First how well the detector works, then the verdict on a line of its own."""
    return head.startswith(_CALIBRATION) and any(line.strip() in _VERDICTS for line in head.splitlines())
