"""Sketches tell which words stand in one text and not in another, and keep neither."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sequester.influence.interception import windows as module
from sequester.influence.interception.windows import only_in, sketch, windows

TEXT = "the zebra juggles seven teapots on a mauve carpet"


def test_few_words_have_no_windows():
    assert windows("") == windows("five words are too few") == frozenset()
    assert sketch("") == ()


def test_quoting_and_case_do_not_count():
    assert windows(TEXT) == windows(TEXT.upper().replace(" ", "\n")) == windows(json.dumps(json.dumps(TEXT.replace(" ", "\n"))))
    assert windows("思维链里面写着什么") == windows(json.dumps("思维链里面写着什么")) != frozenset()


def test_words_are_found_on_one_side_alone():
    own = windows(TEXT)
    template = "please grade this answer with care: "
    held, lacking = sketch(template + TEXT), sketch(template + "another text of more than six words stands here")
    assert only_in(own, [held], [lacking]) == own
    assert only_in(own, [held], [held]) == only_in(own, [lacking], [held]) == only_in((), [held], [lacking]) == frozenset()
    assert only_in(windows(template + "x"), [held], [lacking]) == frozenset()


def test_of_a_text_that_is_too_long_nothing_is_known(monkeypatch):
    monkeypatch.setattr(module, "MOST_CHARACTERS", 10)
    assert sketch(TEXT) is None
    assert only_in(windows(TEXT), [tuple(sorted(windows(TEXT)))], [None]) == frozenset()


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60), st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_what_is_said_to_be_in_one_text_alone_is(one, other):
    first, second = windows(" ".join(one)), windows(" ".join(other))
    assert only_in(first, [sketch(" ".join(one))], [sketch(" ".join(other))]) == first - second
