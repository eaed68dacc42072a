"""SQ210: reward code prints, logs or writes the undivided completion."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.domain import Holds
from sequester.lint.events import Logged
from sequester.lint.hit import Hit, place_of

CODE = "SQ210"


def hits(event: Logged, subject: str) -> Iterator[Hit]:
    """A hit for each call that writes the undivided completion where others read it."""
    holds = event.value.holds
    if holds & Holds.REASONING or (holds & (Holds.WHOLE | Holds.IDS | Holds.RECORD) and not holds & Holds.FIELDED):
        yield Hit(
            CODE,
            place_of(event.node),
            subject,
            f"`{event.callee}` writes reasoning to where people and other programs read it: write a length or an id",
            Severity.LOW,
            Severity.MEDIUM,
        )
