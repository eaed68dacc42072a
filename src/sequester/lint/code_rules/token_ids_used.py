"""SQ202: reward code reads token ids or log-probabilities of the completion."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import IdsUsed
from sequester.lint.hit import Hit, place_of

CODE = "SQ202"


def hits(event: IdsUsed, subject: str) -> Iterator[Hit]:
    """A hit for each place where ids or log-probabilities of the completion are read."""
    message = "token ids or log-probabilities of the whole completion are read here, reasoning included: use those of the answer"
    if event.decoded:
        message = (
            "the whole completion is decoded here, reasoning included: decode the answer, or split before anything reads the text"
        )
    yield Hit(CODE, place_of(event.node), subject, message, Severity.LOW if event.decoded else Severity.MEDIUM, Severity.MEDIUM)
