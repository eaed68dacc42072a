"""SQ202: reward code reads token ids or log-probabilities of the completion."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import IdsUsed
from sequester.lint.hit import Hit, place_of

CODE = "SQ202"


def hits(event: IdsUsed, subject: str) -> Iterator[Hit]:
    """A hit for each place where ids or log-probabilities of the completion are read."""
    yield Hit(
        CODE,
        place_of(event.node),
        subject,
        "token ids or log-probabilities of the whole completion are read here, reasoning included: use those of the answer",
        Severity.MEDIUM,
        Severity.MEDIUM,
    )
