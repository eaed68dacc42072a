"""The interchange JSONL, key by key, and what becomes of lines that break it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.episodes.readers.contract import CHECKS, DATA, Case

from sequester.episodes.model import Channel, Episode, Evidence, Reason, Skipped, SplitStatus, Visibility
from sequester.episodes.readers.interchange import READER
from sequester.episodes.readers.interface import Options

CASE = Case(READER, DATA / "jsonl" / "episodes.jsonl", episodes=7, skipped=0, canary="counted seven gulls", lines=True)
CONTENT = "The keeper counted seven gulls before the fog rolled in."


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check: Any, tmp_path: Path) -> None:
    check(CASE, tmp_path)


def read(tmp_path: Path, *lines: bytes | dict[str, Any], options: Options | None = None) -> list[Episode | Skipped]:
    path = tmp_path / "episodes.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    options = options or Options()
    return [record for unit in READER.units(path, options) for record in READER.read(unit, options)]


def line(**changes: Any) -> dict[str, Any]:
    base = {"episode_id": "e1", "prompt": "How many gulls?", "reasoning": CONTENT, "answer": "Seven.", "reward_calls": []}
    return {key: value for key, value in (base | changes).items() if value is not ...}


def one(tmp_path: Path, **changes: Any) -> Episode:
    (record,) = read(tmp_path, line(**changes))
    assert isinstance(record, Episode), record
    return record


def refusal(tmp_path: Path, **changes: Any) -> str:
    (record,) = read(tmp_path, line(**changes))
    assert isinstance(record, Skipped)
    assert record.reason is Reason.MALFORMED
    assert CONTENT not in record.detail
    return record.detail


def test_empty_file_holds_no_episodes(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    assert read(tmp_path, b"", b"  ", b"\r") == []


def test_every_key_arrives() -> None:
    units = READER.units(CASE.fixture, Options())
    records = [record for unit in units for record in READER.read(unit, Options())]
    by_id = {record.episode_id: record for record in records if isinstance(record, Episode)}
    first = by_id["e1"]
    assert (first.environment, first.step, first.group, first.weight, first.model, first.sample) == (
        "birds",
        3,
        "g1",
        1.0,
        "m-1",
        0,
    )
    assert [(column.name, column.text.reveal()) for column in first.columns if column.text] == [("ground_truth", "7")]
    assert first.calls[0].path == "match"
    assert first.calls[0].evidence is Evidence.RECORDED
    assert [field.name for field in first.calls[0].inputs or ()] == ["completion", "ground_truth"]
    assert by_id["e2"].split.status is SplitStatus.SPLIT
    assert [field.name for field in by_id["e2"].calls[0].inputs or ()] == [
        "messages[0].role",
        "messages[0].content",
        "messages[1].role",
        "messages[1].content",
    ]
    assert by_id["e3"].split.status is SplitStatus.NO_COT
    assert (by_id["e3"].calls[0].inputs, by_id["e3"].calls[0].missing) == (None, Reason.INPUT_NOT_LOGGED)
    assert (by_id["e4"].split.status, by_id["e4"].visibility) == (SplitStatus.SPLIT, Visibility.ABSENT)
    assert by_id["e4"].calls == ()
    assert [segment.channel for segment in by_id["e5"].segments] == ["prompt", "tool_result", "reasoning", "answer"]
    assert list(by_id["e5"].completion_ids or ()) == list(range(5, 14))
    assert [list(field.ids or ()) for field in by_id["e5"].calls[0].inputs or ()] == [list(range(5, 14))]
    assert [(segment.turn, segment.channel) for segment in by_id["e6"].segments] == [
        (0, "prompt"),
        (0, "reasoning"),
        (0, "tool_call"),
        (0, "tool_result"),
        (1, "answer"),
    ]
    assert (list(by_id["e6"].segments[1].ids or ()), by_id["e6"].segments[1].weight) == ([1, 2, 3], 0.5)
    assert [segment.channel for segment in by_id["e7"].segments] == ["prompt", "prompt", "reasoning", "answer"]
    assert (by_id["e7"].calls[0].inputs, by_id["e7"].calls[0].missing) == ((), None)


def test_absent_weight_and_score_stay_unknown(tmp_path: Path) -> None:
    episode = one(tmp_path, reward_calls=[{"reward_path": "p", "inputs": {"a": "b"}}])
    assert episode.weight is None
    assert episode.calls[0].score is None


def test_null_is_absent(tmp_path: Path) -> None:
    episode = one(
        tmp_path, environment=None, step=None, weight=None, columns=None, reward_calls=None, completion=None, segments=None
    )
    assert episode.split.status is SplitStatus.SPLIT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"promt": "x"}, r"unknown key 'promt' (did you mean 'prompt'?)"),
        (
            {"reward_calls": [{"reward_path": "p", "imputs": {}}]},
            r"reward_calls[0]: unknown key 'imputs' (did you mean 'inputs'?)",
        ),
        ({"inputs": {}}, "unknown key 'inputs' in this place"),
        ({CONTENT: 1}, f"unknown key of {len(CONTENT)} characters"),
        ({"episode_id": 7}, "episode_id: expected a string, got an integer"),
        ({"episode_id": ""}, "episode_id: expected a string of length at least 1"),
        ({"episode_id": ...}, "the key 'episode_id' is missing"),
        ({"prompt": ...}, "the key 'prompt' is missing"),
        ({"prompt": 3}, "prompt: expected a string or a list, got an integer"),
        ({"step": "3"}, "step: expected an integer or null, got a string"),
        ({"step": 10**30}, "step: expected an integer <= 9223372036854775807"),
        ({"completion_ids": [1, "x"]}, "completion_ids[1]: expected an integer, got a string"),
        ({"weight": "1"}, "weight: expected a number or null, got a string"),
        ({"reward_calls": [{"inputs": {}}]}, "reward_calls[0]: the key 'reward_path' is missing"),
        (
            {"reward_calls": [{"reward_path": "p", "inputs": "x"}]},
            "reward_calls[0].inputs: expected an object or null, got a string",
        ),
        ({"visibility": CONTENT}, "visibility: not one of raw, summary, redacted, signature-only, absent"),
        ({"reasoning": ..., "answer": ..., "completion": "x", "template": CONTENT}, "template: not one of qwen3, deepseek-r1"),
        ({"completion": "x"}, "has `reasoning` and `answer` and `completion` together"),
        ({"reasoning": ..., "answer": ...}, "has none of them"),
        (
            {"reasoning": ..., "answer": ..., "segments": [{"turn": 0, "channel": CONTENT, "text": "x"}]},
            "segments: a channel is not one of",
        ),
        (
            {"reasoning": ..., "answer": ..., "segments": [{"turn": -1, "channel": "answer", "text": "x"}]},
            "segments[0].turn: expected",
        ),
    ],
)
def test_what_breaks_the_table_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert message in refusal(tmp_path, **changes)


def test_repeated_id_is_skipped_and_both_lines_count(tmp_path: Path) -> None:
    records = read(tmp_path, line(), line(episode_id="e2"), line())
    assert [type(record) for record in records] == [Episode, Episode, Skipped]
    assert records[2].source.record == 3


def test_bad_lines_cost_only_themselves(tmp_path: Path) -> None:
    deep = b'{"episode_id":"d","prompt":"p","answer":"a","columns":{"x":' + b"[" * 10**6 + b"]" * 10**6 + b"}}"
    bad = [
        b"\x00\x00\x00",
        b"{",
        b"[]",
        b'"text"',
        b'{"episode_id":"\xff"}',
        deep,
        b"not json " * 20,
        b'{"episode_id": 1' + b"0" * 5000 + b"}",
    ]
    records = read(tmp_path, *(item for index, broken in enumerate(bad) for item in (broken, line(episode_id=f"e{index}"))))
    assert [type(record) for record in records] == [Skipped, Episode] * len(bad)
    assert [record.source.record for record in records] == list(range(1, 2 * len(bad) + 1))


@pytest.mark.parametrize("key", ["extra", "texts", "channels"])
def test_no_key_of_another_level_is_suggested(tmp_path: Path, key: str) -> None:
    assert refusal(tmp_path, **{key: 1}) == f"unknown key {key!r}"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b'{"broken": ', "ends early"),
        (b'{"episode_id": 7, "prompt": "cut', "not valid JSON"),
        (b'{"broken": NaN, "prompt": ', "not valid JSON"),
        (b'{"broken": 1} }', "not valid JSON"),
        (b'{"broken": NaN}', "unknown key 'broken'"),
        (b'{"broken": ' + b"[" * 10**6, "nested too deeply"),
    ],
)
def test_a_line_that_is_no_json_is_told_so_whatever_stands_before_the_break(tmp_path: Path, broken: bytes, said: str) -> None:
    record, whole = read(tmp_path, broken, line())
    assert isinstance(record, Skipped)
    assert said in record.detail
    assert isinstance(whole, Episode)


def test_lone_surrogate_and_nan_do_not_cost_the_line(tmp_path: Path) -> None:
    text = rb'{"episode_id":"e1","prompt":"NaN \\ud800","reasoning":"a\ud800b \ud83d\ude00 \\ud800","answer":"NaN",'
    text += rb'"weight":NaN,"reward_calls":[{"reward_path":"p","score":-Infinity}]}'
    (episode,) = read(tmp_path, text)
    assert isinstance(episode, Episode)
    assert [segment.text.reveal() for segment in episode.segments] == ["NaN \\ud800", "a\ufffdb \U0001f600 \\ud800", "NaN"]
    assert episode.weight is None
    assert episode.calls[0].score is None


def test_template_of_the_options_holds_where_the_line_has_none(tmp_path: Path) -> None:
    completion = f"<think>\n{CONTENT}\n</think>\n\nSeven."
    record = line(reasoning=..., answer=..., completion=completion)
    (episode,) = read(tmp_path, record, options=Options(template="qwen3"))
    assert isinstance(episode, Episode)
    assert {segment.channel for segment in episode.segments} == {Channel.PROMPT, Channel.REASONING, Channel.ANSWER}


def test_a_million_leaves_are_a_limit_and_the_call_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequester.episodes.readers.interchange.MAX_LEAVES", 100)
    calls = [{"reward_path": "a", "inputs": {"x": ["y"] * 60}}, {"reward_path": "b", "inputs": {"x": ["y"] * 60}}]
    episode = one(tmp_path, reward_calls=calls)
    assert [call.missing for call in episode.calls] == [None, Reason.LIMIT]


def test_gzip_is_read_like_plain(tmp_path: Path) -> None:
    packed = tmp_path / "no-suffix"
    packed.write_bytes(gzip.compress(CASE.fixture.read_bytes()))
    records = [record for unit in READER.units(packed, Options()) for record in READER.read(unit, Options())]
    assert len(records) == CASE.episodes


def test_no_record_serialises_its_texts(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(one(tmp_path))


def test_a_line_in_which_a_key_stands_twice_is_malformed(tmp_path: Path) -> None:
    twice = json.dumps(line()).replace('"reasoning": ', '"reasoning": "hidden", "reasoning": ').encode()
    (skipped,) = read(tmp_path, twice)
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.detail) == (Reason.MALFORMED, "a key `reasoning` stands twice in one object")
