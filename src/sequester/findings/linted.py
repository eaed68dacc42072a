"""What lint found in reward code, grader templates and trainer configurations, without running any of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from sequester.findings.model import FindingClass, Severity, Tool, WaiverNote

SCHEMA = "sequester.lint/1"


class LintVerdict(StrEnum):
    """What lint says as a whole. None of it is about a run: code that reads like a leak may never have leaked."""

    FOUND = "found"
    NONE_FOUND = "none_found"
    """No rule matched, at least one reward path, template or configuration was looked at, and nothing was left out."""
    INCOMPLETE = "incomplete"
    NOTHING_ASSESSED = "nothing_assessed"
    """No reward code, grader template or trainer configuration was among the files."""


class LintFinding(Struct, frozen=True, rename={"class_": "class"}):
    """One place that reads like a leak."""

    id: str
    """SHA-256 (24 hex digits) of rule, path, subject and the text of the line without whitespace: stable while lines move."""
    rule: str
    class_: FindingClass
    severity: Severity
    confidence: Severity
    path: str
    line: int
    """1-based; columns too. `end_column` is that of the first character after the place."""
    column: int
    end_line: int
    end_column: int
    subject: str
    """Reward function, template or configuration key."""
    message: str
    """One sentence: what is read here, and how it gets to the score."""
    waiver: WaiverNote | None = None
    """From `# noqa: SQ2xx -- reason` on the line, or from the waiver file."""


class LintResult(Struct, frozen=True, kw_only=True):
    """Everything lint has to say."""

    schema: str = SCHEMA
    verdict: LintVerdict
    tool: Tool
    files: Mapping[str, int]
    """`seen`, `linted` (held something a rule speaks of), `without_subject` (read, and held nothing of the kind).

    A notebook of which one cell could not be read may be linted and not assessed both."""
    not_assessed: Mapping[str, int]
    """Files that could not be read, by reason (`syntax_error`, `too_large`, `not_utf8`, ...)."""
    subjects: Mapping[str, int]
    """Looked at: `reward_functions`, `templates`, `configurations`."""
    findings: tuple[LintFinding, ...]
    waived: int
    without_subject: tuple[str, ...] = ()
    """The first of the files in which nothing to lint was found, Python before others."""
    notes: tuple[str, ...] = ()
    """Files that were not assessed, with line and cause; `noqa` without a reason, which waives nothing."""
