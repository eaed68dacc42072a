"""Keys that stand twice in an object: found at any depth, and never where a text only looks like it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.readers.repeats import repeated_key

CALL = '{"reward_path": "judge", "inputs": {"a": "x", "b": {"c": 1, "d": null}}, "score": null}'
LINE = f'{{"episode_id": "e1", "prompt": "p", "reasoning": "because", "answer": "so", "group": null, "reward_calls": [{CALL}]}}'


def found(line: str) -> str | None:
    return repeated_key(line.encode())


def test_nothing_stands_twice_in_a_line_without_repeats() -> None:
    assert found(LINE) is None
    assert found(LINE.replace(": ", ":").replace(", ", ",")) is None
    assert found(LINE.replace('":', '" :')) is None


def test_what_is_no_json_has_no_repeated_key() -> None:
    assert found("") is None
    assert found("[" * 100_000) is None
    assert found('{"a": 1, "a": ') is None


@pytest.mark.parametrize(
    ("once", "twice"),
    [
        ('"reasoning": "because"', '"reasoning": "hidden", "reasoning": "because"'),
        ('"reasoning": "because"', '"reasoning": "hidden", "reasoning": null'),
        ('"d": null', '"d": "hidden", "d": null'),
        ('"a": "x"', '"a": "hidden", "a": "x"'),
        ('"a": "x"', '"a":"hidden","a":"x"'),
        ('"c": 1', '"c": "hidden", "c": 1'),
        ('"inputs": {', '"inputs": {"a": "hidden"}, "inputs": {'),
        ('"c": 1', '"c": [{"e": 1, "e": 2}]'),
        ('"prompt": "p"', '"prompt": [{"role": "user", "content": "hidden", "content": "p"}]'),
    ],
)
def test_a_key_that_stands_twice_is_named_without_its_values(once: str, twice: str) -> None:
    assert once in LINE
    wrong = found(LINE.replace(once, twice))
    assert wrong is not None
    assert "stands twice" in wrong
    assert "hidden" not in wrong


VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='":, nul\\{}', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='":ab\\ ', max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.sampled_from([None, (",", ":")]))
def test_no_line_that_an_encoder_wrote_has_one(inputs: dict[str, object], separators: tuple[str, str] | None) -> None:
    line = {
        "episode_id": "e",
        "prompt": "p",
        "answer": None,
        "completion": "c",
        "reward_calls": [{"reward_path": "r", "inputs": inputs}],
    }
    written = json.dumps(line, separators=separators)
    assert found(written) is None
