"""The first five hundred fuzzed inputs; `python -m bench.fuzz` runs a hundred thousand."""

from pathlib import Path

import pytest
from bench.fuzz_targets import CLEAN, LEAKY, Fixture, Fuzzer, shown, wrongly_cleared
from bench.mutations import Mutated
from tests.exposure import cases


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    return Fuzzer(1, tmp_path_factory.mktemp("fuzz"), largest=1 << 13)


@pytest.mark.parametrize("start", range(0, 500, 50))
def test_no_input_brings_a_traceback_a_hang_or_a_wrong_none_found(fuzzer, monkeypatch, start):
    monkeypatch.chdir(Path(__file__).parent.parent)
    failures = {number: found for number in range(start, start + 50) if (found := fuzzer.check(number))}
    assert failures == {}


def fixture(episodes):
    return Fixture("made/run", {"run.jsonl": cases.lines(episodes).encode()}, folder=False)


def test_the_judge_of_none_found_sees_leaks_and_unreadable_rests():
    clean, leaky = cases.lines(CLEAN).encode(), cases.lines(LEAKY).encode()
    assert wrongly_cleared(fixture(CLEAN), Mutated(clean, ())) == ""
    assert wrongly_cleared(fixture(LEAKY), Mutated(leaky, ())) == "a leak is there"
    assert wrongly_cleared(fixture(CLEAN), Mutated(clean[:-30], ())) == "a line is no JSON"
    assert wrongly_cleared(fixture(CLEAN), Mutated(b"\x1f\x8b\x08" + clean, ())) == "the compressed stream is damaged"


def test_the_judge_of_output_sees_reasoning():
    assert shown(f"what was thought: {cases.reasoning(2)}")
    assert not shown(cases.RUBRIC + cases.answer(2))
