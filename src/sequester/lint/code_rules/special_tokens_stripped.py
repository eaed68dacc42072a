"""SQ204: special tokens are gone before anybody splits."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import Decoded
from sequester.lint.hit import Hit, place_of

CODE = "SQ204"


def hits(event: Decoded, subject: str) -> Iterator[Hit]:
    """A hit for each completion that loses its special tokens before it is scored."""
    yield Hit(
        CODE,
        place_of(event.node),
        subject,
        "decoded with skip_special_tokens=True, then scored: where delimiters are special tokens, reasoning and answer become one text",
        Severity.MEDIUM,
        Severity.MEDIUM,
    )
