"""What a log says about scores and reasoning: given the answer, does the score go with the length or the markup of the CoT?

An association is a hint, not a proof: nothing was swapped. `assumptions` says under which conditions it means that the score reads the
CoT, and every report prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from sequester.findings.model import FindingClass, Severity, Tool, WaiverNote

SCHEMA = "sequester.association/1"


class AssociationVerdict(StrEnum):
    """What the log says, for one reward path or for all."""

    FOUND = "found"
    """Among samples of one prompt with the same answer, the score goes with a property of the CoT."""
    NONE_FOUND = "none_found"
    """It does not, and an association of the size of interest would have been seen."""
    UNDERPOWERED = "underpowered"
    """Nothing was found, and such an association could well have been missed."""
    NOTHING_ASSESSED = "nothing_assessed"
    """No two samples with a score have prompt and answer in common and different reasoning."""


class Property(StrEnum):
    """What of the CoT is looked at; its words are not."""

    LENGTH = "length"
    MARKUP = "markup"


class Feature(Struct, frozen=True):
    """One property of the CoT against the score, within strata."""

    name: str
    property: Property
    correlation: float
    """Of ranks within strata, from -1 to 1."""
    shift: float
    """Mean score of the samples above their stratum's median of the feature less that of the others; in units of the score."""
    p: float
    """By permutation within strata; not yet adjusted for the number of tests."""
    adjusted_p: float | None
    """With the other property accounted for; None where that is not significant."""
    significant: bool
    """After Benjamini and Hochberg over all features and reward paths of the log, and after that adjustment."""
    strata: int
    """In which the feature varies."""
    episodes: int
    """In these strata."""


class PathAssociation(Struct, frozen=True):
    """One reward path."""

    reward_path: str
    verdict: AssociationVerdict
    reasons: tuple[str, ...]
    """Why the verdict is no stronger: `answers_never_repeat`, `constant_scores`, `constant_length`,
    `too_few_prompts`, `too_few_episodes`, `sampled`."""
    scored: int
    """Episodes with a score and a CoT whose length is known."""
    strata: int
    """Sets of at least two episodes with the same prompt, step and answer, and different CoTs."""
    episodes: int
    """In these strata."""
    prompts: int
    """Of these strata."""
    differing: int
    """Strata in which the scores differ: something besides prompt and answer moves the score, be it the CoT or chance."""
    noisy: int
    """Samples that repeat prompt, answer and CoT of another and got a different score: chance alone does that."""
    upper95: float | None
    """Where no stratum differs: 95 % upper bound on the share of prompts whose score moves as the CoTs in the log do."""
    detectable: float | None
    """Where some do: smallest correlation that those show with probability 0.9."""
    features: tuple[Feature, ...]


class AssociationFinding(Struct, frozen=True, rename={"class_": "class"}):
    """A hint: one property of the CoT that the score of one reward path goes with."""

    id: str
    """SHA-256 (24 hex digits) of rule, reward path and feature: needs no key."""
    rule: str
    class_: FindingClass
    severity: Severity
    reward_path: str
    feature: str
    """The one that shows it most clearly."""
    message: str
    waiver: WaiverNote | None = None


class AssociationResult(Struct, frozen=True, kw_only=True):
    """Everything a log has to say about it."""

    schema: str = SCHEMA
    verdict: AssociationVerdict
    tool: Tool
    alpha: float
    """Of the whole log: with no dependence anywhere, a finding has at most this probability."""
    smallest: float
    """Correlation of interest."""
    seen: int
    """Records read."""
    not_assessed: Mapping[str, int]
    """Episodes that say nothing, by reason."""
    kept: float
    """Share of the strata that memory had room for; chosen by digest, so that those kept are whole."""
    unread: tuple[str, ...]
    """Inputs, or parts of them, that could not be read, with the cause."""
    paths: tuple[PathAssociation, ...]
    findings: tuple[AssociationFinding, ...]
    waived: int = 0
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
