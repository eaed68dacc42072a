"""SQ213: the expected answer is looked for anywhere in the completion."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.domain import Holds
from sequester.lint.events import Sought
from sequester.lint.hit import Hit, place_of

CODE = "SQ213"


def hits(event: Sought, subject: str) -> Iterator[Hit]:
    """A hit for each place where the expected answer is looked for in the undivided completion."""
    if not event.value.holds & (Holds.FIELDED | Holds.REASONING):
        message = "the expected answer counts wherever it stands, in the reasoning too: look for it after the split"
        severity = Severity.MEDIUM if event.reasons else Severity.LOW
        yield Hit(CODE, place_of(event.node), subject, message, severity, Severity.MEDIUM)
