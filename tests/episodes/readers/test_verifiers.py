"""The verifiers reader, on what verifiers wrote (`tests/data/verifiers`) and on records that say one thing each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.episodes.readers.contract import CHECKS, DATA, Case

from sequester.episodes.model import Channel, Episode, Evidence, Reason, RewardCall, Skipped, SplitStatus, Visibility
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.verifiers import READER
from sequester.errors import InputError

RUNS = DATA / "verifiers"
OPTIONS = Options()
WORDS = "the two together make 961"
CASES = [
    Case(READER, RUNS / "single" / "traces.jsonl", episodes=3, skipped=0, canary=WORDS, lines=True),
    Case(READER, RUNS / "judged" / "traces.jsonl", episodes=3, skipped=0, canary=WORDS, lines=True),
    Case(READER, RUNS / "prime-rl", episodes=3, skipped=0, canary=WORDS),
    Case(READER, RUNS / "legacy" / "results.jsonl", episodes=6, skipped=0, canary=WORDS),
    Case(READER, RUNS / "legacy", episodes=6, skipped=0, canary=WORDS),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.fixture.relative_to(RUNS)))
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


def given(call: RewardCall) -> str:
    return "\n".join(field.text.reveal() for field in call.inputs or () if field.text is not None)


def scored(episode: Episode) -> list[tuple[str, Evidence, str, Reason | None]]:
    return [(call.path, call.evidence, call.hands_over, call.missing) for call in episode.calls]


# Records made by hand, in the form of verifiers 0.3 (a60a606) unless they say otherwise.

POLICY = [
    {"message": {"role": "system", "content": "be brief"}},
    {"parent": 0, "message": {"role": "user", "content": "q"}},
    {"parent": 1, "sampled": True, "message": {"role": "assistant", "content": "yes", "reasoning_content": "because of it"}},
]


def trace(**fields: Any) -> dict[str, Any]:
    task = {"type": "T", "data": {"prompt": "q", "answer": "y", "timeout": {"agent": 3}}}
    return {"version": 1, "id": "t", "verifiers": {"version": "0.3.2.dev5"}, "task": task, "nodes": POLICY, **fields}


def line(*traces: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "e", "env": {"id": "env"}, "task": {"type": "T", "data": {}}, "ok": True, "traces": list(traces), **fields}


def traces_file(folder: Path, *lines: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "traces.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in lines))
    return path


def config(folder: Path, text: str, name: str = "configs/eval.json") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def one(folder: Path, *traces: dict[str, Any], **fields: Any) -> Episode:
    [episode] = episodes(traces_file(folder, line(*traces, **fields)))
    return episode


def test_an_empty_log_has_no_episodes(tmp_path: Path) -> None:
    assert records(traces_file(tmp_path)) == []


def test_a_reward_function_is_handed_the_trace_by_contract(tmp_path: Path) -> None:
    episode = one(tmp_path, trace(rewards={"right": {"score": 0.5, "weight": 2.0}, "never_ran": None}))
    assert scored(episode) == [("right", Evidence.CONTRACT, "trace", None)]
    assert episode.calls[0].score == 0.5
    assert episode.calls[0].inputs is None


def test_columns_are_the_tasks_data_without_its_settings(tmp_path: Path) -> None:
    episode = one(tmp_path, trace())
    assert [(field.name, field.text.reveal()) for field in episode.columns if field.text] == [("answer", "y")]
    assert (episode.environment, episode.step, episode.group) == ("env", None, None)


def test_a_recorded_judge_is_known_exactly() -> None:
    for episode in episodes(RUNS / "single"):
        by_evidence = [(path, evidence) for path, evidence, _, _ in scored(episode)]
        assert by_evidence == [
            ("right", Evidence.CONTRACT),
            ("states", Evidence.RECORDED),
            ("states", Evidence.CONTRACT),
            ("reference", Evidence.RECORDED),
            ("rubric", Evidence.RECORDED),
        ]
        [answer] = texts(episode, Channel.ANSWER)
        assert all(answer in given(call) for call in episode.calls if call.inputs is not None)


def test_without_the_configuration_a_custom_judge_counts_as_a_function_too(tmp_path: Path) -> None:
    call = {"name": "mine", "request": {"messages": [{"role": "user", "content": "grade yes"}]}, "response": {}}
    plugged = trace(rewards={"mine": {"score": 1}}, info={"judge_calls": [call]})
    assert [evidence for _, evidence, _, _ in scored(one(tmp_path, plugged))] == [Evidence.RECORDED, Evidence.CONTRACT]
    config(tmp_path, json.dumps({"env": {"taskset": {"task": {"judges": [{"id": "my-judges", "name": "mine"}]}}}}))
    assert [evidence for _, evidence, _, _ in scored(one(tmp_path, plugged))] == [Evidence.RECORDED]


@pytest.mark.parametrize("name", ["configs/eval.json", "configs/resolved/eval.json", "config.toml"])
def test_a_judge_that_logged_replies_only_is_rebuilt_from_its_view(tmp_path: Path, name: str) -> None:
    replies = {"judge": [{"text": "yes"}, {"text": "no"}]}
    judged = trace(rewards={"reference": {"score": 1}, "rubric": {"score": 0}}, info=replies)
    assert {missing for _, _, _, missing in scored(one(tmp_path, judged))} == {Reason.INPUT_NOT_LOGGED}
    if name.endswith("toml"):
        config(
            tmp_path, '[[taskset.task.judges]]\nid="reference"\nview="last_reply"\n[[taskset.task.judges]]\nid="rubric"\n', name
        )
    else:
        judges = [{"id": "reference", "name": "", "view": "last_reply"}, {"id": "rubric", "view": "full_trace"}]
        config(tmp_path, json.dumps({"judges": judges}), name)
    reference, rubric = one(tmp_path, judged).calls
    assert (reference.evidence, given(reference)) == (Evidence.REBUILT, "yes")
    if name.endswith("toml"):
        assert rubric.missing is Reason.INPUT_NOT_LOGGED
    else:
        assert (rubric.evidence, given(rubric)) == (Evidence.REBUILT, "be brief\nq\nyes")


def test_a_judge_that_nobody_names_is_not_assessed(tmp_path: Path) -> None:
    episode = one(tmp_path, trace(rewards={"right": 1.0}, info={"judge": [{"text": "yes"}]}))
    assert scored(episode) == [
        ("right", Evidence.CONTRACT, "trace", None),
        ("judge", Evidence.RECORDED, "", Reason.INPUT_NOT_LOGGED),
    ]


JUDGE_AGENT = {
    "version": 1,
    "agent": {"name": "judge", "trainable": False},
    "info": {"verdict": {}},
    "nodes": [
        {"message": {"role": "user", "content": "grade this"}},
        {"sampled": True, "message": {"role": "assistant", "content": "reading", "reasoning_content": "the judge's own thought"}},
        {"message": {"role": "tool", "tool_call_id": "1", "content": "the record"}},
    ],
}


@pytest.mark.parametrize(
    ("version", "hidden", "ids", "handed"),
    [
        ("0.3.2.dev5", None, False, "trace.json: reasoning_content"),
        ("0.4.0", None, False, ""),
        ("0.4.0", True, False, "trace.json: reasoning_content"),
        ("0.4.0", None, True, "trace.json: token_ids"),
        ("0.4.0", False, True, "trace.json: token_ids"),
        ("", None, False, "trace.json: reasoning_content"),
    ],
)
def test_an_agent_that_judges(tmp_path: Path, version: str, hidden: bool | None, ids: bool, handed: str) -> None:
    nodes = [*POLICY[:2], POLICY[2] | ({"token_ids": [7, 8], "mask": [False, True]} if ids else {})]
    solver = trace(verifiers={"version": version}, nodes=nodes, rewards={"judge": {"score": 1}}, agent={"name": "solver"})
    if hidden is not None:
        config(tmp_path, json.dumps({"env": {"task": {"include_hidden_reasoning": hidden}}}))
    episode = one(tmp_path, solver, JUDGE_AGENT)
    recorded, *contract = episode.calls
    assert recorded.evidence is Evidence.RECORDED
    assert "grade this" in given(recorded) and "the record" in given(recorded)
    assert "thought" not in given(recorded)
    assert [call.hands_over for call in contract] == ([handed] if handed else [])
    assert list(episode.completion_ids or []) == ([8] if ids else [])


def test_every_trained_agent_is_an_episode(tmp_path: Path) -> None:
    twins = [trace(agent={"name": "solver"}, rewards={"right": score}) for score in (0.0, 1.0)]
    found = episodes(traces_file(tmp_path, line(*twins)))
    assert [episode.episode_id for episode in found] == ["e/0", "e/1"]
    assert [episode.calls[0].score for episode in found] == [0.0, 1.0]
    assert {episode.group for episode in found} == {"e"}


def test_branches_are_read_once_and_in_order(tmp_path: Path) -> None:
    nodes = [
        *POLICY,
        {"message": {"role": "user", "content": "summary so far"}},
        {"parent": 3, "message": {"role": "assistant", "content": "put into its mouth"}},
        {"parent": 4, "sampled": True, "message": {"role": "assistant", "content": "no", "reasoning_content": "on reflection"}},
    ]
    episode = one(tmp_path, trace(nodes=nodes))
    assert texts(episode, Channel.REASONING) == ["because of it", "on reflection"]
    assert texts(episode, Channel.ANSWER) == ["yes", "no"]
    assert texts(episode, Channel.PROMPT) == ["be brief", "q", "summary so far", "put into its mouth"]


@pytest.mark.parametrize(("ids", "hands_over"), [([], ""), ([1, 2, 3], "trace")])
def test_reasoning_that_the_provider_kept_is_handed_to_no_function(tmp_path: Path, ids: list[int], hands_over: str) -> None:
    reply = {"sampled": True, "message": {"role": "assistant", "content": "yes"}, "token_ids": ids, "mask": [True] * len(ids)}
    nodes = [POLICY[1] | {"parent": None}, reply]
    calls = [{"node": 1, "usage": {"reasoning_tokens": 40}}]
    episode = one(tmp_path, trace(nodes=nodes, calls=calls, rewards={"right": {"score": 1.0, "weight": 1.0}}))
    assert [(call.path, call.evidence, call.hands_over) for call in episode.calls] == [("right", Evidence.CONTRACT, hands_over)]


@pytest.mark.parametrize(
    ("message", "usage", "visibility"),
    [
        ({"reasoning_content": "because"}, {}, Visibility.RAW),
        (
            {"reasoning_content": "in short", "provider_state": [{"type": "reasoning", "summary": [{"text": "in short"}]}]},
            {},
            Visibility.SUMMARY,
        ),
        ({"provider_state": [{"type": "reasoning", "encrypted_content": "x"}]}, {}, Visibility.REDACTED),
        ({"reasoning_content": "", "provider_state": [{"type": "reasoning", "encrypted_content": "x"}]}, {}, Visibility.REDACTED),
        ({"provider_state": [{"type": "thinking", "thinking": "", "signature": "x"}]}, {}, Visibility.SIGNATURE_ONLY),
        ({}, {"reasoning_tokens": 40}, Visibility.ABSENT),
        ({}, {"reasoning_tokens": None}, Visibility.RAW),
    ],
)
def test_the_form_in_which_the_provider_gave_the_reasoning(
    tmp_path: Path, message: dict[str, Any], usage: dict[str, Any], visibility: Visibility
) -> None:
    nodes = [POLICY[1] | {"parent": None}, {"sampled": True, "message": {"role": "assistant", "content": "yes", **message}}]
    episode = one(tmp_path, trace(nodes=nodes, calls=[{"node": 1, "usage": usage}]))
    assert episode.visibility is visibility
    assert episode.split.status is not SplitStatus.NO_COT
    assert texts(episode, Channel.ANSWER) == ["yes"]


def test_a_policy_that_never_spoke_has_no_reasoning(tmp_path: Path) -> None:
    episode = one(tmp_path, trace(nodes=POLICY[:2], ok=False, errors=[{"type": "E", "message": "down"}]))
    assert episode.split.status is SplitStatus.NO_COT
    assert texts(episode, Channel.PROMPT) == ["be brief", "q"]


def test_weights_and_advantages(tmp_path: Path) -> None:
    spoken = POLICY[2] | {"loss_weights": {"rl": [0.0, None], "ce": [0.0, -0.5]}, "advantages": [1.0, None, 3.0]}
    episode = one(tmp_path, trace(nodes=[*POLICY[:2], spoken]))
    assert (episode.weight, episode.advantage) == (0.5, 2.0)
    untrained = trace(agent={"name": "frozen", "trainable": False})
    assert one(tmp_path, untrained).weight == 0.0
    assert one(tmp_path, trace()).weight is None


def test_the_layout_of_prime_rl_gives_the_step(tmp_path: Path) -> None:
    for step, stage, part in ((2, "train", "all"), (2, "train", "effective"), (10, "train", "effective"), (10, "eval", "all")):
        traces_file(tmp_path / "rollouts" / f"step_{step}" / stage / part, line(trace(), id=f"{step}{stage}"))
    for folder in (tmp_path, tmp_path / "rollouts"):
        assert READER.recognise(probe(folder)) is None
        assert [(episode.step, episode.episode_id) for episode in episodes(folder)] == [
            (2, "2train"),
            (10, "10eval"),
            (10, "10train"),
        ]
    steps = READER.declared(tmp_path, OPTIONS).step_set
    assert steps is not None and {2, 10} <= steps


def test_the_step_of_a_run_stands_in_the_record_too(tmp_path: Path) -> None:
    work = {"type": "train", "id": "r", "work": {"type": "train", "step": 4}}
    episode = one(tmp_path, trace(), run=work, group={"id": "g"})
    assert (episode.step, episode.group) == (4, "g")


def test_an_unknown_schema_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = traces_file(tmp_path, line(trace()), line(trace(version=9, verifiers={"version": "3.0"})))
    reading = (record for unit in READER.units(path, OPTIONS) for record in READER.read(unit, OPTIONS))
    assert isinstance(next(reading), Episode)
    with pytest.raises(InputError, match="schema version 9") as caught:
        next(reading)
    assert "line 2" in caught.value.where


@pytest.mark.parametrize(
    "bad",
    [
        line(),
        line(trace(nodes=[{"message": "text"}])),
        line(trace(nodes=[POLICY[2], {"message": {"content": "no role"}}])),
        {"id": "e", "traces": "none"},
        {"nodes": [], "task": {}},
        {"something": "else"},
        {"example_id": 3, "prompt": "q", "completion": None, "reward": 0.0},
    ],
)
def test_a_bad_record_costs_that_record(tmp_path: Path, bad: dict[str, Any]) -> None:
    first, second, third = records(traces_file(tmp_path, line(trace()), bad, line(trace(), id="f")))
    assert isinstance(first, Episode) and isinstance(third, Episode)
    assert isinstance(second, Skipped) and second.reason is Reason.MALFORMED
    assert second.source.record == 2


def test_a_configuration_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    for text in ("{", "[" * 100_000, '{"judges": [3, {"view": 4}]}'):
        config(tmp_path, text)
        assert scored(one(tmp_path, trace(rewards={"right": 1}))) == [("right", Evidence.CONTRACT, "trace", None)]


def test_legacy_rows(tmp_path: Path) -> None:
    found = episodes(RUNS / "legacy")
    assert len({episode.episode_id for episode in found}) == 6
    for episode in found:
        assert (episode.environment, episode.model, episode.split.status) == ("books", "policy", SplitStatus.SPLIT)
        assert scored(episode)[0] == ("right", Evidence.CONTRACT, "completion", None)
        judge = episode.calls[-1]
        assert (judge.path, judge.evidence) == ("judge", Evidence.RECORDED)
        assert texts(episode, Channel.ANSWER)[0] in given(judge)
    shutil.copy(RUNS / "legacy" / "results.jsonl", tmp_path / "results.jsonl")
    assert {episode.environment for episode in episodes(tmp_path / "results.jsonl")} == {None}


def test_a_legacy_row_without_metrics_has_one_reward(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    row = {"example_id": 1, "prompt": "q<think>", "completion": "so\n</think>\nyes", "task": "books", "reward": 0.25}
    path.write_text(json.dumps(row))
    [episode] = episodes(path)
    assert [(call.path, call.score) for call in episode.calls] == [("reward", 0.25)]
    assert episode.split.status is SplitStatus.SPLIT


def test_the_recogniser_says_what_is_missing(tmp_path: Path) -> None:
    assert "traces.jsonl" in (READER.recognise(probe(tmp_path)) or "")
    other = tmp_path / "other.jsonl"
    other.write_text('{"a": 1}\n')
    assert "traces" in (READER.recognise(probe(other)) or "")
