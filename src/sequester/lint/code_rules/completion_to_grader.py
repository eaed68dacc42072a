"""SQ203: the undivided completion is worked into what a grader reads."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.domain import Holds
from sequester.lint.events import GraderInput
from sequester.lint.hit import Hit, place_of

CODE = "SQ203"


def hits(event: GraderInput, subject: str) -> Iterator[Hit]:
    """A hit for each text with reasoning in it that somebody else is sent to read."""
    holds = event.value.holds
    if holds & (Holds.WHOLE | Holds.REASONING) and not holds & Holds.RECORD:
        what = "the undivided completion" if holds & Holds.WHOLE else "the reasoning"
        message = f"{what} is sent with `{event.callee}`: send the part after the split, and nothing if there is no split"
        severity, confidence = Severity.HIGH, Severity.MEDIUM
        if holds & Holds.FIELDED and not holds & Holds.REASONING:
            message = (
                f"`content` is sent with `{event.callee}` unsplit: reasoning is in it unless the server's parser took it out"
            )
            severity, confidence = Severity.LOW, Severity.LOW
        yield Hit(CODE, place_of(event.node), subject, message, severity, confidence)
