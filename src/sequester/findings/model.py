"""What a check found, what it did not, and what it did not assess.

Every check returns one `Result`; every report format prints that one object, so nothing can be lost on a second path. The field
names are those of the JSON contract (`docs/schemas/audit-1.json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

SCHEMA = "sequester.audit/1"


class Severity(StrEnum):
    """How much a finding weighs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        return _RANK[self]

    def at_least(self, other: Severity) -> bool:
        return self.rank >= other.rank


_RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2}


class FindingClass(StrEnum):
    """In what form the reasoning, or what depends on it, reached a scorer."""

    CONTENT = "content"
    INDIRECT = "indirect"
    IDS = "ids"
    CROSS_EPISODE = "cross_episode"
    LENGTH_FORMAT = "length_format"
    INTEGRITY = "integrity"


class Verdict(StrEnum):
    """What a result says as a whole; `findings.verdict` says when."""

    EXPOSED = "exposed"
    NONE_FOUND = "none_found"
    INCOMPLETE = "incomplete"
    NOTHING_ASSESSED = "nothing_assessed"


class Scope(StrEnum):
    """Of what a verdict speaks: a declared run that was seen whole, or the files that were given."""

    RUN = "run"
    FILES_GIVEN = "files_given"


class ExitCode(IntEnum):
    """Exit codes of every verb."""

    OK = 0
    FINDINGS = 1
    ERROR = 2
    NOTHING_ASSESSED = 3
    INCOMPLETE = 4


class Span(Struct, frozen=True, omit_defaults=True):
    """A shared stretch. Offsets count code points."""

    cot: tuple[int, int]
    """In the episode's reasoning (all reasoning segments joined by a newline each)."""
    input: tuple[int, int]
    """In the decoded input field."""
    field: str = ""
    """That field, in a finding that chains over several; empty: the finding's own."""


class WaiverNote(Struct, frozen=True):
    """The waiver that covers a finding. The finding stays in every numerator."""

    owner: str
    reason: str
    until: str


class Finding(Struct, frozen=True, rename={"class_": "class"}):
    """One place at which private reasoning reached a scorer."""

    id: str
    """HMAC of rule, reward path and normalised private span under the fingerprint key."""
    rule: str
    class_: FindingClass
    severity: Severity
    confidence: Severity
    evidence: str
    episode_id: str
    reward_path: str
    call: int
    """0-based index of the reward call within the episode."""
    field: str
    transforms: tuple[str, ...]
    spans: tuple[Span, ...]
    private_chars: int
    """Normalised private characters of the reasoning that the input holds, each counted once however often it stands there."""
    cot_fraction: float
    """Share of the episode's private normalised characters that these are."""
    waiver: WaiverNote | None = None
    environment: str | None = None
    step: int | None = None
    source: str = ""
    """File and record, `path:record`."""
    note: str = ""
    """Why the severity was lowered or raised; no text of the episode."""
    owner: str = ""
    """`cross_episode`: id of the episode whose reasoning it is, in which `spans` count; empty: that of `episode_id`."""
    owner_source: str = ""
    """That episode's file and record."""


class Group(Struct, frozen=True):
    """Findings of one rule on one reward path and field, as one line."""

    rule: str
    reward_path: str
    field: str
    evidence: str
    severity: Severity
    findings: int
    """All of them, also those below `medium` that are not listed."""
    episodes: int
    of: int
    first_step: int | None
    last_step: int | None
    example: str
    """Id of a finding."""


class InputFile(Struct, frozen=True):
    """One input, with what it declared and what was read of it."""

    path: str
    format: str
    rows_declared: int | None
    """Records that it holds or should hold; None where nobody knows."""
    rows_read: int
    error: str | None = None
    hint: str = ""
    """What to do about the error."""


class Rate(Struct, frozen=True):
    """A share with its numerator, denominator and bound."""

    numerator: str
    denominator: str
    section: str
    count: int
    of: int
    low: float | None
    """found / seen; None when nothing was seen."""
    high: float | None
    """(found + not assessed) / seen; 1 where an unknown number is missing."""
    ci95: tuple[float, float] | None
    bound: str
    """`lower`, `upper` or `two-sided`."""


