"""A finding to start from, for tests: everything plausible, nothing real."""

import msgspec

from sequester.findings.model import Finding, FindingClass, Severity, Span

BASE = Finding(
    id="0" * 32,
    rule="SQ101",
    class_=FindingClass.CONTENT,
    severity=Severity.HIGH,
    confidence=Severity.HIGH,
    evidence="recorded",
    episode_id="e1",
    reward_path="judge",
    call=0,
    field="prompt",
    transforms=(),
    spans=(Span((0, 120), (40, 160)),),
    private_chars=112,
    cot_fraction=0.25,
    step=7,
    source="run.jsonl:1",
)


def finding(**changes):
    """`BASE` with these fields changed; `class_` as in the type."""
    return msgspec.structs.replace(BASE, **changes)
