"""What is written is what is read."""

import json
from array import array
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.bundle import writer as writer_module
from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.layout import open_bundle
from sequester.episodes.bundle.manifest import Expected, Parent, Policy, RunInfo, Signal, read_manifest
from sequester.episodes.bundle.reading import read_part
from sequester.episodes.bundle.writer import BundleWriter
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.episodes.readers.bundle import READER
from sequester.episodes.readers.interface import Options
from sequester.errors import BundleError, LimitExceeded, UsageError

RUN = RunInfo("run-1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Policy("org/model"))

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
guarded = text.map(GuardedText)
int64 = st.integers(-(1 << 63), (1 << 63) - 1)
number = st.floats(allow_nan=False)
ids = st.lists(int64, max_size=4).map(lambda values: array("q", values))
fields = st.lists(st.builds(Field, name=text, text=st.none() | guarded, ids=st.none() | ids), max_size=3).map(tuple)
segments = st.builds(
    Segment, turn=int64, channel=st.sampled_from(Channel), text=guarded, ids=st.none() | ids, weight=st.none() | number
)
calls = st.builds(
    RewardCall,
    path=text,
    evidence=st.sampled_from(Evidence),
    inputs=st.none() | fields,
    score=st.none() | number,
    hands_over=text,
    missing=st.none() | st.sampled_from(Reason),
)
facts = st.builds(
    Episode,
    episode_id=st.just(""),
    segments=st.lists(segments, max_size=4).map(tuple),
    split=st.builds(Split, status=st.sampled_from(SplitStatus), reason=text, family=text),
    source=st.builds(Source, path=text.filter(bool), record=int64),
    calls=st.lists(calls, max_size=3).map(tuple),
    environment=st.none() | text,
    step=st.none() | int64,
    group=st.none() | text,
    columns=fields,
    completion_ids=st.none() | ids,
    weight=st.none() | number,
    model=st.none() | text,
    sample=st.none() | int64,
    visibility=st.sampled_from(Visibility),
    shard=text,
    advantage=st.none() | number,
)


def _replace(episode: Episode, **changes: object) -> Episode:
    return Episode(**{**{name: getattr(episode, name) for name in Episode.__struct_fields__}, **changes})


def _episode(number: int, **changes: object) -> Episode:
    plain = Episode(
        episode_id=f"e{number}",
        segments=(
            Segment(0, Channel.PROMPT, GuardedText("2 + 2?")),
            Segment(0, Channel.REASONING, GuardedText("two and two"), array("q", [1, 2]), 1.0),
            Segment(0, Channel.ANSWER, GuardedText("4")),
        ),
        split=Split(SplitStatus.SPLIT, "typed fields", "typed"),
        source=Source("log.jsonl", number + 1),
        calls=(RewardCall("exact", Evidence.RECORDED, (Field("answer", GuardedText("4")),), 1.0),),
        shard="0",
    )
    return _replace(plain, **changes)


def _read(directory: Path) -> list[Episode]:
    return [episode for unit in READER.units(directory, Options()) for episode in READER.read(unit, Options())]


def _write(directory: Path, episodes: list[Episode], **options: str) -> None:
    with BundleWriter(directory, RUN, **options) as writer:
        for episode in episodes:
            writer.write(episode)


def test_nothing_written_declares_no_rows_and_is_not_closed(tmp_path):
    _write(tmp_path / "b", [])
    declared = READER.declared(tmp_path / "b", Options())
    assert (declared.rows, declared.closed) == (0, False)
    assert _read(tmp_path / "b") == []


def test_a_closed_run_without_episodes_declares_what_was_expected(tmp_path):
    _write(tmp_path / "b", [])
    close_run(tmp_path / "b", RUN, Expected(steps=(0, 9), ranks=2, group_size=4, episodes=80), "test 1")
    declared = READER.declared(tmp_path / "b", Options())
    assert (declared.rows, declared.closed, declared.steps, declared.ranks) == (80, True, (0, 9), 2)


@settings(max_examples=50, deadline=None)
@given(st.lists(facts, max_size=8), st.integers(1, 4), st.integers(1, 4))
def test_every_fact_survives(episodes, group_rows, part_groups):
    episodes = [_replace(episode, episode_id=f"e{index}") for index, episode in enumerate(episodes)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_module, "_ROWS", group_rows)
        patch.setattr(writer_module, "_PART_GROUPS", part_groups)
        directory = Path(folder)
        _write(directory, episodes)
        assert _read(directory) == episodes
        close_run(directory, RUN, Expected(), "test 1")
        assert READER.declared(directory, Options()).rows == len(episodes)
        assert _read(directory) == episodes


def test_units_read_alone_hold_every_record_once(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "_ROWS", 2)
    monkeypatch.setattr("sequester.episodes.readers.bundle._UNIT_BYTES", 1)
    episodes = [_episode(number) for number in range(7)]
    _write(tmp_path, episodes)
    units = list(READER.units(tmp_path, Options()))
    assert [unit.first_record for unit in units] == [1, 3, 5, 7]
    read = {unit.first_record: list(READER.read(unit, Options())) for unit in reversed(units)}
    assert [episode for unit in units for episode in read[unit.first_record]] == episodes


def test_parts_are_read_by_rank_and_number(tmp_path):
    for number, rank in enumerate(["1", "0", "1"]):
        _write(tmp_path, [_episode(number, shard=None)], rank=rank)
    assert [(episode.episode_id, episode.shard) for episode in _read(tmp_path)] == [("e1", "0"), ("e0", "1"), ("e2", "1")]


def test_a_source_that_nobody_knows_is_the_place_in_the_bundle(tmp_path):
    _write(tmp_path, [_episode(0), _episode(1, source=Source("", 0))])
    assert _read(tmp_path)[1].source == Source(str(tmp_path / "episodes" / "0-000000.parquet"), 2)


def test_bytes_that_are_no_utf8_become_replacement_characters(tmp_path):
    raw = GuardedText(memoryview(b"a\xff\xc3"))
    lone = GuardedText("b\ud800")
    episode = _episode(0, segments=(Segment(0, Channel.REASONING, raw), Segment(0, Channel.ANSWER, lone)), environment="c\udfff")
    _write(tmp_path, [episode, _episode(1)])
    read = _read(tmp_path)[0]
    assert [segment.text.reveal() for segment in read.segments] == ["a\ufffd\ufffd", "b\ufffd"]
    assert read.environment == "c\ufffd"


@pytest.mark.parametrize(("field", "value"), [("step", 1 << 63), ("sample", -(1 << 63) - 1)])
def test_a_number_that_does_not_fit_is_refused_as_a_whole(tmp_path, field, value):
    with BundleWriter(tmp_path, RUN) as writer:
        with pytest.raises(BundleError, match="64-bit"):
            writer.write(_episode(0, **{field: value}))
        writer.write(_episode(1))
    assert _read(tmp_path) == [_episode(1)]


def test_an_episode_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sequester.episodes.bundle.encoding.EPISODE_SIZE", 5)
    with BundleWriter(tmp_path, RUN) as writer, pytest.raises(LimitExceeded, match="per episode"):
        writer.write(_episode(0))


def test_text_that_is_or_may_be_reasoning_stands_in_its_own_folder_alone(tmp_path):
    canary = "zebra-canary-" * 20
    ambiguous = Split(SplitStatus.AMBIGUOUS, "no delimiters", "auto")
    whole = (Segment(0, Channel.PROMPT, GuardedText("q")), Segment(0, Channel.ANSWER, GuardedText(canary)))
    reasoning = (Segment(0, Channel.REASONING, GuardedText(canary)),)
    may_be = _episode(1, segments=whole, split=ambiguous)
    _write(tmp_path, [_episode(0, segments=reasoning, completion_ids=array("q", [7])), may_be])
    _write_uncompressed(tmp_path)
    holding = sorted(path.parent.name for path in tmp_path.rglob("*.raw") if canary.encode() in path.read_bytes())
    assert holding == ["reasoning"]


def _write_uncompressed(directory: Path) -> None:
    for path in directory.rglob("*.parquet"):
        pq.write_table(pq.read_table(path), path.with_suffix(".raw"), compression="none", use_dictionary=False)


def test_no_text_stands_in_a_footer(tmp_path):
    canary = "zebra-canary"
    fields_ = (Field("answer", GuardedText(canary)),)
    segments_ = tuple(Segment(0, channel, GuardedText(canary)) for channel in Channel)
    _write(tmp_path, [_episode(0, segments=segments_, calls=(RewardCall("p", Evidence.RECORDED, fields_),), columns=fields_)])
    for path in tmp_path.rglob("*.parquet"):
        raw = path.read_bytes()
        assert canary.encode() not in raw[-8 - int.from_bytes(raw[-8:-4], "little") :]


def test_run_json_holds_what_the_run_said(tmp_path):
    run = RunInfo(
        "run-1",
        RUN.created,
        Policy("org/model", "org/tokenizer"),
        "sha256:00",
        (Parent("model", "base"),),
        (Signal("fmt", "format", "markup", "me", "2026-03-01"),),
    )
    _write(tmp_path, [_episode(0)])
    expected = Expected(step_set=(1, 3))
    assert close_run(tmp_path, run, expected, "test 1") == read_manifest(tmp_path)
    raw = json.loads((tmp_path / "run.json").read_text())
    assert raw["schema"] == "sequester.bundle/1"
    assert raw["counts"] == {"episodes": 1, "reasoning": 1, "reward_calls": 1, "findings": 0}
    assert READER.declared(tmp_path, Options()).step_set == frozenset({1, 3})


def test_a_writer_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "_ROWS", 1)
    with pytest.raises(RuntimeError, match="trainer"), BundleWriter(tmp_path, RUN) as writer:
        writer.write(_episode(0))
        raise RuntimeError("trainer")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_later_writer_of_a_rank_carries_on(tmp_path):
    for number in range(3):
        _write(tmp_path, [_episode(number)])
    assert [part.name for part in open_bundle(tmp_path).parts] == ["0-000000", "0-000001", "0-000002"]


