from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.episodes.readers.contract import CHECKS, Case

from sequester.episodes.model import Channel, Episode, Evidence, Reason, Skipped, SplitStatus
from sequester.episodes.readers.interface import Options, Probe, Unit
from sequester.episodes.readers.trl import READER
from sequester.errors import InputError

REAL = Path(__file__).parents[2] / "data" / "trl"
SHAPES = ("messages", "typed", "text")
OPTIONS = Options()


def read(path: Path, options: Options = OPTIONS) -> list[Episode | Skipped]:
    return [record for unit in READER.units(path, options) for record in READER.read(unit, options)]


def episodes(path: Path, options: Options = OPTIONS) -> list[Episode]:
    found = read(path, options)
    assert all(isinstance(record, Episode) for record in found)
    return [record for record in found if isinstance(record, Episode)]


def written(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = {"step": [3], "prompt": ["Why?"], "completion": ["<think>a</think>b"], "right": [1.0], "advantage": [0.5]} | columns
    pq.write_table(pa.table({name: column for name, column in table.items() if column is not None}), path)
    return path


def text_of(episode: Episode, channel: Channel) -> str:
    return "|".join(segment.text.reveal() for segment in episode.segments if segment.channel is channel)


CASES = [Case(READER, REAL / shape, episodes=24, skipped=0, canary="no calculator here") for shape in SHAPES]
CASES.append(Case(READER, REAL / "typed" / "completions_00001.parquet", episodes=8, skipped=0, canary="no calculator here"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fixture.name)
@pytest.mark.parametrize("check", CHECKS)
def test_contract(check: Callable[[Case, Path], None], case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_a_file_without_rows_yields_nothing(tmp_path: Path) -> None:
    path = tmp_path / "completions_00003.parquet"
    pq.write_table(pq.read_table(REAL / "text" / "completions_00001.parquet").slice(0, 0), path)
    assert read(path) == []
    assert READER.declared(path, OPTIONS).rows == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_every_row_that_trl_wrote_becomes_an_episode(shape: str) -> None:
    found = episodes(REAL / shape)
    declared = READER.declared(REAL / shape, OPTIONS)
    assert len(found) == declared.rows == 24
    assert declared.step_set == {1, 2, 3}
    assert Counter(episode.step for episode in found) == {1: 8, 2: 8, 3: 8}
    assert len({episode.episode_id for episode in found}) == 24
    assert all(episode.advantage is not None and episode.weight is None for episode in found)


@pytest.mark.parametrize("shape", SHAPES)
def test_completions_of_one_prompt_and_step_are_a_group(shape: str) -> None:
    assert list(Counter(episode.group for episode in episodes(REAL / shape)).values()) == [4] * 6


@pytest.mark.parametrize("shape", SHAPES)
def test_every_reward_function_got_the_completion_and_its_ids(shape: str) -> None:
    for episode in episodes(REAL / shape):
        assert [call.path for call in episode.calls] == ["product_is_right", "short_enough"]
        for call in episode.calls:
            assert (call.evidence, call.hands_over) == (Evidence.REBUILT, "completion_ids")
            assert call.score is not None
            inputs = "\n".join(field.text.reveal() for field in call.inputs or () if field.text is not None)
            assert text_of(episode, Channel.PROMPT) in inputs
            assert text_of(episode, Channel.REASONING) in inputs
            assert text_of(episode, Channel.ANSWER) in inputs


def input_names(episode: Episode) -> list[str]:
    """Names of the inputs of the first call, without the roles and keys that are searched too."""
    names = [field.name for field in episode.calls[0].inputs or ()]
    return [name for name in names if not name.endswith((".role", "{key}"))]


def test_inputs_are_named_as_trl_passes_them() -> None:
    assert {shape: input_names(episodes(REAL / shape)[0]) for shape in SHAPES} == {
        "messages": ["prompts[0].content", "completions[0].content"],
        "typed": ["prompts[0].content", "completions[0].reasoning_content", "completions[0].content"],
        "text": ["prompts", "completions"],
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_are_split_alike(shape: str) -> None:
    finished = [episode for episode in episodes(REAL / shape) if text_of(episode, Channel.ANSWER)]
    assert len(finished) >= 15
    for episode in finished:
        assert episode.split.status is SplitStatus.SPLIT
        assert "should be" in text_of(episode, Channel.REASONING)
        assert text_of(episode, Channel.ANSWER).strip().startswith("The product is")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_completion_cut_off_in_its_reasoning_has_no_answer(shape: str) -> None:
    cut = [episode for episode in episodes(REAL / shape) if not text_of(episode, Channel.ANSWER).strip()]
    assert cut
    assert all(len(text_of(episode, Channel.REASONING)) >= 31 for episode in cut)


def test_float_columns_are_rewards_and_other_extras_are_neither_rewards_nor_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", also=[0.1], verdict=["fine"], tokens=[7])
    episode = episodes(path)[0]
    assert [(call.path, call.score) for call in episode.calls] == [("right", 1.0), ("also", 0.1)]
    assert episode.columns == ()


def test_a_reward_of_none_is_a_call_without_a_score(tmp_path: Path) -> None:
    episode = episodes(written(tmp_path / "a.parquet", right=[float("nan")]))[0]
    assert [(call.path, call.score) for call in episode.calls] == [("right", None)]


def test_a_file_without_rewards_has_no_calls(tmp_path: Path) -> None:
    assert episodes(written(tmp_path / "a.parquet", right=None))[0].calls == ()


def test_keys_that_only_other_messages_have_are_absent(tmp_path: Path) -> None:
    messages = [
        [{"role": "assistant", "content": "<think>\nthought\n</think>\n\nanswer", "reasoning_content": None}],
        [{"role": "assistant", "content": "answer", "reasoning_content": "thought"}],
    ]
    path = written(
        tmp_path / "a.parquet", step=[1, 1], prompt=["Why?"] * 2, completion=messages, right=[1.0] * 2, advantage=[0.0] * 2
    )
    inline, typed = episodes(path)
    assert input_names(inline) == ["prompts", "completions[0].content"]
    assert text_of(inline, Channel.REASONING).strip() == text_of(typed, Channel.REASONING).strip() == "thought"


def test_tool_turns_are_kept_apart(tmp_path: Path) -> None:
    call = {"type": "function", "function": {"name": "multiply", "arguments": {"left": 6, "note": "as asked"}}}
    messages = [
        {"role": "assistant", "content": "", "reasoning_content": "first thought", "tool_calls": [call]},
        {"role": "tool", "name": "multiply", "content": "42"},
        {"role": "assistant", "content": "It is 42.", "reasoning_content": "second thought"},
    ]
    episode = episodes(written(tmp_path / "a.parquet", completion=[messages]))[0]
    assert episode.split.status is SplitStatus.SPLIT
    assert text_of(episode, Channel.REASONING) == "first thought|second thought"
    assert text_of(episode, Channel.TOOL_RESULT) == "42"
    assert "as asked" in text_of(episode, Channel.TOOL_CALL)
    assert text_of(episode, Channel.ANSWER).strip("|") == "It is 42."
    assert "completions[0].tool_calls[0].function.arguments.note" in input_names(episode)


def test_the_template_the_user_names_is_used(tmp_path: Path) -> None:
    harmony = "<|channel|>analysis<|message|>thought<|end|><|start|>assistant<|channel|>final<|message|>answer<|return|>"
    path = written(tmp_path / "a.parquet", completion=[harmony])
    assert episodes(path, Options(template="harmony"))[0].split.status is SplitStatus.SPLIT


@pytest.mark.parametrize(
    ("columns", "detail"),
    [
        ({"prompt": pa.array([None], pa.string())}, "prompt"),
        ({"completion": pa.array([None], pa.string())}, "completion"),
        ({"completion": pa.array([[None]], pa.list_(pa.struct([("role", pa.string())])))}, "completion"),
    ],
)
def test_a_row_without_text_is_skipped(tmp_path: Path, columns: dict[str, Any], detail: str) -> None:
    path = written(tmp_path / "a.parquet", **columns)
    skipped = read(path)[0]
    assert isinstance(skipped, Skipped)
    assert skipped.reason is Reason.MALFORMED
    assert skipped.detail.startswith(detail)
    assert (skipped.source.path, skipped.source.record) == (str(path), 1)


def test_the_step_is_taken_from_the_name_where_the_row_has_none(tmp_path: Path) -> None:
    nameless = written(tmp_path / "a.parquet", step=None)
    named = written(tmp_path / "completions_00042.parquet", step=None)
    written_as_text = written(tmp_path / "b.parquet", step=["17"])
    assert [episodes(path)[0].step for path in (nameless, named, written_as_text)] == [None, 42, 17]


def test_a_gap_in_the_steps_is_declared(tmp_path: Path) -> None:
    for step in (1, 2, 4):
        written(tmp_path / f"completions_{step:05d}.parquet", step=[step])
    (tmp_path / "notes.txt").touch()
    assert READER.declared(tmp_path, OPTIONS).step_set == {1, 2, 3, 4}
    assert [episode.step for episode in episodes(tmp_path)] == [1, 2, 4]


def test_the_output_folder_of_a_trainer_will_do(tmp_path: Path) -> None:
    shutil.copytree(REAL / "typed", tmp_path / "completions")
    assert READER.recognise(Probe(tmp_path, "directory", frozenset({"completions"}))) is None
    found = episodes(tmp_path)
    assert len(found) == 24
    assert found[0].episode_id == f"{tmp_path.name}/completions_00001:1"


def test_a_damaged_file_costs_itself_only(tmp_path: Path) -> None:
    shutil.copytree(REAL / "text", tmp_path, dirs_exist_ok=True)
    damaged = tmp_path / "completions_00002.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert READER.declared(tmp_path, OPTIONS).rows is None
    read_rows = 0
    errors: list[InputError] = []
    for unit in READER.units(tmp_path, OPTIONS):
        try:
            read_rows += sum(1 for _ in READER.read(unit, OPTIONS))
        except InputError as error:
            errors.append(error)
    assert read_rows == 16
    assert [error.where for error in errors] == [str(damaged)]
    assert "truncated" in errors[0].message
    assert errors[0].hint


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"completion": None}, "no column 'completion'"),
        ({"prompt": [4]}, "column 'prompt' holds neither text nor messages"),
        ({"completion": [["a", "b"]]}, "column 'completion' holds neither"),
    ],
)
def test_a_file_of_another_shape_is_an_error(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    path = written(tmp_path / "a.parquet", **columns)
    with pytest.raises(InputError, match=message) as caught:
        list(READER.read(Unit(str(path)), OPTIONS))
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (Probe(Path("a"), "parquet", frozenset({"step", "prompt", "completion", "right", "advantage"})), None),
        (Probe(Path("a"), "parquet", frozenset({"step", "prompt", "completion"})), "no column 'advantage'"),
        (Probe(Path("a"), "jsonl", frozenset({"step", "prompt", "completion", "advantage"})), "not a Parquet file"),
        (Probe(Path(__file__).parent, "directory"), "no file named completions_<step>.parquet in it"),
        (Probe(REAL / "text", "directory"), None),
    ],
)
def test_recognition(probe: Probe, reason: str | None) -> None:
    assert READER.recognise(probe) == reason


