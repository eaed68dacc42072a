"""Logs that Inspect writes, read by our reader and by Inspect itself. Runs in an environment of its own:

.venv-inspect/bin/pip install inspect_ai pytest . && .venv-inspect/bin/python -m pytest tests/frameworks/test_inspect.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sequester.episodes.model import Channel, Episode, Evidence, Reason, SplitStatus
from sequester.episodes.readers.inspect_eval import READER
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.probing import probe

inspect_log = pytest.importorskip(
    "inspect_ai.log", reason="Inspect has an environment of its own, .venv-inspect", exc_type=ImportError
)
pytestmark = pytest.mark.framework

ROOT = Path(__file__).parents[2]
NAMES = ("clean.eval", "leaky.eval", "hidden.eval", "inline.eval", "middle.eval", "failing.eval", "agent.eval", "leaky.json")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Inspect wrote. The run has a process of its own, as Inspect's warnings are none of ours."""
    folder = tmp_path_factory.mktemp("inspect")
    script = shutil.copy(ROOT / "tests" / "frameworks" / "inspect_run.py", folder)
    command = [sys.executable, script, str(folder), str(ROOT / "tests" / "data" / "inspect" / "traces.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def read(path: Path) -> list[Episode]:
    found = [record for unit in READER.units(path, Options()) for record in READER.read(unit, Options())]
    assert all(isinstance(record, Episode) for record in found)
    return [record for record in found if isinstance(record, Episode)]


def prompts_by_inspect(path: Path) -> dict[str, dict[str, set[str]]]:
    """By sample and scorer, every text of every message that Inspect says a grader model was given."""
    found: dict[str, dict[str, set[str]]] = {}
    for sample in inspect_log.read_eval_log(str(path), resolve_attachments=True).samples:
        spans = {event.id: event for event in sample.events if event.event == "span_begin"}
        graders: dict[str, set[str]] = found.setdefault(sample.uuid, {})
        for event in sample.events:
            span = spans.get(event.span_id)
            if event.event == "model" and span is not None and span.type == "scorer":
                graders.setdefault(span.name, set()).update(message.text for message in event.input)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_inspect_and_the_reader_agree_on_what_graders_were_given(logs: Path, name: str) -> None:
    expected = prompts_by_inspect(logs / name)
    episodes = read(logs / name)
    assert {episode.episode_id for episode in episodes} == set(expected)
    for episode in episodes:
        recorded = {call.path: call for call in episode.calls if call.evidence is Evidence.RECORDED and call.inputs}
        assert set(recorded) == set(expected[episode.episode_id])
        for path, call in recorded.items():
            contents = {field.text.reveal() for field in call.inputs or () if field.name.endswith(".content") and field.text}
            assert contents == expected[episode.episode_id][path]


@pytest.mark.parametrize("name", (*NAMES, "chunked.eval"))
def test_the_log_is_recognised_and_declares_what_it_holds(logs: Path, name: str) -> None:
    assert READER.recognise(probe(logs / name)) is None
    assert READER.declared(logs / name, Options()).rows == len(read(logs / name))


def test_the_reasoning_reaches_the_leaky_grader_only(logs: Path) -> None:
    for episode in read(logs / "leaky.eval"):
        assert episode.split.status is SplitStatus.SPLIT
        reasoning = [segment.text.reveal() for segment in episode.segments if segment.channel is Channel.REASONING][-1]
        words = max(reasoning.split("\n"), key=len).replace('"', "'")[:40]
        for call in episode.calls:
            given = "".join(field.text.reveal() for field in call.inputs or () if field.text).replace('\\"', "'")
            assert (words in given) == (call.path == "sees_reasoning")


def test_a_sample_that_failed_says_so_by_what_it_lacks(logs: Path) -> None:
    failed = [episode for episode in read(logs / "failing.eval") if episode.split.status is SplitStatus.NO_COT]
    assert len(failed) == 1
    assert not failed[0].calls


def test_an_agent_that_drops_reasoning_from_its_messages_hides_none(logs: Path) -> None:
    for episode in read(logs / "agent.eval"):
        assert "".join(segment.text.reveal() for segment in episode.segments if segment.channel is Channel.REASONING)
        by_path = {call.path: call for call in episode.calls}
        assert by_path["includes"].evidence is Evidence.REBUILT
        assert by_path["reads_state"].missing is Reason.INPUT_NOT_LOGGED  # the reasoning is gone from the state too


def test_a_scorer_of_code_is_handed_the_reasoning(logs: Path) -> None:
    for episode in read(logs / "code.eval"):
        [call] = episode.calls
        assert (call.evidence, call.hands_over) == (Evidence.CONTRACT, "state.messages")
