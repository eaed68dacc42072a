"""SQ211: scores are cached by the undivided completion."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import Cached
from sequester.lint.hit import Hit, place_of

CODE = "SQ211"


def hits(event: Cached, subject: str) -> Iterator[Hit]:
    """A hit for each cache whose key covers the reasoning."""
    yield Hit(
        CODE,
        place_of(event.node),
        subject,
        "the key of this cache covers the reasoning: equal answers are graded apart, and the cache keeps the reasoning; key by the answer",
        Severity.LOW,
        Severity.MEDIUM,
    )
