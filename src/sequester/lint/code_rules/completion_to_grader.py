"""SQ203: the undivided completion is worked into what a grader reads."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import GraderInput
from sequester.lint.hit import Hit, place_of
from sequester.lint.values import FIELDED, REASONING, RECORD, WHOLE

CODE = "SQ203"


def hits(event: GraderInput, subject: str) -> Iterator[Hit]:
    """A hit for each text with reasoning in it that somebody else is sent to read."""
    holds = event.value.holds
    if holds & (WHOLE | REASONING) and not holds & RECORD:
        what = "the undivided completion" if holds & WHOLE else "the reasoning"
        message = f"{what} is sent with `{event.callee}`: send the part after the split, and nothing if there is no split"
        severity, confidence = Severity.HIGH, Severity.MEDIUM
        if holds & FIELDED and not holds & REASONING:
            message = (
                f"`content` is sent with `{event.callee}` unsplit: reasoning is in it unless the server's parser took it out"
            )
            severity, confidence = Severity.LOW, Severity.LOW
        yield Hit(CODE, place_of(event.node), subject, message, severity, confidence)
