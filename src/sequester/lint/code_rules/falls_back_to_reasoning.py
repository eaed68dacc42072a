"""SQ206: the reasoning is scored where the answer is empty."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import FellBack
from sequester.lint.hit import Hit, place_of

CODE = "SQ206"


def hits(event: FellBack, subject: str) -> Iterator[Hit]:
    """A hit for each place where the reasoning stands in for an empty answer."""
    yield Hit(
        CODE,
        place_of(event.node),
        subject,
        "where the answer is empty, the reasoning field is taken in its place: an empty answer is an empty answer",
        Severity.HIGH,
        Severity.HIGH,
    )
