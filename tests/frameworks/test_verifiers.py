"""Runs of verifiers, read from the files they wrote. Each version runs in an environment of its own:

.venv-verifiers/bin/pip install verifiers==0.4.0 pytest .
.venv-verifiers/bin/python -m pytest tests/frameworks/test_verifiers.py

and the same in .venv-verifiers-legacy with verifiers==0.1.14.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sequester.episodes.model import Channel, Episode, Evidence, SplitStatus
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.verifiers import READER

pytest.importorskip("verifiers", reason="verifiers is in .venv-verifiers and .venv-verifiers-legacy", exc_type=ImportError)
IS_LEGACY = version("verifiers").startswith("0.1.")
pytestmark = pytest.mark.framework
for_v1 = pytest.mark.skipif(IS_LEGACY, reason="verifiers v1 came after this version")
for_legacy = pytest.mark.skipif(not IS_LEGACY, reason="legacy environments are not in this version")

ROOT = Path(__file__).parents[2]
WRITTEN = [json.loads(line) for line in (ROOT / "tests" / "data" / "verifiers" / "written.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that verifiers wrote. The run has a process of its own: it moves HOME and opens a server."""
    folder = tmp_path_factory.mktemp("verifiers")
    script = "verifiers_legacy_run.py" if IS_LEGACY else "verifiers_run.py"
    command = [sys.executable, str(ROOT / "tests" / "frameworks" / script), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def read(path: Path) -> list[Episode]:
    assert READER.recognise(probe(path)) is None
    found = [record for unit in READER.units(path, Options()) for record in READER.read(unit, Options())]
    assert all(isinstance(record, Episode) for record in found)
    return [record for record in found if isinstance(record, Episode)]


def texts(episode: Episode, channel: Channel) -> list[str]:
    return [segment.text.reveal() for segment in episode.segments if segment.channel is channel]


@for_v1
@pytest.mark.parametrize("part", ["single", "judged", "prime-rl"])
def test_the_policys_words_are_told_apart(run: Path, part: str) -> None:
    found = read(run / part)
    assert len(found) == len(WRITTEN)
    for episode, row in zip(found, WRITTEN, strict=True):
        assert episode.split.status is SplitStatus.SPLIT
        assert texts(episode, Channel.REASONING) == [*([row["tool_reasoning"]] if "tool" in row else []), row["reasoning"]]
        assert texts(episode, Channel.ANSWER) == [row["answer"]]
        assert len(texts(episode, Channel.TOOL_RESULT)) == len(texts(episode, Channel.TOOL_CALL)) == int("tool" in row)


@for_v1
def test_what_each_scorer_was_handed(run: Path) -> None:
    for episode in read(run / "judged"):
        calls = [(call.path, call.evidence, call.hands_over) for call in episode.calls]
        assert calls == [
            ("right", Evidence.CONTRACT, "trace"),
            ("states", Evidence.RECORDED, ""),
            ("states", Evidence.CONTRACT, "trace"),
            ("reference", Evidence.RECORDED, ""),
            ("rubric", Evidence.RECORDED, ""),
            ("judge", Evidence.RECORDED, ""),
        ]
        [reasoning] = texts(episode, Channel.REASONING)[-1:]
        for call in episode.calls:
            given = "".join(field.text.reveal() for field in call.inputs or () if field.text)
            assert reasoning not in given
            assert call.inputs is None or texts(episode, Channel.ANSWER)[0] in given


@for_v1
def test_what_a_trainer_stamps_on_an_episode(run: Path) -> None:
    for episode in read(run / "prime-rl"):
        assert (episode.step, episode.group, episode.weight, episode.advantage) == (3, "g1", 1.0, 0.25)
        sampled = [s.text.reveal() for s in episode.segments if s.channel in (Channel.REASONING, Channel.ANSWER)]
        assert bytes(list(episode.completion_ids or [])).decode() == "".join(sampled)


@for_legacy
def test_rows_of_a_legacy_run(run: Path) -> None:
    found = read(run)
    assert len(found) == 2 * len(WRITTEN)
    by_answer = {row["answer"]: row for row in WRITTEN}
    for episode in found:
        [answer] = texts(episode, Channel.ANSWER)
        assert texts(episode, Channel.REASONING) == [by_answer[answer]["reasoning"]]
        assert [(call.path, call.evidence, call.hands_over) for call in episode.calls] == [
            ("right", Evidence.CONTRACT, "completion"),
            ("judged", Evidence.CONTRACT, "completion"),
            ("num_turns", Evidence.CONTRACT, "completion"),
            ("judge", Evidence.RECORDED, ""),
        ]
        assert answer in "".join(field.text.reveal() for field in episode.calls[-1].inputs or () if field.text)
