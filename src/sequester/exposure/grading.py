"""From what was found to findings: severity, confidence, and the words beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Evidence
from sequester.exposure.counts import Handover
from sequester.exposure.lows import Reach
from sequester.exposure.severity import THRESHOLDS, grade, stretch_of
from sequester.exposure.suspects import RULE_OF_CLASS, Sighting, Suspect
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import Finding, FindingClass, Severity


def sightings(suspect: Suspect) -> Iterator[Sighting]:
    """The candidates of an episode, each in its reward call."""
    for index, call in enumerate(suspect.calls):
        for candidate in call.candidates:
            yield Sighting(
                candidate, suspect.episode_id, suspect.environment, suspect.step, suspect.source, call.path, call.evidence, index
            )


def finding(sighting: Sighting) -> Finding | None:
    """What is reported of a candidate that was looked up; None of one that is too short."""
    candidate = sighting.candidate
    stretches = [stretch_of(chain) for chain in candidate.chains]
    grades = [found for stretch in stretches if (found := grade(stretch)) is not None]
    if not grades:
        return None
    severity = max(grades, key=lambda one: one.rank)
    unshared = sum(stretch.unshared for stretch in stretches)
    elsewhere = round(sum(stretch.elsewhere for stretch in stretches) * candidate.once)
    notes = [f"{elsewhere} of these characters stand in other episodes' scorer inputs too"] if elsewhere else []
    if severity is Severity.LOW and not candidate.spans:
        notes.append("too little to be more than low: its places were not looked up")
    if candidate.owner:
        further = f", and of {candidate.further} further episode(s)" if candidate.further else ""
        notes.append(f"the reasoning is that of episode {candidate.owner}{further}")
    if candidate.unlisted:
        notes.append(f"{len(candidate.spans)} of {len(candidate.spans) + candidate.unlisted} spans are listed")
    return Finding(
        id=candidate.fingerprint,
        rule=RULE_OF_CLASS[candidate.class_],
        class_=candidate.class_,
        severity=severity,
        confidence=Severity.HIGH
        if unshared >= THRESHOLDS.run
        else Severity.MEDIUM
        if unshared >= THRESHOLDS.report
        else Severity.LOW,
        evidence=sighting.evidence.value,
        episode_id=sighting.episode_id,
        reward_path=sighting.path,
        call=sighting.call,
        field=candidate.field,
        transforms=candidate.transforms,
        spans=candidate.spans,
        private_chars=candidate.private,
        cot_fraction=round(candidate.covered, 4),
        environment=sighting.environment,
        step=sighting.step,
        source=sighting.source,
        note="; ".join(notes),
        owner=candidate.owner,
        owner_source=candidate.owner_source,
    )


def contract_findings(handovers: Mapping[Handover, Reach], key: FingerprintKey) -> list[Finding]:
    """One finding per reward path and argument by which the framework hands the CoT over."""
    found = []
    for handover, reach in sorted(handovers.items()):
        ids = "ids" in handover.argument
        rule = "SQ111" if ids else "SQ110"
        found.append(
            Finding(
                id=key.fingerprint(rule, handover.path, GuardedText(handover.argument)),
                rule=rule,
                class_=FindingClass.IDS if ids else FindingClass.CONTENT,
                severity=Severity.MEDIUM,
                confidence=Severity.HIGH,
                evidence=Evidence.CONTRACT.value,
                episode_id="",
                reward_path=handover.path,
                call=0,
                field=handover.argument,
                transforms=(),
                spans=(),
                private_chars=0,
                cot_fraction=1.0,
                step=reach.first_step,
                note=f"handed over by the framework's contract, in all {reach.episodes} episodes of this path; next step: "
                "`sequester swap`",
            )
        )
    return found
