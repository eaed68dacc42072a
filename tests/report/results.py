"""Results to print: one builder for the plain case, and Hypothesis strategies for all the others."""

from types import MappingProxyType

import msgspec
from hypothesis import strategies as st

from sequester.episodes.model import Evidence, Reason
from sequester.findings.grouping import Unlisted, group_findings, group_key
from sequester.findings.model import (
    Affected,
    Breakdown,
    CallCounts,
    Echo,
    EpisodeCounts,
    Finding,
    HeatCell,
    InputFile,
    Result,
    RewardMass,
    Scope,
    Severity,
    Span,
    Tool,
    WaiverNote,
)
from sequester.findings.rules import RULES
from sequester.findings.verdict import EXPOSED_CALLS, EXPOSED_EPISODES, bounds, rate, verdict, with_cot

TOOL = Tool(version="0.1.0", detector="kernel-1", thresholds={"window": 31, "medium": 40, "high": 64})
NO_EPISODES = EpisodeCounts(0, 0, 0, 0, {})
NO_CALLS = CallCounts(0, 0, 0, {"recorded": 0, "rebuilt": 0, "contract": 0}, {})


def result(episodes=NO_EPISODES, reward_calls=NO_CALLS, findings=(), unlisted=MappingProxyType({}), **changes):
    """A result with these counts and findings, everything else following from them. `unlisted` are findings counted beside them."""
    findings = tuple(findings)
    inputs = changes.pop("inputs", (InputFile("run.jsonl", "jsonl", episodes.seen, episodes.seen),))
    steps = [one.step for one in findings if one.step is not None]
    plain = Result(
        tool=TOOL,
        verdict=verdict(episodes, reward_calls, inputs),
        scope=Scope.FILES_GIVEN,
        inputs=inputs,
        episodes=episodes,
        reward_calls=reward_calls,
        rates=(
            rate(
                (EXPOSED_EPISODES, "episodes with CoT", "recorded"),
                episodes.exposed,
                with_cot(episodes),
                sum(episodes.not_assessed.values()),
            ),
        ),
        by=(),
        affected=Affected(min(steps, default=None), max(steps, default=None)),
        groups=group_findings(findings, {(one.reward_path, one.evidence): with_cot(episodes) for one in findings}, unlisted),
        findings=findings,
        waived=sum(one.waiver is not None for one in findings),
        below_threshold=sum(one.severity is Severity.LOW for one in findings) + sum(one.findings for one in unlisted.values()),
        echo=Echo(0, with_cot(episodes), {}),
        reward_mass=None,
    )
    return msgspec.structs.replace(plain, **changes)


HOSTILE = ["<script>alert(1)</script>", "a\x1b[31mb", "[bold]x[/]", "\u202egnp", "|", "\ud800", "a\nb", "$tool"]
ANY_NAME = st.one_of(st.sampled_from(["judge", "accuracy_reward", "tests/run.py", *HOSTILE]), st.text(max_size=8))
COUNT = st.integers(0, 10**6)
STEP = st.none() | st.integers(0, 10**4)


def spans():
    return st.lists(st.builds(lambda a, n, b: Span((a, a + n), (b, b + n)), COUNT, st.integers(1, 5000), COUNT), max_size=3).map(
        tuple
    )


def waiver_notes():
    return st.none() | st.builds(WaiverNote, owner=ANY_NAME, reason=ANY_NAME, until=st.just("2026-05-30"))