@given(completion=st.text(st.characters(codec="utf-8")), prompt=st.text(st.characters(codec="utf-8")))
@settings(max_examples=100, deadline=None)
def test_no_sampled_character_is_lost(tmp_path_factory: pytest.TempPathFactory, completion: str, prompt: str) -> None:
    path = written(tmp_path_factory.mktemp("any") / "a.parquet", prompt=[prompt], completion=[completion])
    episode = episodes(path)[0]
    inputs = episode.calls[0].inputs or ()
    assert [field.text.reveal() for field in inputs if field.text is not None] == [prompt, completion]
    assert text_of(episode, Channel.PROMPT) == prompt


def test_a_message_that_is_none_costs_its_row_only(tmp_path: Path) -> None:
    said = [{"role": "assistant", "content": "<think>a</think>b"}]
    unknown = [{"role": "narrator", "content": "x"}]
    file = written(
        tmp_path / "completions_00003.parquet",
        step=[3] * 3,
        prompt=["Why?"] * 3,
        completion=[said, unknown, said],
        right=[1.0] * 3,
        advantage=[0.5] * 3,
    )
    first, second, third = read(file)
    assert isinstance(first, Episode) and isinstance(third, Episode)
    assert isinstance(second, Skipped) and second.reason is Reason.MALFORMED
    assert second.detail.startswith("messages[0].role: no known role")
