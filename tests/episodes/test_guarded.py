"""Guarded text: the characters come out on purpose only, in the same form however they are held."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.guarded import GuardedText
from sequester.errors import GuardedTextError

CANARY = "the harbour behind the lighthouse"


def test_no_text_is_false_and_empty():
    for raw in ("", b"", memoryview(b"")):
        text = GuardedText(raw)
        assert not text
        assert (len(text), text.reveal(), bytes(text.reveal_utf8())) == (0, "", b"")


@pytest.mark.parametrize("raw", [CANARY, CANARY.encode(), memoryview(CANARY.encode())])
def test_nothing_that_prints_or_copies_shows_it(raw):
    text = GuardedText(raw)
    assert CANARY not in f"{text} {text!r} {text!s} {text:>80} {[text]} {(text,)}"
    for serialise in (pickle.dumps, lambda one: one.__reduce_ex__(4)):
        with pytest.raises(GuardedTextError) as caught:
            serialise(text)
        assert CANARY not in f"{caught.value} {caught.value!r}"
    assert copy.copy(text) is copy.deepcopy(text) is text


@given(st.text(st.characters(codec="utf-8")))
def test_text_is_the_same_however_it_is_held(characters):
    held = [GuardedText(raw) for raw in (characters, characters.encode(), memoryview(characters.encode()))]
    assert {text.reveal() for text in held} == {characters}
    assert {bytes(text.reveal_utf8()) for text in held} == {characters.encode()}
    assert {len(text) for text in held} == {len(characters)}
    assert len(set(held)) == 1
    assert held[0] != characters


@pytest.mark.parametrize(("raw", "utf8"), [("a\ud83d", "a\ufffd"), ("\udc80b", "\ufffdb"), ("\ud83d\ude00", "😀")])
def test_lone_surrogates_are_replaced_in_utf8(raw, utf8):
    assert GuardedText(raw).reveal_utf8() == utf8.encode()


def test_bytes_that_are_no_utf8_are_replaced_when_read():
    assert GuardedText(b"a\xffb").reveal() == "a\ufffdb"
    assert GuardedText(b"a\xffb").reveal_raw() == b"a\xffb"
