from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.episodes.readers.contract import CHECKS, DATA, Case

from sequester.episodes.model import Channel, Episode, Evidence, Reason, Skipped, SplitStatus
from sequester.episodes.readers.interface import Options, Probe, Unit
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.verl import READER
from sequester.errors import InputError

REAL = Path(__file__).parents[2] / "data" / "verl"
OPTIONS = Options()
LINE = {"input": "Why?", "output": "<think>thought</think>answer", "gts": "42", "score": 1.0, "step": 3}


def read(path: Path) -> list[Episode | Skipped]:
    return [record for unit in READER.units(path, OPTIONS) for record in READER.read(unit, OPTIONS)]


def episodes(path: Path) -> list[Episode]:
    found = read(path)
    assert all(isinstance(record, Episode) for record in found)
    return [record for record in found if isinstance(record, Episode)]


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(LINE | line) + "\n" for line in lines))
    return path


def text_of(episode: Episode, channel: Channel) -> str:
    return "|".join(segment.text.reveal() for segment in episode.segments if segment.channel is channel)


CASES = [
    Case(READER, REAL / trainer, episodes=12, skipped=0, canary="no calculator here", lines=True) for trainer in ("v0", "v1")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fixture.name)
@pytest.mark.parametrize("check", CHECKS)
def test_contract(check: Callable[[Case, Path], None], case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_an_empty_file_yields_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "1.jsonl")
    assert read(path) == []
    assert READER.declared(path, OPTIONS).rows == 0


@pytest.mark.parametrize("trainer", ["v0", "v1"])
def test_every_line_that_verl_wrote_becomes_an_episode(trainer: str) -> None:
    found = episodes(REAL / trainer)
    declared = READER.declared(REAL / trainer, OPTIONS)
    assert len(found) == declared.rows == 12
    assert declared.step_set == {1, 2}
    assert Counter(episode.step for episode in found) == {1: 6, 2: 6}
    assert Counter(Counter(episode.group for episode in found).values()) == {3: 4}
    assert len({episode.episode_id for episode in found}) == 12


@pytest.mark.parametrize("trainer", ["v0", "v1"])
def test_the_scorer_got_the_whole_response(trainer: str) -> None:
    for episode in episodes(REAL / trainer):
        (call,) = episode.calls
        assert (call.path, call.evidence, call.hands_over) == ("score", Evidence.REBUILT, "solution_str")
        assert call.score in (0.0, 1.0)
        fields = {field.name: field.text.reveal() for field in call.inputs or () if field.text is not None}
        assert set(fields) == {"solution_str", "ground_truth"}
        assert text_of(episode, Channel.REASONING) in fields["solution_str"]
        assert [field.text.reveal() for field in episode.columns if field.text is not None] == [fields["ground_truth"]]


@pytest.mark.parametrize("trainer", ["v0", "v1"])
def test_reasoning_and_answer_are_told_apart_also_where_the_prompt_opened_the_reasoning(trainer: str) -> None:
    finished = [episode for episode in episodes(REAL / trainer) if text_of(episode, Channel.ANSWER)]
    assert len(finished) >= 6
    for episode in finished:
        assert episode.split.status is SplitStatus.SPLIT
        assert "should be" in text_of(episode, Channel.REASONING)
        assert text_of(episode, Channel.ANSWER).strip().startswith("The product is")


def test_the_v1_trainer_names_sample_and_rollout() -> None:
    found = episodes(REAL / "v1")[:4]
    assert [(episode.group, episode.sample) for episode in found] == [("1:10", 0), ("1:10", 1), ("1:10", 2), ("1:11", 0)]


@pytest.mark.parametrize("uid", ["3f2a", "a_b", "_1_2", "a_x_1"])
def test_a_uid_of_another_shape_is_a_group_of_its_own(tmp_path: Path, uid: str) -> None:
    episode = episodes(written(tmp_path / "3.jsonl", {"uid": uid}))[0]
    assert (episode.group, episode.sample) == (f"3:{uid}", None)


@pytest.mark.parametrize(
    ("score", "expected"),
    [(1, 1.0), ("0.5", 0.5), (True, 1.0), (None, None), ("high", None), ([1], None), (float("nan"), None), (10**400, None)],
)
def test_scores_as_verls_encoder_leaves_them(tmp_path: Path, score: Any, expected: float | None) -> None:
    assert episodes(written(tmp_path / "3.jsonl", {"score": score}))[0].calls[0].score == expected


