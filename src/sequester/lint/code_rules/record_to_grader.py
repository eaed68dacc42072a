"""SQ212: a whole record, state or trace is sent to a grader."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.domain import Holds
from sequester.lint.events import GraderInput
from sequester.lint.hit import Hit, place_of

CODE = "SQ212"


def hits(event: GraderInput, subject: str) -> Iterator[Hit]:
    """A hit for each record, reasoning included, that somebody else is sent to read."""
    if event.value.holds & Holds.RECORD:
        yield Hit(
            CODE,
            place_of(event.node),
            subject,
            f"a whole record is sent with `{event.callee}`, and with it whatever holds reasoning or token ids: name the fields to send",
            Severity.HIGH,
            Severity.MEDIUM,
        )
