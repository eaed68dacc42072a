"""SQ201: reward code splits the completion itself."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import Splitting
from sequester.lint.hit import Hit, place_of

CODE = "SQ201"


def hits(event: Splitting, subject: str) -> Iterator[Hit]:
    """Splits that come back empty without a delimiter; those that do not are SQ205."""
    if not event.fails_open:
        yield Hit(
            CODE,
            place_of(event.node),
            subject,
            "the reward is handed the undivided completion and cuts the reasoning off itself: split before the reward is called",
            Severity.LOW,
            Severity.HIGH,
        )
