"""The columns of a run bundle's Parquet files, format version 1 (`docs/format.md`), and where a text may stand.

Three files make a part, with the same name in three folders. Text that is or may be chain of thought stands in `reasoning/`
alone, so that it can be sealed with a key of its own.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sequester.episodes.model import Channel, SplitStatus

VERSION = 1
MANIFEST = "run.json"
SUFFIX = ".parquet"
EPISODES = "episodes"
REASONING = "reasoning"
REWARD_CALLS = "reward_calls"
FINDINGS = "findings"
PART_FOLDERS = (REASONING, REWARD_CALLS, EPISODES)
"""In the order in which a part's files are published: a part exists once its file in `episodes/` does."""
FOLDERS = (EPISODES, REASONING, REWARD_CALLS, FINDINGS)

GROUP_ROWS = 1000
"""Episodes that a row group holds at most."""
GROUP_BYTES = 1 << 30
"""Decoded bytes that a row group holds at most, in any column."""

VERSION_KEY = "sequester.bundle"
RUN_KEY = "sequester.run"
FILE_KEY = "sequester.file"
"""Keys in the footer: format version, id of the run, and `folder/part` as the file was written."""


def _required(name: str, kind: pa.DataType) -> pa.Field[Any]:
    return pa.field(name, kind, nullable=False)


def _list_of(*fields: pa.Field[Any]) -> pa.ListType[Any]:
    return pa.list_(pa.field("element", pa.struct(fields), nullable=False))


IDS = pa.list_(pa.field("element", pa.int64(), nullable=False))
"""Token ids, bytes or code points."""
FIELDS = _list_of(_required("name", pa.string()), pa.field("text", pa.string()), pa.field("ids", IDS))
SEGMENTS = _list_of(
    _required("turn", pa.int64()),
    _required("channel", pa.string()),
    pa.field("text", pa.string()),
    pa.field("ids", IDS),
    pa.field("weight", pa.float64()),
)

SCHEMAS: dict[str, pa.Schema] = {
    EPISODES: pa.schema(
        [
            _required("episode_id", pa.string()),
            pa.field("environment", pa.string()),
            pa.field("step", pa.int64()),
            pa.field("group", pa.string()),
            pa.field("model", pa.string()),
            pa.field("sample", pa.int64()),
            _required("visibility", pa.string()),
            pa.field("shard", pa.string()),
            pa.field("weight", pa.float64()),
            pa.field("advantage", pa.float64()),
            _required("split_status", pa.string()),
            _required("split_reason", pa.string()),
            _required("split_family", pa.string()),
            pa.field("source_path", pa.string()),
            pa.field("source_record", pa.int64()),
            _required("segments", SEGMENTS),
            _required("columns", FIELDS),
        ]
    ),
    REASONING: pa.schema(
        [
            _required("episode", pa.int64()),
            pa.field("segment", pa.int64()),
            pa.field("text", pa.string()),
            pa.field("ids", IDS),
        ]
    ),
    REWARD_CALLS: pa.schema(
        [
            _required("episode", pa.int64()),
            _required("call", pa.int64()),
            _required("path", pa.string()),
            _required("evidence", pa.string()),
            pa.field("score", pa.float64()),
            _required("hands_over", pa.string()),
            pa.field("missing", pa.string()),
            pa.field("inputs", FIELDS),
        ]
    ),
    FINDINGS: pa.schema(
        [
            _required("id", pa.string()),
            _required("episode_id", pa.string()),
            _required("rule", pa.string()),
            _required("class", pa.string()),
            _required("severity", pa.string()),
            _required("confidence", pa.string()),
            _required("evidence", pa.string()),
            _required("reward_path", pa.string()),
            _required("call", pa.int64()),
            _required("field", pa.string()),
            _required("transforms", pa.list_(_required("element", pa.string()))),
            _required(
                "spans",
                _list_of(*(_required(name, pa.int64()) for name in ("cot_start", "cot_end", "input_start", "input_end"))),
            ),
            _required("private_chars", pa.int64()),
            _required("cot_fraction", pa.float64()),
            pa.field("step", pa.int64()),
        ]
    ),
}

DICTIONARY: dict[str, list[str]] = {
    EPISODES: [
        *("environment", "group", "model", "visibility", "shard", "split_status", "split_reason", "split_family", "source_path"),
    ],
    REASONING: [],
    REWARD_CALLS: ["path", "evidence", "hands_over", "missing"],
    FINDINGS: [],
}
"""Columns with few distinct values. No other string column may be dictionary-encoded: a text would decode slower, and a
short file could claim a billion references to one long value."""

STATISTICS: dict[str, list[str]] = {
    EPISODES: ["step", "sample"],
    REASONING: ["episode"],
    REWARD_CALLS: ["episode", "score"],
    FINDINGS: ["step"],
}
"""Columns with statistics. Texts never have any: a minimum is a quotation, in a part of the file that tools print."""

_MAY_HOLD_REASONING = frozenset({SplitStatus.AMBIGUOUS, SplitStatus.SPLIT_FAILED})
_SAMPLED = frozenset({Channel.ANSWER, Channel.TOOL_CALL})


def is_withheld(status: SplitStatus, channel: Channel) -> bool:
    """Whether a segment's text and ids stand in `reasoning/`: it is reasoning, or nobody can say that it is not."""
    return channel is Channel.REASONING or (status in _MAY_HOLD_REASONING and channel in _SAMPLED)