class EpisodeCounts(Struct, frozen=True):
    """Episodes by what became of them; `not_assessed` by reason."""

    seen: int
    without_cot: int
    audited: int
    exposed: int
    not_assessed: Mapping[str, int]
    unreadable: int = 0
    """Records that could not be read as an episode. They are seen and not assessed, and nobody knows whether they held CoT."""
    undelimited: int = 0
    """Of the exposed: those that a framework's contract exposes and that show no reasoning, neither a delimiter nor a field for it."""


class CallCounts(Struct, frozen=True):
    """Reward calls by what became of them; `not_assessed` by reason."""

    seen: int
    audited: int
    exposed: int
    evidence: Mapping[str, int]
    not_assessed: Mapping[str, int]


class Breakdown(Struct, frozen=True):
    """One row of the table by environment, reward path, stage (a tenth of the steps) and kind of evidence."""

    environment: str | None
    reward_path: str
    stage: str | None
    episodes: int
    exposed: int
    low: float | None
    high: float | None
    evidence: str = ""
    """Empty where the log does not hold what the scorer was given."""


class Affected(Struct, frozen=True):
    """All steps at which an offending reward path was live."""

    first_step: int | None
    last_step: int | None


class Echo(Struct, frozen=True):
    """The policy's own answer or tool call repeats its CoT. Counted, never a finding against the scorer."""

    episodes: int
    of: int
    by_channel: Mapping[str, int]


class RewardMass(Struct, frozen=True):
    """Share of summed absolute advantage in audited episodes."""

    observed: float
    of: float
    unknown: int = 0
    """Episodes, missing ones included, of which nobody knows the advantage."""


class Tool(Struct, frozen=True):
    """What made the result."""

    version: str
    detector: str
    thresholds: Mapping[str, float]


class Reading(Struct, frozen=True):
    """How the inputs were read, so that a finding's record can be read again."""

    format: str | None
    """The format that was named; None where the content decided."""
    template: str
    map: Mapping[str, Any] | None
    """The field map, as parsed."""
    map_name: str


class SkippedRecord(Struct, frozen=True):
    """A record that could not be read as an episode, and why."""

    source: str
    """File and record, `path:record`."""
    reason: str
    cause: str
    """What was wrong: field and expectation, without text of the record."""


class Result(Struct, frozen=True, kw_only=True):
    """Everything a check has to say. Printed by every format; stored by the result store."""

    schema: str = SCHEMA
    tool: Tool
    verdict: Verdict
    scope: Scope
    inputs: tuple[InputFile, ...]
    episodes: EpisodeCounts
    reward_calls: CallCounts
    rates: tuple[Rate, ...]
    by: tuple[Breakdown, ...]
    affected: Affected
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]
    waived: int
    below_threshold: int
    """Findings under `medium`. Of each group the largest are listed."""
    echo: Echo
    reward_mass: RewardMass | None
    notes: tuple[str, ...] = ()
    """Sentences every format prints: limits hit, gaps in the run, unverified readers, next steps."""
    heat: tuple[HeatCell, ...] = ()
    """Exposure by reward path and step."""
    calibration: tuple[str, ...] = ()
    """How well the detector was measured to work: the shipped calibration, then the user's own. Every format says it first."""
    skipped: tuple[SkippedRecord, ...] = ()
    """The first records that could not be read; `episodes.not_assessed` counts them all."""
    reading: Reading | None = None
    """None for a result that was not read from files."""

    @property
    def found(self) -> int:
        """All findings, listed or not."""
        return len(self.findings) + self.unlisted

    @property
    def unlisted(self) -> int:
        """Findings under `medium` that are counted and not listed."""
        return self.below_threshold - sum(not one.severity.at_least(Severity.MEDIUM) for one in self.findings)


class HeatCell(Struct, frozen=True):
    """One reward path at one step, by one kind of evidence."""

    reward_path: str
    step: int
    episodes: int
    exposed: int
    not_assessed: int
    evidence: str = ""
    """Empty where the log does not hold what the scorer was given."""
