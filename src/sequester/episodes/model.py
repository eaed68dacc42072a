"""The vocabulary of the whole project: what happened in a training run, as frozen facts.

episode         one rollout of the policy
segment         a piece of an episode in one channel, in the order in which the model read or wrote it
reward path     a named way by which a score is computed (environment x grader x code version)
reward call     one scoring of one episode, with the inputs the scorer got, as far as they are known
skipped         a record that could not be turned into an episode, with the reason; never silently dropped

None of these can be part of a reference cycle, so the garbage collector need not look at them (`gc=False`): a run has millions.
"""

from __future__ import annotations

from array import array
from enum import StrEnum

from msgspec import Struct

from sequester.episodes.guarded import GuardedText


class Name(StrEnum):
    """An enumeration that hashes like its value: members are hashed millions of times, and the hash of enums runs in Python."""

    __hash__ = str.__hash__


class Channel(Name):
    """Who spoke, and in which role."""

    PROMPT = "prompt"
    REASONING = "reasoning"
    ANSWER = "answer"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"


class SplitStatus(Name):
    """How sure we are where the chain of thought ends."""

    SPLIT = "split"
    """Reasoning and answer were told apart by ids, typed fields or a complete set of delimiters."""
    NO_COT = "no_cot"
    """Positive evidence that there is no reasoning (token roles, an empty typed field, an empty block)."""
    AMBIGUOUS = "ambiguous"
    """Undelimited text: it may be all answer or all reasoning."""
    SPLIT_FAILED = "split_failed"
    """Delimiters are there but contradict each other."""


class Visibility(Name):
    """What form of the reasoning the log holds."""

    RAW = "raw"
    SUMMARY = "summary"
    REDACTED = "redacted"
    SIGNATURE_ONLY = "signature-only"
    ABSENT = "absent"


class Evidence(Name):
    """Where a reward call's inputs come from. Rates never mix the kinds."""

    RECORDED = "recorded"
    """The exact input was logged."""
    REBUILT = "rebuilt"
    """The framework's contract determines the input from the rollout. Can show exposure, never its absence."""
    CONTRACT = "contract"
    """The framework hands the CoT over whatever the log holds."""


class Reason(Name):
    """Why something was not assessed. Every format prints these names."""

    NO_PRIVATE_TEXT = "no_private_text"
    """Fewer than 31 normalised private characters: nothing to look for."""
    INPUT_NOT_LOGGED = "input_not_logged"
    """The log does not hold the scorer's input and no contract determines it."""
    NO_REWARD_CALL = "no_reward_call"
    """The log names no reward path for this episode."""
    NOT_LOGGED = "not_logged"
    """The log dropped the reasoning (absent, redacted or signature only)."""
    ANSWER_NOT_LOGGED = "answer_not_logged"
    """The log has the reasoning and not the answer: what the scorer got may be the answer repeating it."""
    SUMMARY_ONLY = "summary_only"
    """Only a summary of the reasoning was logged: it can show exposure, never its absence."""
    REBUILT_ONLY = "rebuilt_only"
    """The input was rebuilt or known by contract only, and showed nothing."""
    AMBIGUOUS = "ambiguous"
    SPLIT_FAILED = "split_failed"
    IDS_UNKNOWN = "ids_unknown"
    """The scorer was given token ids, and the log does not hold those of the reasoning to compare them with."""
    LIMIT = "limit"
    """A bound on decoding depth, regions or size was hit; part of the input was not searched."""
    MALFORMED = "malformed"
    """The record could not be read."""
    MISSING_PART = "missing_part"
    """Declared steps, ranks, shards or group members were not among the files."""


class Field(Struct, frozen=True, gc=False):
    """One named piece of what a scorer was given. JSON values are flattened to their leaves by the readers."""

    name: str
    """Where it stood in the input, such as `completions[0].content`."""
    text: GuardedText | None = None
    """A string leaf; None where the leaf is a list of integers."""
    ids: array[int] | None = None
    """A list of integers (`array('q')`): token ids, bytes or code points. A field of neither stands for numbers and booleans alone."""


class Segment(Struct, frozen=True, gc=False):
    """A piece of an episode in one channel."""

    turn: int
    """0-based; a turn is everything the policy sampled between two inputs from outside."""
    channel: Channel
    text: GuardedText
    ids: array[int] | None = None
    """Sampled token ids of exactly this piece, where the log has them."""
    weight: float | None = None
    """Gradient weight of this piece; None where unknown."""


class Split(Struct, frozen=True, gc=False):
    """The splitter's verdict on an episode's sampled text."""

    status: SplitStatus
    reason: str
    """One sentence without any text of the episode."""
    family: str
    """The template family that decided, or `typed`, `ids`, `given`."""


class RewardCall(Struct, frozen=True, gc=False):
    """One scoring of one episode."""

    path: str
    """Name of the reward path."""
    evidence: Evidence
    inputs: tuple[Field, ...] | None = None
    """What the scorer got; None where the log does not hold it (contract evidence, or not logged)."""
    score: float | None = None
    hands_over: str = ""
    """Contract evidence only: the argument by which the framework hands the CoT over, such as `completion_ids`."""
    missing: Reason | None = None
    """Set by a reader that knows why `inputs` is None, or why it is not all that the scorer got."""


class Source(Struct, frozen=True, gc=False):
    """Where a record stood."""

    path: str
    record: int
    """1-based line, row or sample number."""


class Episode(Struct, frozen=True, gc=False):
    """One rollout of the policy, in order, with every scoring of it that is known."""

    episode_id: str
    segments: tuple[Segment, ...]
    split: Split
    source: Source
    calls: tuple[RewardCall, ...] = ()
    environment: str | None = None
    step: int | None = None
    group: str | None = None
    """Advantage group: episodes whose scores are compared with each other."""
    columns: tuple[Field, ...] = ()
    """Dataset columns that the scorer legitimately holds."""
    completion_ids: array[int] | None = None
    """Sampled ids of the whole completion, where they are not known per segment."""
    weight: float | None = None
    """Gradient weight; None means unknown, never 1."""
    model: str | None = None
    sample: int | None = None
    visibility: Visibility = Visibility.RAW
    shard: str | None = None
    """Rank or shard that wrote it, where the log says so."""
    advantage: float | None = None


class Skipped(Struct, frozen=True, gc=False):
    """A record that is not an episode. It counts as seen and not assessed."""

    source: Source
    reason: Reason
    detail: str
    """What was wrong: field and expectation, without text of the record."""