def test_reward_extras_are_no_paths_and_no_inputs(tmp_path: Path) -> None:
    line = {"acc": True, "format": 0.5, "judge_response": "fine", "data_source": "sums"}
    episode = episodes(written(tmp_path / "3.jsonl", line))[0]
    assert [call.path for call in episode.calls] == ["score"]
    assert [field.name for field in episode.calls[0].inputs or ()] == ["solution_str", "ground_truth"]
    assert episode.environment == "sums"


def test_a_line_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    path = written(tmp_path / "3.jsonl", {}, {"output": 5}, {})
    with path.open("a") as file:
        file.write('{"input": "cut o')
    first, wrong, third, cut = read(path)
    assert isinstance(first, Episode)
    assert isinstance(third, Episode)
    assert isinstance(wrong, Skipped)
    assert isinstance(cut, Skipped)
    assert [(skipped.reason, skipped.source.record) for skipped in (wrong, cut)] == [(Reason.MALFORMED, 2), (Reason.MALFORMED, 4)]
    assert "output" in wrong.detail
    assert "cut o" not in cut.detail
    assert READER.declared(path, OPTIONS).rows == 4


def test_the_step_is_taken_from_the_name_where_the_line_has_none(tmp_path: Path) -> None:
    path = tmp_path / "12.jsonl"
    path.write_text(json.dumps({key: value for key, value in LINE.items() if key != "step"}) + "\n")
    assert episodes(path)[0].step == 12


def test_a_gap_in_the_steps_is_declared(tmp_path: Path) -> None:
    for step in (5, 10, 20):
        written(tmp_path / f"{step}.jsonl", {"step": step})
    assert READER.declared(tmp_path, OPTIONS).step_set == {5, 10, 15, 20}


def test_a_damaged_file_costs_itself_only(tmp_path: Path) -> None:
    written(tmp_path / "1.jsonl", {})
    (tmp_path / "2.jsonl").write_bytes(gzip.compress(json.dumps(LINE).encode())[:-12])
    assert READER.declared(tmp_path, OPTIONS).rows is None
    good, bad = READER.units(tmp_path, OPTIONS)
    assert len(list(READER.read(good, OPTIONS))) == 1
    with pytest.raises(InputError, match="truncated") as caught:
        list(READER.read(bad, OPTIONS))
    assert caught.value.where == str(tmp_path / "2.jsonl")


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list(READER.read(Unit(str(tmp_path / "3.jsonl")), OPTIONS))


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (Probe(Path("a"), "jsonl", frozenset({"input", "output", "gts", "score", "step"})), None),
        (Probe(Path("a"), "jsonl", frozenset({"input", "output"})), "no key 'score'"),
        (Probe(Path("a"), "parquet", frozenset({"input", "output", "score", "step"})), "not a JSONL file"),
        (Probe(Path(__file__).parent, "directory"), "no file named <step>.jsonl in it"),
        (Probe(REAL / "v0", "directory"), None),
    ],
)
def test_recognition(probe: Probe, reason: str | None) -> None:
    assert READER.recognise(probe) == reason


def test_a_folder_of_other_jsonl_files_is_not_verls(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text('{"prompt": "a"}\n')
    assert READER.recognise(Probe(tmp_path, "directory", frozenset({"1.jsonl"}))) == "no key 'input'"
    (tmp_path / "1.jsonl").write_text("")
    assert READER.recognise(Probe(tmp_path, "directory", frozenset({"1.jsonl"}))) == "no key 'input'"


def test_a_folder_whose_first_files_are_damaged_is_still_a_run(tmp_path: Path) -> None:
    lines = (DATA / "verl/v1/1.jsonl").read_text()
    (tmp_path / "1.jsonl").write_text("")
    (tmp_path / "2.jsonl").write_text("garbage\n" + lines)
    assert READER.recognise(probe(tmp_path)) is None
    (tmp_path / "2.jsonl").write_text("garbage\n")
    assert READER.recognise(probe(tmp_path)) == "no key 'input'"
