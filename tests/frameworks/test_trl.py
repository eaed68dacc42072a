"""A real TRL run on CPU, read and audited from the files it wrote. Runs in an environment of its own:

.venv-trl/bin/pip install trl==1.16.0 pytest . && .venv-trl/bin/python -m pytest tests/frameworks/test_trl.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench import swap_cases

from sequester.episodes.model import Channel, Episode, Evidence, SplitStatus
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.trl import READER
from sequester.influence.cases import read_cases
from sequester.influence.process import ProcessScorer
from sequester.influence.source import parse_source

trl = pytest.importorskip("trl", reason="TRL has an environment of its own, .venv-trl", exc_type=ImportError)
pytestmark = pytest.mark.framework

STEPS = 2
SHAPES = ("messages", "typed", "text")


@pytest.fixture(scope="module", params=SHAPES)
def completions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that TRL wrote. The run has a process of its own, as TRL's and torch's warnings are none of ours."""
    output = tmp_path_factory.mktemp(request.param)
    command = [sys.executable, "-m", "tests.frameworks.trl_run", str(output), "--shape", request.param, "--steps", str(STEPS)]
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return output / "completions"


def read(path: Path) -> list[Episode]:
    found = [record for unit in READER.units(path, Options()) for record in READER.read(unit, Options())]
    assert all(isinstance(record, Episode) for record in found)
    return [record for record in found if isinstance(record, Episode)]


def test_the_reader_recognises_what_trl_wrote(completions: Path) -> None:
    assert READER.recognise(probe(completions)) is None
    assert READER.recognise(probe(completions.parent)) is None
    for file in completions.iterdir():
        assert READER.recognise(probe(file)) is None


def test_every_row_is_an_episode_with_its_reasoning_told_apart(completions: Path) -> None:
    found = read(completions)
    declared = READER.declared(completions, Options())
    assert len(found) == declared.rows == 8 * STEPS
    assert declared.step_set == set(range(1, STEPS + 1))
    split = [episode for episode in found if episode.split.status is SplitStatus.SPLIT]
    assert len(split) >= 6 * STEPS
    for episode in split:
        reasoning = "".join(segment.text.reveal() for segment in episode.segments if segment.channel is Channel.REASONING)
        assert len(reasoning) >= 31


def test_both_rewards_got_the_completion_and_its_ids(completions: Path) -> None:
    for episode in read(completions):
        assert [(call.path, call.evidence, call.hands_over) for call in episode.calls] == [
            ("product_is_right", Evidence.REBUILT, "completion_ids"),
            ("short_enough", Evidence.REBUILT, "completion_ids"),
        ]


def test_the_audit_finds_one_contract_exposure_per_reward_function(completions: Path, tmp_path: Path) -> None:
    result = audited(completions, tmp_path)
    assert result["verdict"] == "exposed"
    contract = [finding for finding in result["findings"] if finding["evidence"] == "contract"]
    assert sorted(finding["reward_path"] for finding in contract) == ["product_is_right", "short_enough"]
    assert result["reward_calls"]["evidence"]["contract"] > 0
    assert all("sequester swap" in finding["note"] for finding in contract)


def audited(path: Path, workspace: Path) -> dict[str, Any]:
    """What `sequester audit` says, in JSON."""
    command = [sys.executable, "-c", "from sequester.cli.main import main; main()", "audit", str(path), "--out", "json"]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, (done.returncode, done.stderr[-2000:])
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("case", swap_cases.labelled(trl=True), ids=lambda case: case.name)
def test_what_each_reward_function_that_trl_ships_does_with_the_reasoning(case: swap_cases.Labelled) -> None:
    """One pair for each code path and donor, in a process of its own. The labels were judged from TRL's source."""
    cases, _ = read_cases(swap_cases.DATA / "episodes" / f"{case.episodes}.jsonl")
    with ProcessScorer(parse_source(swap_cases.source_of(case))) as scorer:
        _, _, each_donor = swap_cases.first_pairs(cases[:6], scorer, ())
        assert scorer.not_intercepted() == ()
    assert each_donor == (case.channel if case.leaks else "")


def test_every_reward_function_that_trl_ships_is_labelled() -> None:
    listing = "from trl import rewards; print(*(name for name in rewards.__all__ if callable(getattr(rewards, name))))"
    command = [sys.executable, "-c", listing]
    done = subprocess.run(
        command, env=os.environ | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, timeout=300, check=True
    )
    shipped = {name.removeprefix("get_").removesuffix("_reward") for name in done.stdout.split()}
    labelled = {case.name.removesuffix("_reward") for case in swap_cases.labelled(trl=True)}
    assert labelled == shipped
