"""SQ207: a flag in code shows reasoning to a judge."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.events import Flag
from sequester.lint.hit import Hit, place_of
from sequester.lint.vocabulary import HIDING_FLAGS, JUDGE_NAME, KEEPING_FLAGS, SHOWING_FLAGS

CODE = "SQ207"
_WHOLE_VIEW = "full_trace"


def hits(event: Flag, subject: str) -> Iterator[Hit]:
    """A hit for each flag that shows a judge more than the answer."""
    name = event.name.casefold()
    shown = event.setting is True and (name in SHOWING_FLAGS or (name in KEEPING_FLAGS and JUDGE_NAME.search(event.where)))
    hidden = event.setting is False and name in HIDING_FLAGS
    viewed = event.setting == _WHOLE_VIEW and "view" in name
    if shown or hidden or viewed:
        yield Hit(
            CODE,
            place_of(event.node),
            subject,
            f"`{event.name}={event.setting!r}` shows a judge or a demonstration more than the answer",
            Severity.LOW if viewed else Severity.MEDIUM,
            Severity.MEDIUM,
        )
