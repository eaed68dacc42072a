"""Keys are shown where they read like names; a key can hold reasoning."""

from __future__ import annotations

import pytest
from tests.exposure.wrappings import CHINESE, TEXT

from sequester.keys import shown, unknown


def test_an_empty_key_is_no_name() -> None:
    assert shown("") is None
    assert unknown("", ()) == "unknown key of 0 characters"


@pytest.mark.parametrize("key", ["prompt", "reward_calls", "a/b.c:d-$e@f", "two words", "提示", "x" * 64])
def test_names_are_shown(key: str) -> None:
    assert shown(key) == key


@pytest.mark.parametrize("key", [TEXT, TEXT[:40], CHINESE, "two\nlines", "x" * 65, "\0"])
def test_free_text_in_the_place_of_a_key_is_not_shown(key: str) -> None:
    assert shown(key) is None
    assert unknown(key, ("prompt", key[:-1])) == f"unknown key of {len(key)} characters"


def test_the_nearest_valid_key_is_offered() -> None:
    assert unknown("promt", ("prompt", "answer")) == "unknown key 'promt' (did you mean 'prompt'?)"
    assert unknown("zebra", ("prompt", "answer")) == "unknown key 'zebra'"
    assert unknown("zebr", ("prompt",), ("zebra",)) == "unknown key 'zebr'"
    assert unknown("zebra", ("prompt",), ("zebra",)) == "unknown key 'zebra' in this place"


def test_a_name_that_other_logs_use_is_to_be_renamed() -> None:
    for called in ("reasoning_content", "thinking"):
        assert unknown(called, ("prompt", "reasoning")) == f"unknown key {called!r} (rename it: 'reasoning')"
    assert unknown("thinking", ("prompt",)) == "unknown key 'thinking'"