def test_two_writers_of_one_rank_are_told(tmp_path, monkeypatch):
    with BundleWriter(tmp_path, RUN) as first:
        second = BundleWriter(tmp_path, RUN)
        first.write(_episode(0))
        first.flush()
        second.write(_episode(1))
        with pytest.raises(BundleError, match="another writer has written this part"):
            second.flush()
    assert _read(tmp_path) == [_episode(0)]


def test_two_writers_of_one_part_at_once_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "_ROWS", 1)
    first, second = BundleWriter(tmp_path, RUN), BundleWriter(tmp_path, RUN)
    first.write(_episode(0))
    with pytest.raises(BundleError, match="another writer holds this part"):
        second.write(_episode(1))
    with pytest.raises(BundleError, match="a writer still holds this file"):
        close_run(tmp_path, RUN, Expected(), "test 1")
    first.flush()
    assert _read(tmp_path) == [_episode(0)]


def test_a_closed_bundle_takes_no_more(tmp_path):
    _write(tmp_path, [_episode(0)])
    close_run(tmp_path, RUN, Expected(), "test 1")
    with pytest.raises(BundleError, match="closed"):
        BundleWriter(tmp_path, RUN)
    with pytest.raises(BundleError, match="closed already"):
        close_run(tmp_path, RUN, Expected(), "test 1")


@pytest.mark.parametrize("rank", ["", ".", "../0", "a/b", "a-b", "x" * 65])
def test_a_rank_that_cannot_name_a_file_is_refused(tmp_path, rank):
    with pytest.raises(UsageError, match="rank"):
        BundleWriter(tmp_path, RUN, rank=rank)


def test_a_part_that_was_not_published_whole_is_not_there_yet(tmp_path):
    _write(tmp_path, [_episode(0)])
    _write(tmp_path, [_episode(1)])
    (tmp_path / "episodes" / "0-000001.parquet").unlink()
    assert _read(tmp_path) == [_episode(0)]
    with pytest.raises(BundleError, match="no file in episodes/"):
        close_run(tmp_path, RUN, Expected(), "test 1")


def test_reading_holds_one_row_group_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "_ROWS", 1)
    _write(tmp_path, [_episode(number) for number in range(3)])
    (part,) = open_bundle(tmp_path).parts
    asked = []
    monkeypatch.setattr("sequester.episodes.bundle.reading.episodes_of", lambda group: asked.append(group) or iter([group]))
    next(read_part(part))
    assert len(asked) == 1
