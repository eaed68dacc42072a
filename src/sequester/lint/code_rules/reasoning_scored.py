"""SQ208: the score depends on what the reasoning says."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.domain import Signal
from sequester.lint.events import Scored
from sequester.lint.hit import Hit, place_of

CODE = "SQ208"


def hits(event: Scored, subject: str) -> Iterator[Hit]:
    """A hit for each place where the reasoning is read and the score depends on it."""
    if event.source.signal is Signal.REASONING:
        yield Hit(
            CODE,
            place_of(event.source.node),
            subject,
            "the reasoning is read here, and what is returned depends on it: score the answer, or declare the signal with owner and end",
            Severity.HIGH,
            Severity.MEDIUM,
        )