@st.composite
def findings(draw, most=8):
    """A tuple of findings that agree with the register of rules."""
    found = []
    for number in range(draw(st.integers(0, most))):
        rule = draw(st.sampled_from(tuple(RULES.values())))
        found.append(
            Finding(
                id=f"{draw(st.integers(0, 40)):032x}",
                rule=rule.code,
                class_=rule.class_,
                severity=draw(st.sampled_from(Severity)),
                confidence=draw(st.sampled_from(Severity)),
                evidence="contract" if rule.code in ("SQ110", "SQ111") else draw(st.sampled_from(["recorded", "rebuilt"])),
                episode_id=f"{draw(ANY_NAME)}{number % 7}",
                reward_path=draw(ANY_NAME),
                call=draw(st.integers(0, 3)),
                field=draw(ANY_NAME),
                transforms=tuple(draw(st.lists(st.sampled_from(["base64", "json", "url"]), max_size=2))),
                spans=draw(spans()),
                private_chars=draw(COUNT),
                cot_fraction=draw(st.floats(0, 1)),
                waiver=draw(waiver_notes()),
                environment=draw(st.none() | ANY_NAME),
                step=draw(STEP),
                source=draw(ANY_NAME),
                note=draw(ANY_NAME),
            )
        )
    return tuple(found)


def reasons():
    return st.dictionaries(st.sampled_from([reason.value for reason in Reason]), st.integers(0, 10**5), max_size=4)


@st.composite
def rates_by_kind(draw):
    """Rates of inputs with several kinds of evidence."""
    kinds = draw(st.lists(st.sampled_from([kind.value for kind in Evidence]), min_size=2, unique=True))
    names = [
        names
        for kind in kinds
        for names in (
            (EXPOSED_EPISODES, f"episodes with {kind} reward calls", kind),
            (EXPOSED_CALLS, f"{kind} reward calls", kind),
        )
    ]
    counts = [[draw(COUNT) for _ in range(3)] for _ in names]
    return [
        rate(one, found, found + clear + unknown, unknown) for one, (found, clear, unknown) in zip(names, counts, strict=True)
    ]


@st.composite
def results(draw):
    """Any result that an audit could return, with counts that agree with each other."""
    found = draw(findings())
    low = {group_key(one) for one in found if one.severity is Severity.LOW}
    unlisted = {key: Unlisted(draw(COUNT), 0, None, None) for key in sorted(low) if draw(st.booleans())}
    exposed = len({one.episode_id for one in found if one.severity.at_least(Severity.MEDIUM)})
    missing, unscored = draw(reasons()), draw(reasons())
    audited = max(exposed, draw(COUNT)) if draw(st.booleans()) else exposed
    without = draw(st.integers(0, 1000))
    counts = EpisodeCounts(without + audited + sum(missing.values()), without, audited, exposed, missing)
    kinds = {kind.value: draw(COUNT) for kind in Evidence}
    calls = CallCounts(sum(kinds.values()) + sum(unscored.values()), audited, exposed, kinds, unscored)
    files = st.builds(InputFile, ANY_NAME, st.just("jsonl"), st.none() | COUNT, COUNT, st.none() | ANY_NAME)
    shares = [st.just(share) for share in bounds(exposed, sum(missing.values()), with_cot(counts))]
    changes = {"rates": tuple(draw(rates_by_kind()))} if draw(st.booleans()) else {}
    row = st.builds(Breakdown, st.none() | ANY_NAME, ANY_NAME, st.none() | st.just("10%"), COUNT, COUNT, *shares)
    cell = st.builds(HeatCell, ANY_NAME, st.integers(0, 10**4), COUNT, COUNT, COUNT)
    return result(
        counts,
        calls,
        found,
        unlisted,
        inputs=tuple(draw(st.lists(files, max_size=3))),
        scope=draw(st.sampled_from(Scope)),
        by=tuple(draw(st.lists(row, max_size=4))),
        echo=Echo(draw(COUNT), draw(COUNT), draw(st.dictionaries(st.sampled_from(["answer", "tool_call"]), COUNT))),
        reward_mass=draw(st.none() | st.builds(RewardMass, st.floats(0, 1e6), st.floats(0, 1e6))),
        notes=tuple(draw(st.lists(ANY_NAME, max_size=2))),
        heat=tuple(draw(st.lists(cell, max_size=12))),
        **changes,
    )
