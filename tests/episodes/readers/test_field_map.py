"""Any JSONL or Parquet through a field map."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.episodes.readers.contract import CHECKS, DATA, Case

from sequester.episodes.model import Channel, Episode, Evidence, Reason, Skipped, SplitStatus
from sequester.episodes.readers.field_map import READER
from sequester.episodes.readers.interface import Options, Unit
from sequester.errors import ConfigError, InputError

MAP = tomllib.loads((DATA / "map" / "map.toml").read_text())
CASES = [
    Case(
        READER,
        DATA / "map" / name,
        episodes=6,
        skipped=0,
        canary="counted seven gulls",
        options=Options(field_map=MAP),
        recognised=False,
        lines=name.endswith("jsonl"),
    )
    for name in ("rollouts.jsonl", "rollouts.parquet")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fixture.suffix)
@pytest.mark.parametrize("check", CHECKS)
def test_contract(case: Case, check: Any, tmp_path: Path) -> None:
    check(case, tmp_path)


def read(path: Path, field_map: dict[str, Any] | None) -> list[Episode | Skipped]:
    options = Options(field_map=field_map)
    return [record for unit in READER.units(path, options) for record in READER.read(unit, options)]


def write(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "log"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_map_without_records_reads_none(tmp_path: Path) -> None:
    assert read(write(tmp_path), {"episode": {"prompt": "p", "answer": "a"}}) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fixture.suffix)
def test_every_mapped_field_arrives(case: Case) -> None:
    episode = read(case.fixture, MAP)[3]
    assert isinstance(episode, Episode)
    assert (episode.episode_id, episode.environment, episode.step, episode.weight, episode.model) == (
        "r3",
        "birds",
        1,
        None,
        "m-1",
    )
    assert list(episode.completion_ids or ()) == list(range(3, 15))
    assert episode.source.record == 4
    assert [column.name for column in episode.columns] == ["ground_truth"]
    judge, rebuilt, contract = episode.calls
    assert [(field.name, field.text.reveal()) for field in judge.inputs or () if field.text] == [
        ("question", "How many gulls?"),
        ("response", "Question: How many gulls? Response: Seven. (3)"),
    ]
    assert (judge.score, judge.evidence) == (0.3, Evidence.RECORDED)
    assert (rebuilt.path, rebuilt.evidence, rebuilt.score) == ("format", Evidence.REBUILT, 1.0)
    assert (contract.evidence, contract.inputs, contract.hands_over) == (Evidence.CONTRACT, None, "completion_ids")


def test_both_formats_hold_the_same_episodes() -> None:
    lines, rows = (read(case.fixture, MAP) for case in CASES)
    assert [(a.episode_id, a.segments, a.calls) for a in lines if isinstance(a, Episode)] == [
        (b.episode_id, b.segments, b.calls) for b in rows if isinstance(b, Episode)
    ]


def test_missing_column_of_parquet_is_an_error_that_names_it_and_the_others() -> None:
    field_map = {"episode": {"prompt": "mesages", "answer": "truth"}}
    with pytest.raises(InputError, match="has no column 'mesages'") as error:
        read(CASES[1].fixture, field_map)
    assert error.value.hint.startswith("did you mean 'messages'? columns: ")
    assert "judge_input, messages" in error.value.hint


@pytest.mark.parametrize(
    ("field_map", "hint"),
    [
        ({"episode": {"prompt": 3, "answer": "a"}}, "write a path in quotes"),
        ({"episode": {"promt": "p"}}, "keys of [episode]: prompt, "),
        (
            {"episode": {"prompt": "p", "answer": "a"}, "reward_call": [{"path": "x", "evidence": "guess"}]},
            "evidence is recorded, rebuilt or contract",
        ),
    ],
)
def test_what_a_map_may_say_is_said_without_the_documentation(tmp_path: Path, field_map: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(write(tmp_path, {"p": "x", "a": "y"}), field_map)
    assert hint in error.value.hint


def test_missing_key_of_a_line_names_it_and_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "a": "Because."}, {"q": "Why?", "b": 1})
    first, second = read(path, {"episode": {"prompt": "q", "answer": "a"}})
    assert isinstance(first, Episode)
    assert first.episode_id == "log:1"
    assert isinstance(second, Skipped)
    assert second.detail == "has no 'a'; columns: b, q"


def test_optional_key_may_be_absent(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "a": "Because."})
    (episode,) = read(path, {"episode": {"prompt": "q", "answer": "a", "reasoning": "r?", "step": "s?"}})
    assert isinstance(episode, Episode)
    assert (episode.split.status, episode.step) == ("ambiguous", None)


def test_null_inputs_are_not_logged(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "a": "Because.", "seen": None})
    field_map = {
        "episode": {"prompt": "q", "answer": "a"},
        "reward_call": [{"path": "p", "inputs": {"x": "seen"}}, {"path": "s"}],
    }
    (episode,) = read(path, field_map)
    assert isinstance(episode, Episode)
    assert [call.missing for call in episode.calls] == [Reason.INPUT_NOT_LOGGED] * 2


@pytest.mark.parametrize("missing", [None, [], {}, {"messages": [{"parts": ["p"]}, {"content": "c"}]}, {"messages": []}])
@pytest.mark.parametrize("beside", [{"value": "Grade it."}, "q"])
def test_an_input_missing_in_part_is_not_logged_and_what_is_there_is_kept(tmp_path: Path, missing: Any, beside: Any) -> None:
    path = write(tmp_path, {"q": "Why?", "a": "Because.", "seen": missing})
    place = "seen.messages[*].content" if missing and "messages" in missing else "seen"
    inputs = {"beside": beside, "judge": place}
    (episode,) = read(path, {"episode": {"prompt": "q", "answer": "a"}, "reward_call": [{"path": "p", "inputs": inputs}]})
    assert isinstance(episode, Episode)
    (call,) = episode.calls
    assert call.missing is Reason.INPUT_NOT_LOGGED
    assert next(field.name for field in call.inputs or ()) == "beside"


def test_an_absent_input_is_not_logged_though_it_may_be_absent_and_a_constant_never_is(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "a": "Because.", "n": 512, "empty": ""})
    field_map = {
        "episode": {"prompt": "q", "answer": "a"},
        "reward_call": [
            {"path": "p", "inputs": {"r": {"value": "Grade it."}, "x": "seen?"}},
            {"path": "c", "inputs": {"r": {"value": "Grade it."}}},
            {"path": "n", "inputs": {"n": "n"}},
            {"path": "e", "inputs": {"n": "empty"}},
        ],
    }
    (episode,) = read(path, field_map)
    assert isinstance(episode, Episode)
    assert [call.missing for call in episode.calls] == [Reason.INPUT_NOT_LOGGED, None, None, None]


def test_messages_that_all_lack_what_a_path_asks_of_them_are_malformed(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "a": "Because.", "judge": {"messages": [{"role": "user", "parts": ["p"]}]}})
    inputs = {"r": {"value": "Grade it."}, "judge": "judge.messages[*].content"}
    (record,) = read(path, {"episode": {"prompt": "q", "answer": "a"}, "reward_call": [{"path": "p", "inputs": inputs}]})
    assert isinstance(record, Skipped)
    assert "has no 'judge.messages[*].content'" in record.detail


@pytest.mark.parametrize(
    ("written", "step", "score"),
    [("7", 7, 7.0), (" 7 ", 7, 7.0), ("-3", -3, -3.0), (7.0, 7, 7.0), (float("nan"), None, None), (None, None, None)],
)
def test_numbers_that_a_table_keeps_as_text_are_numbers(
    tmp_path: Path, written: Any, step: int | None, score: float | None
) -> None:
    field_map = {
        "episode": {"episode_id": "s", "prompt": "q", "answer": "a", "step": "s", "group": "g"},
        "reward_call": [{"path": "p", "score": "s"}, {"path": "c", "score": "parts"}],
    }
    (episode,) = read(write(tmp_path, {"q": "Why?", "a": "x", "s": written, "g": "", "parts": {"x": 1.0, "y": 0.5}}), field_map)
    assert isinstance(episode, Episode)
    assert (episode.step, episode.group, [call.score for call in episode.calls]) == (step, None, [score, None])


@pytest.mark.parametrize("written", ["0.5", ".5", "5e-1", "NaN", "inf"])
def test_a_score_kept_as_text_is_a_number_if_it_is_one(tmp_path: Path, written: str) -> None:
    field_map = {"episode": {"prompt": "q", "answer": "a"}, "reward_call": [{"path": "p", "score": "s"}]}
    (episode,) = read(write(tmp_path, {"q": "Why?", "a": "x", "s": written}), field_map)
    assert isinstance(episode, Episode)
    assert episode.calls[0].score == (0.5 if "5" in written else None)


def test_samples_of_a_prompt_in_one_record_are_never_one_episode(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "c": ["<think>x</think>One.", "<think>y</think>Two."]}, {"q": "Why?", "c": ["One."]})
    both, single = read(path, {"episode": {"prompt": "q", "completion": "c"}})
    assert isinstance(both, Skipped) and both.detail.startswith("completion: holds 2 texts, and one record is one episode")
    assert isinstance(single, Episode)
    joined, _ = read(path, {"episode": {"prompt": "q", "completion": "c[*]"}})
    assert isinstance(joined, Episode)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"step": "three"}, "step: expected an integer, got a string"),
        ({"step": 1.5}, "step: expected an integer, got a number with a decimal point"),
        ({"uid": ["x"]}, "episode_id: expected a text of 1 to 1024 characters or an integer, got a list"),
        ({"q": 3}, "prompt: expected text or a list of texts, got an integer"),
        ({"a": {"x": 1}}, "answer: expected text or a list of texts, got an object"),
        ({"score": "high"}, "score: expected a number, got a string"),
    ],
)
def test_wrong_types_are_named(tmp_path: Path, changes: dict[str, Any], detail: str) -> None:
    row = {"uid": 1, "q": "Why?", "a": "Because.", "step": 1, "score": 1} | changes
    field_map = {
        "episode": {"episode_id": "uid", "prompt": "q", "answer": "a", "step": "step"},
        "reward_call": [{"path": "p", "score": "score"}],
    }
    (record,) = read(write(tmp_path, row), field_map)
    assert isinstance(record, Skipped)
    assert record.detail == detail


@pytest.mark.parametrize(
    ("field_map", "message"),
    [
        (None, "needs a field map"),
        ({}, "the key 'episode' is missing"),
        (
            {"episode": {"prompt": "p", "answer": "a", "reasonning": "r"}},
            r"unknown key 'reasonning' \(did you mean 'reasoning'\?\)",
        ),
        ({"episode": {"prompt": "p", "answer": "a"}, "reward_calls": []}, r"did you mean 'reward_call'\?"),
        ({"episode": {"prompt": "p"}}, "maps neither `completion` nor `reasoning` or `answer`"),
        ({"episode": {"prompt": "p", "answer": "a", "completion": "c"}}, "maps both"),
        ({"episode": {"prompt": "p", "completion": "c", "template": "qwen"}}, "unknown template family"),
        ({"episode": {"prompt": "p[", "answer": "a"}}, "is no path into a record"),
        ({"episode": {"prompt": "p", "answer": "a"}, "reward_call": [{"path": "x", "evidence": "contract"}]}, "belong together"),
        ({"episode": {"prompt": "p", "answer": "a"}, "reward_call": [{"path": "x", "evidence": "guess"}]}, "evidence: "),
    ],
)
def test_a_wrong_map_is_a_configuration_error(tmp_path: Path, field_map: dict[str, Any] | None, message: str) -> None:
    path = write(tmp_path, {"p": "x", "a": "y"})
    with pytest.raises(ConfigError, match=message):
        read(path, field_map)


def test_items_of_a_list_become_one_text(tmp_path: Path) -> None:
    path = write(tmp_path, {"q": "Why?", "turns": [{"r": "First."}, {"x": 0}, {"r": "Then."}], "a": "So."})
    (episode,) = read(path, {"episode": {"prompt": "q", "reasoning": "turns[*].r", "answer": "a"}})
    assert isinstance(episode, Episode)
    assert [segment.text.reveal() for segment in episode.segments] == ["Why?", "First.\n\nThen.", "So."]


def test_a_column_with_dots_in_its_name_is_that_column(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"prompt.text": ["Why?"], "a": ["So."], "blob": [b"\x01" * 9]}), path)
    field_map = {"episode": {"prompt": "prompt.text", "answer": "a"}, "reward_call": [{"path": "p", "inputs": {"blob": "blob"}}]}
    (episode,) = read(path, field_map)
    assert isinstance(episode, Episode)
    assert episode.segments[0].text.reveal() == "Why?"
    assert [list(field.ids or ()) for field in episode.calls[0].inputs or ()] == [[1] * 9]


def test_rows_that_are_not_utf8_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    data = pa.array([b"So.", b"\xff\xfe", b"Yes."]).view(pa.string())
    pq.write_table(pa.table({"q": ["a", "b", "c"], "a": data}), path)
    records = read(path, {"episode": {"prompt": "q", "answer": "a"}})
    assert [type(record) for record in records] == [Episode, Skipped, Episode]


def test_the_types_of_parquet_are_read_as_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "log"
    table = {
        "prompt": pa.array([b"Why?", b"\xff"], pa.binary()),
        "thought": pa.array(["because"] * 2).dictionary_encode(),
        "answer": pa.array(["yes"] * 2, pa.large_string()),
        "step": pa.array([Decimal("3"), Decimal("4")], pa.decimal128(10, 2)),
        "score": pa.array([Decimal("0.5"), None], pa.decimal128(10, 2)),
        "meta": pa.array([[("env", "harbour")]] * 2, pa.map_(pa.string(), pa.string())),
        "judge": pa.array([[{"content": "graded"}]] * 2),
    }
    pq.write_table(pa.table(table), path)
    calls = [{"path": "judge", "inputs": {"messages": "judge[*].content"}, "score": "score"}]
    fields = {"prompt": "prompt", "reasoning": "thought", "answer": "answer", "step": "step", "environment": "meta.env"}
    first, second = read(path, {"episode": fields, "reward_call": calls})
    assert isinstance(first, Episode) and isinstance(second, Skipped)
    assert [segment.text.reveal() for segment in first.segments] == ["Why?", "because", "yes"]
    assert (first.step, first.environment, first.calls[0].score) == (3, "harbour", 0.5)
    assert second.detail == "prompt: expected text or a list of texts, got bytes"


def test_a_map_column_with_a_key_twice_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    twice = pa.array([[("env", "a"), ("env", "b")]], pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table({"p": ["q"], "a": ["x"], "meta": twice}), path)
    [skipped] = read(path, {"episode": {"prompt": "p", "answer": "a", "environment": "meta.env"}})
    assert isinstance(skipped, Skipped) and skipped.reason is Reason.MALFORMED
    assert skipped.detail == "has no 'meta.env'; columns: a, meta, p"


def test_a_value_that_python_cannot_hold_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log"
    pq.write_table(pa.table({"p": ["q"], "a": ["x"], "when": pa.array([2**62], pa.timestamp("us"))}), path)
    [skipped] = read(path, {"episode": {"prompt": "p", "answer": "a"}, "reward_call": [{"path": "j", "inputs": {"w": "when"}}]})
    assert isinstance(skipped, Skipped) and skipped.detail == "when: cannot be decoded (OverflowError)"


def test_a_conversation_may_be_one_message_or_json_in_a_text(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "<think>\nbecause\n</think>\nyes"}]
    path = write(tmp_path, {"chat": chat, "packed": json.dumps(chat)})
    for place in ("chat", "packed"):
        [episode] = read(path, {"episode": {"prompt": f"{place}[0]", "completion": f"{place}[-1]"}})
        assert isinstance(episode, Episode)
        assert [segment.channel.value for segment in episode.segments] == ["prompt", "reasoning", "answer"]
    [whole] = read(path, {"episode": {"prompt": {"value": ""}, "completion": "packed[*]"}})
    assert isinstance(whole, Episode)
    assert [segment.channel.value for segment in whole.segments] == ["prompt", "reasoning", "answer"]


def test_messages_kept_as_json_text_are_messages_and_an_answer_in_json_is_text(tmp_path):
    thought, answer = "Six by the table, so I say noon and hope.", "Low water is at about noon, give or take."
    message = {"role": "assistant", "content": answer, "reasoning_content": thought}
    logged = [[{"role": "user", "content": "?"}, message], message, {"choices": [{"message": message}]}]
    log = tmp_path / "log.jsonl"
    log.write_text(
        "".join(json.dumps({"prompt": "q", "completion": json.dumps(value)}) + "\n" for value in [*logged, [{"a": 1}]])
    )
    options = Options(field_map={"episode": {"prompt": "prompt", "completion": "completion"}})
    *typed, text = READER.read(Unit(str(log)), options)
    for episode in typed:
        assert isinstance(episode, Episode)
        assert episode.split.status is SplitStatus.SPLIT
        found = [
            (segment.channel, segment.text.reveal()) for segment in episode.segments if segment.channel is not Channel.PROMPT
        ]
        assert found == [(Channel.REASONING, thought), (Channel.ANSWER, answer)]
    assert isinstance(text, Episode)
    assert text.split.status is SplitStatus.AMBIGUOUS


@pytest.mark.parametrize(("logged", "score"), [([0.0, 0.0, 1.5], 1.5), ([1], 1.0), ([], None), (None, None), (2, 2.0)])
def test_a_score_per_token_is_summed(tmp_path, logged, score):
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps({"prompt": "q", "completion": "a", "score": logged}))
    calls = [{"path": "judge", "inputs": {"response": "completion"}, "score": "score"}]
    options = Options(field_map={"episode": {"prompt": "prompt", "completion": "completion"}, "reward_call": calls})
    (episode,) = READER.read(Unit(str(log)), options)
    assert isinstance(episode, Episode)
    assert episode.calls[0].score == score
