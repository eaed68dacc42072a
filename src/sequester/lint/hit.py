"""What a rule says about a place in a file. The engine makes findings of it."""

from __future__ import annotations

from typing import NamedTuple

from sequester.findings.model import Severity


class Place(NamedTuple):
    """Where, 1-based; the end is the first character after it."""

    line: int
    column: int
    end_line: int
    end_column: int


class Hit(NamedTuple):
    """One match of one rule."""

    rule: str
    """Code, such as `SQ201`."""
    place: Place
    subject: str
    """Reward function, template or configuration key."""
    message: str
    severity: Severity = Severity.MEDIUM
    confidence: Severity = Severity.MEDIUM
