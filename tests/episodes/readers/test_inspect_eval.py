"""The Inspect reader, on logs that Inspect wrote (`tests/data/inspect`) and on logs that nobody should have written."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from tests.episodes.readers.contract import CHECKS, DATA, Case

from sequester.episodes.model import Channel, Episode, Evidence, Reason, RewardCall, Skipped, Source, SplitStatus, Visibility
from sequester.episodes.readers.inspect_eval import READER
from sequester.episodes.readers.inspect_sample import Log, sample_episode
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.zipped import ZippedFile
from sequester.errors import InputError

LOGS = DATA / "inspect"
OPTIONS = Options()
WORDS = "The poem"
CASES = [
    Case(READER, LOGS / "clean.eval", episodes=6, skipped=0, canary=WORDS),
    Case(READER, LOGS / "chunked.eval", episodes=3, skipped=0, canary=WORDS),
    Case(READER, LOGS / "leaky.json", episodes=3, skipped=0, canary=WORDS),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fixture.name)
@pytest.mark.parametrize("check", CHECKS)
def test_contract(check: Any, case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def records(path: Path) -> list[Episode | Skipped]:
    return [record for unit in READER.units(path, OPTIONS) for record in READER.read(unit, OPTIONS)]


def episodes(path: Path) -> list[Episode]:
    found = records(path)
    assert all(isinstance(record, Episode) for record in found), found
    return [record for record in found if isinstance(record, Episode)]


def texts(episode: Episode, channel: Channel) -> list[str]:
    return [segment.text.reveal() for segment in episode.segments if segment.channel is channel]


def call(episode: Episode, path: str) -> RewardCall:
    [found] = [call for call in episode.calls if call.path == path]
    return found


def given(episode: Episode, path: str) -> str:
    return "\n".join(field.text.reveal() for field in call(episode, path).inputs or () if field.text is not None)


def written(name: str) -> dict[str, dict[str, str]]:
    lines = (LOGS / name).read_text().splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


def test_a_log_without_samples_has_no_episodes(tmp_path: Path) -> None:
    path = log(tmp_path, [])
    assert records(path) == []
    assert READER.declared(path, OPTIONS).rows is None


def test_the_reasoning_is_told_apart_in_every_format() -> None:
    traces = written("traces.jsonl")
    for name in ("leaky.eval", "leaky.json", "chunked.eval"):
        found = {episode.group: episode for episode in episodes(LOGS / name)}
        assert len(found) == 3
        for identity, episode in found.items():
            trace = traces[str(identity)]
            reasoning = "".join(texts(episode, Channel.REASONING))
            assert episode.split.status is SplitStatus.SPLIT
            assert texts(episode, Channel.ANSWER) == [trace["answer"]]
            assert texts(episode, Channel.PROMPT) == [trace["prompt"]]
            assert reasoning == trace["reasoning"][: 200 if episode.visibility is Visibility.SUMMARY else None]
            assert (episode.environment, episode.model, episode.sample) == ("feedback", "mockllm/policy", 1)


def test_formats_of_one_log_read_alike() -> None:
    plain, json_log, chunked = (episodes(LOGS / name) for name in ("leaky.eval", "leaky.json", "chunked.eval"))
    by_id = {episode.episode_id: episode for episode in plain}
    for other in (*json_log, *chunked):
        same = by_id[other.episode_id]
        assert (other.segments, other.split, other.calls, other.columns) == (same.segments, same.split, same.calls, same.columns)


def test_a_grader_that_is_given_the_reasoning_is_recorded_with_it() -> None:
    for episode in episodes(LOGS / "leaky.eval"):
        seen, clean = call(episode, "sees_reasoning"), call(episode, "model_graded_qa")
        assert seen.evidence is clean.evidence is Evidence.RECORDED
        assert (seen.score, clean.score) == (1.0, 1.0)
        last = texts(episode, Channel.REASONING)[-1]
        assert json.dumps(last)[1:-1] in given(episode, "sees_reasoning")
        assert last not in given(episode, "model_graded_qa")
        assert texts(episode, Channel.ANSWER)[0] in given(episode, "model_graded_qa")


def test_a_tool_call_ends_a_turn() -> None:
    [episode] = [e for e in episodes(LOGS / "leaky.eval") if texts(e, Channel.TOOL_CALL)]
    assert [(segment.turn, segment.channel) for segment in episode.segments] == [
        (0, Channel.PROMPT),
        (0, Channel.REASONING),
        (0, Channel.TOOL_CALL),
        (0, Channel.TOOL_RESULT),
        (1, Channel.REASONING),
        (1, Channel.ANSWER),
    ]
    assert texts(episode, Channel.TOOL_CALL)[0].startswith("word_count ")


def test_inspects_own_text_scorers_were_given_the_completion() -> None:
    for episode in episodes(LOGS / "clean.eval"):
        made = call(episode, "includes")
        assert (made.evidence, given(episode, "includes")) == (Evidence.REBUILT, texts(episode, Channel.ANSWER)[-1])
    assert {episode.sample for episode in episodes(LOGS / "clean.eval")} == {1, 2}


def test_reasoning_that_the_provider_kept_is_not_taken_for_none() -> None:
    found = [(episode.visibility, episode.split.status) for episode in episodes(LOGS / "hidden.eval")]
    assert sorted(found) == [(Visibility.REDACTED, "split")] + [(Visibility.SIGNATURE_ONLY, "split")] * 2


def test_tags_inside_a_text_are_split_and_the_grader_had_them() -> None:
    for episode in episodes(LOGS / "inline.eval"):
        assert episode.split.status is SplitStatus.SPLIT
        assert texts(episode, Channel.REASONING)[0].strip() in given(episode, "model_graded_qa")


def test_grading_in_the_middle_of_a_sample_belongs_to_the_scorer() -> None:
    for episode in episodes(LOGS / "middle.eval"):
        seen = call(episode, "sees_reasoning")
        assert seen.evidence is Evidence.RECORDED
        assert len([field for field in seen.inputs or () if field.name.endswith("content")]) == 1  # the same prompt twice


# Logs made by hand, to say one thing each.

HEADER = {"version": 2, "status": "success", "eval": {"eval_id": "e", "task": "t", "model": "m", "dataset": {}, "config": {}}}
USER = {"role": "user", "content": "q", "source": "input"}
REPLY = {
    "id": "a",
    "role": "assistant",
    "content": [{"type": "reasoning", "reasoning": "because"}, {"type": "text", "text": "yes"}],
}
SCORER = [
    {"event": "span_begin", "id": "s", "span_id": "s", "type": "scorer", "name": "judge"},
    {"event": "model", "span_id": "s", "input": [{"role": "user", "content": "grade: yes"}], "output": {}},
]


def sample(**fields: Any) -> dict[str, Any]:
    return {"id": 1, "epoch": 1, "input": "q", "target": "y", "messages": [USER, REPLY], "events": [], **fields}


def archive(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return path


def log(folder: Path, samples: list[Any], header: dict[str, Any] = HEADER) -> Path:
    entries = {"header.json": json.dumps(header).encode()}
    for number, record in enumerate(samples):
        entries[f"samples/{number}_epoch_1.json"] = record if isinstance(record, bytes) else json.dumps(record).encode()
    return archive(folder / "log.eval", entries)


def test_steps_stand_in_for_spans_in_old_logs(tmp_path: Path) -> None:
    events = [
        {"event": "step", "action": "begin", "type": "scorer", "name": "judge"},
        {"event": "model", "input": [{"role": "user", "content": "tc://k"}], "output": {}},
        {"event": "step", "action": "end", "type": "scorer", "name": "judge"},
    ]
    record = sample(transcript={"events": events, "content": {"k": "the prompt"}}, score={"value": "I"})
    [episode] = episodes(log(tmp_path, [record], HEADER | {"version": 1}))
    assert given(episode, "judge") == "user\nthe prompt"
    assert call(episode, "judge").score == 0.0


def test_a_lost_attachment_leaves_no_recorded_input(tmp_path: Path) -> None:
    events = [SCORER[0], SCORER[1] | {"input": [{"role": "user", "content": "attachment://gone"}]}]
    [episode] = episodes(log(tmp_path, [sample(events=events)]))
    assert call(episode, "judge").evidence is Evidence.REBUILT


@pytest.mark.parametrize(
    ("references", "evidence"),
    [
        ([[0, 2]], Evidence.RECORDED),
        ([], Evidence.RECORDED),
        ([[0, 3]], Evidence.REBUILT),
        ([[0, 1], [5, 6]], Evidence.REBUILT),
        ([[-1, 2]], Evidence.REBUILT),
        ([[0, 1], "x"], Evidence.REBUILT),
    ],
)
def test_a_lost_message_leaves_no_recorded_input(tmp_path: Path, references: list[Any], evidence: Evidence) -> None:
    events = [SCORER[0], SCORER[1] | {"input_refs": references}]
    record = sample(events=events, events_data={"messages": [USER, USER | {"id": "other"}]})
    [episode] = episodes(log(tmp_path, [record]))
    assert call(episode, "judge").evidence is evidence


def test_scoring_in_the_middle_without_a_call_of_its_own_is_not_assessed(tmp_path: Path) -> None:
    policy = {"event": "model", "span_id": "x", "input": [], "output": {"choices": [{"message": REPLY}]}}
    middle = {"event": "score", "span_id": "x", "intermediate": True, "scorer": "judge", "score": {"value": 1}}
    [episode] = episodes(log(tmp_path, [sample(events=[policy, middle, *SCORER])]))
    assert [(made.evidence, made.missing) for made in episode.calls] == [
        (Evidence.RECORDED, None),
        (Evidence.RECORDED, Reason.INPUT_NOT_LOGGED),
    ]


def code_scored(**fields: Any) -> dict[str, Any]:
    return sample(scores={"mine": {"value": 1}, "match1": {"value": "C"}}, **fields)


def test_a_scorer_of_the_users_own_code_was_handed_the_reasoning(tmp_path: Path) -> None:
    output = {"choices": [{"message": REPLY}], "completion": "yes"}
    [episode] = episodes(log(tmp_path, [code_scored(output=output)]))
    assert (call(episode, "mine").evidence, call(episode, "mine").hands_over) == (Evidence.CONTRACT, "state.messages")
    assert (call(episode, "match1").evidence, given(episode, "match1")) == (Evidence.REBUILT, "yes")


def test_the_completion_of_old_logs_stands_in_the_message(tmp_path: Path) -> None:
    [episode] = episodes(log(tmp_path, [code_scored(output={"choices": [{"message": REPLY}]})]))
    assert given(episode, "match1") == "yes"
    [episode] = episodes(log(tmp_path, [code_scored()]))
    assert call(episode, "match1").evidence is Evidence.CONTRACT


def test_messages_without_reasoning_hand_none_over(tmp_path: Path) -> None:
    turn = {"id": "a", "role": "assistant", "content": "yes"}
    policy = {"event": "model", "model": "m", "output": {"choices": [{"message": REPLY}]}}
    [episode] = episodes(log(tmp_path, [code_scored(messages=[USER, turn], events=[policy])]))
    assert texts(episode, Channel.REASONING) == ["because"]
    assert call(episode, "mine").missing is Reason.INPUT_NOT_LOGGED


def said(identity: str, reasoning: str, answer: str) -> dict[str, Any]:
    parts = [{"type": "reasoning", "reasoning": reasoning}, {"type": "text", "text": answer}]
    return {"id": identity, "role": "assistant", "content": parts}


def test_turns_that_an_agent_dropped_and_calls_aside_are_the_policys_too(tmp_path: Path) -> None:
    def made(reply: dict[str, Any], *read: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return {"event": "model", "model": "m", "input": list(read), "output": {"choices": [{"message": reply}]}, **fields}

    first, aside, last = said("1", "first thought", "one"), said("2", "aside thought", "two"), said("3", "last thought", "three")
    others = [
        made(said("4", "critic's thought", "four"), role="critic"),
        made(said("5", "helper's thought", "five"), model="other"),
    ]
    failed = made(said("6", "none", "none"), error="down")
    asked = {"id": "u", "role": "user", "content": "sum up: first thought"}
    events = [made(first, USER), made(aside, asked), *others, failed, made(last, USER, first)]
    [episode] = episodes(log(tmp_path, [sample(messages=[USER, {**last, "content": "three"}], events=events)]))
    kinds = [(segment.channel.value, segment.text.reveal()) for segment in episode.segments]
    assert kinds == [
        ("prompt", "q"),
        ("reasoning", "first thought"),
        ("answer", "one"),
        ("prompt", "sum up: first thought"),
        ("reasoning", "aside thought"),
        ("answer", "two"),
        ("reasoning", "last thought"),
        ("answer", "three"),
    ]


def test_metadata_that_a_solver_wrote_is_no_column_of_the_dataset(tmp_path: Path) -> None:
    begin = {"event": "sample_init", "sample": {"input": "q", "metadata": {"source": "set"}}}
    [episode] = episodes(log(tmp_path, [sample(metadata={"source": "set", "thought": "because"}, events=[begin])]))
    assert [(field.name, field.text.reveal()) for field in episode.columns if field.text] == [
        ("target", "y"),
        ("metadata.source", "set"),
    ]


def test_references_that_multiply_are_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [SCORER[0], *[{"event": "model", "span_id": "s", "input_refs": [[0, 10]], "output": {}}] * 30]
    record = sample(events=events, events_data={"messages": [USER] * 10})
    assert isinstance(records(log(tmp_path, [record]))[0], Episode)
    monkeypatch.setattr("sequester.episodes.readers.inspect_calls._MOST_MESSAGES", 200)
    [skipped] = records(log(tmp_path, [record]))
    assert isinstance(skipped, Skipped) and skipped.reason is Reason.LIMIT
    long = sample(messages=[USER, REPLY] + [{"role": "user", "content": "attachment://k"}] * 30, attachments={"k": "x" * 100})
    assert isinstance(records(log(tmp_path, [long]))[0], Episode)
    monkeypatch.setattr("sequester.episodes.readers.inspect_calls._MOST_RESOLVED", 2000)
    [skipped] = records(log(tmp_path, [long]))
    assert isinstance(skipped, Skipped) and skipped.reason is Reason.LIMIT


@pytest.mark.parametrize(
    ("counted", "status", "visibility"),
    [
        ([0, 0], SplitStatus.NO_COT, Visibility.RAW),
        ([0, None], SplitStatus.AMBIGUOUS, Visibility.RAW),
        ([0, 40], SplitStatus.SPLIT, Visibility.ABSENT),
        ([], SplitStatus.AMBIGUOUS, Visibility.RAW),
    ],
)
def test_the_providers_count_of_reasoning_tokens_is_evidence(
    tmp_path: Path, counted: list[int | None], status: SplitStatus, visibility: Visibility
) -> None:
    reply = {"id": "a", "role": "assistant", "content": "yes"}
    output = {"choices": [{"message": reply}]}
    events = [{"event": "model", "output": output | {"usage": {"reasoning_tokens": count}}} for count in counted]
    [episode] = episodes(log(tmp_path, [sample(messages=[USER, reply], events=events)]))
    assert (episode.split.status, episode.visibility) == (status, visibility)


def test_assistant_turns_of_the_input_are_prompt(tmp_path: Path) -> None:
    shot = {"role": "assistant", "content": "an example", "source": "input"}
    [episode] = episodes(log(tmp_path, [sample(messages=[USER, shot, USER, REPLY])]))
    assert texts(episode, Channel.PROMPT) == ["q", "an example", "q"]
    assert texts(episode, Channel.ANSWER) == ["yes"]


def test_a_sample_that_never_reached_the_model_has_no_reasoning(tmp_path: Path) -> None:
    [episode] = episodes(log(tmp_path, [sample(messages=[], error={"message": "down"})]))
    assert episode.split.status is SplitStatus.NO_COT
    assert episode.calls == ()


def test_a_sample_written_twice_counts_once(tmp_path: Path) -> None:
    path = log(tmp_path, [sample(target="old")])
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr("samples/0_epoch_1.json", json.dumps(sample(target="new")))
    [episode] = episodes(path)
    assert [field.text.reveal() for field in episode.columns if field.text] == ["new"]


def test_a_log_that_is_still_being_written_is_read(tmp_path: Path) -> None:
    start = HEADER | {"status": "started", "eval": HEADER["eval"] | {"dataset": {"samples": 5}, "config": {"epochs": 2}}}  # type: ignore[operator]
    entries = {"_journal/start.json": json.dumps(start).encode(), "samples/1_epoch_1.json": json.dumps(sample()).encode()}
    path = archive(tmp_path / "log.eval", entries)
    assert len(episodes(path)) == 1
    assert READER.declared(path, OPTIONS).rows == 10


def bad_samples() -> Iterator[tuple[str, bytes, Reason]]:
    yield "not JSON", b"{", Reason.MALFORMED
    yield "a list", b"[]", Reason.MALFORMED
    yield "nested", b"[" * 1_000_000, Reason.LIMIT
    yield "nested inside", json.dumps(sample()).encode().replace(b'"y"', b"[" * 1500 + b"]" * 1500), Reason.LIMIT
    yield "a wrong type", json.dumps(sample(messages="text")).encode(), Reason.MALFORMED
    yield "a message without a role", json.dumps(sample(messages=[REPLY, {"content": "x"}])).encode(), Reason.MALFORMED
    yield "a bomb", b" " * (100 << 20), Reason.LIMIT
    yield "neither input nor messages", json.dumps({"id": 1}).encode(), Reason.MALFORMED


@pytest.mark.parametrize(("data", "reason"), [pytest.param(data, reason, id=name) for name, data, reason in bad_samples()])
def test_a_bad_sample_costs_that_sample(tmp_path: Path, data: bytes, reason: Reason) -> None:
    first, second, third = records(log(tmp_path, [sample(), data, sample(id=3)]))
    assert isinstance(first, Episode) and isinstance(third, Episode)
    assert isinstance(second, Skipped) and second.reason is reason
    assert second.source.record == 2


def test_what_json_forbids_is_read(tmp_path: Path) -> None:
    text = json.dumps(sample(scores={"judge": {"value": float("nan")}}, target="\ud800"))
    [episode] = episodes(log(tmp_path, [text.encode()]))
    assert call(episode, "judge").score is None


def test_a_lone_surrogate_in_any_text_is_read(tmp_path: Path) -> None:
    record = sample(input="\ud800 q", messages=[USER | {"content": "attachment://k"}, REPLY], attachments={"k": "\udfff q"})
    [episode] = episodes(log(tmp_path, [record]))
    assert texts(episode, Channel.PROMPT) == ["\ufffd q"]


@drawn(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_sample_of_wrong_types_is_an_episode_or_skipped(data: st.DataObject) -> None:
    record = json.loads(json.dumps(HOSTILE))
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(record))
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        holder[key] = json.loads(data.draw(st.sampled_from(ODD)))
    assert isinstance(sample_episode(record, Log("e", "t", "m"), Source("log", 1)), Episode | Skipped)


HOSTILE = sample(
    input=[USER],
    scores={"mine": {"value": 1}, "match": {"value": "C"}},
    output={"choices": [{"message": REPLY}]},
    events=[
        {
            "event": "model",
            "model": "m",
            "span_id": "x",
            "input": [USER],
            "output": {"choices": [{"message": REPLY}], "usage": {}},
        },
        {"event": "score", "span_id": "x", "intermediate": True, "scorer": "judge"},
        {"event": "step", "action": "begin", "type": "scorer", "name": "old"},
        *SCORER,
        {
            "event": "model",
            "model": "m",
            "input_refs": [[0, 1]],
            "output": {"choices": [{"message": {"id": "z", "content": "?"}}]},
        },
    ],
    events_data={"messages": [USER, {"role": "user", "content": [{"type": "image", "image": "attachment://k"}]}]},
    attachments={"k": "text"},
)
ODD = tuple(
    map(
        json.dumps,
        (None, 0, -1, 2**70, 1.5, True, "x", "attachment://k", [], {}, [[1, 2]], [[0, 2**70]], [None], {"id": [1]}, [{}]),
    )
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(item)


def test_a_missing_chunk_costs_the_sample(tmp_path: Path) -> None:
    whole = zipfile.ZipFile(io.BytesIO(plain("chunked.eval")))
    lost = next(name for name in whole.namelist() if name.endswith("/events/3.json"))
    path = archive(tmp_path / "log.eval", {name: whole.read(name) for name in whole.namelist() if name != lost})
    found = records(path)
    [skipped] = [record for record in found if isinstance(record, Skipped)]
    assert len(found) == 3
    assert skipped.detail == "a chunk of events is missing"


def plain(name: str) -> bytes:
    """A log with its zstd entries deflated, as Python 3.11 can list and read them."""

    target = io.BytesIO()
    with ZippedFile(LOGS / name) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for entry in source.entries:
            file.writestr(entry, source.read(entry))
    return target.getvalue()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER | {"version": 7}, "schema version 7"),
        ({"version": 2}, "'eval' is missing"),
        ([], "expected an object, got a list"),
    ],
)
def test_a_header_that_is_not_known_is_an_error(tmp_path: Path, header: Any, message: str) -> None:
    path = log(tmp_path, [sample()], header)
    with pytest.raises(InputError, match=message) as caught:
        READER.declared(path, OPTIONS)
    assert caught.value.where == str(path)
    assert caught.value.hint
    with pytest.raises(InputError, match=message):
        records(path)


def test_the_recogniser_says_what_is_missing(tmp_path: Path) -> None:
    other = archive(tmp_path / "other.zip", {"word/document.xml": b"<x/>"})
    assert "header.json" in (READER.recognise(probe(other)) or "")
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"a": 1}\n')
    assert READER.recognise(probe(lines))


def test_the_folder_of_an_eval_set_is_one_input(tmp_path: Path) -> None:
    assert READER.recognise(probe(tmp_path)) == "no eval-set.json or logs.json in it"
    (tmp_path / "eval-set.json").write_text('{"eval_set_id": "s", "tasks": []}')
    assert READER.recognise(probe(tmp_path)) == "no logs in it"
    for name in ("clean.eval", "leaky.json"):
        (tmp_path / name).write_bytes((LOGS / name).read_bytes())
    (tmp_path / "logs.json").write_text("{}")
    assert READER.recognise(probe(tmp_path)) is None
    assert READER.declared(tmp_path, OPTIONS).rows == len(episodes(tmp_path)) == 9
    (tmp_path / "other").mkdir()
    assert READER.recognise(probe(tmp_path)) == "holds folders beside the logs"


def test_a_damaged_log_in_a_folder_costs_that_log(tmp_path: Path) -> None:
    (tmp_path / "eval-set.json").write_text("{}")
    (tmp_path / "clean.eval").write_bytes((LOGS / "clean.eval").read_bytes())
    (tmp_path / "cut.eval").write_bytes((LOGS / "leaky.eval").read_bytes()[:1000])
    assert READER.declared(tmp_path, OPTIONS).rows is None
    first, second = READER.units(tmp_path, OPTIONS)
    assert len(list(READER.read(first, OPTIONS))) == 6
    with pytest.raises(InputError, match="directory at the end"):
        list(READER.read(second, OPTIONS))
