"""What values hold, and what becomes of it where ways meet."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from sequester.lint.domain import NOTHING, Holds, Signal, Source, Value, combine, element_of, join, regardless_of_length, shallow

FLAGS = [flag for name, flag in vars(Holds).items() if name.isupper() and name not in ("TAINTED", "TEXT")]
NODES = [ast.parse(text).body[0] for text in ("a", "b")]
SOURCES = [Source(signal, node, None, "") for signal in Signal for node in NODES]
FLAT = st.builds(
    Value,
    st.integers(0, sum(FLAGS)),
    st.sampled_from([frozenset(), *(frozenset(SOURCES[at:end]) for at in range(4) for end in range(5, 7))]),
    st.sampled_from([(), ("a",), ("", "</think>")]),
)
VALUES = FLAT | st.builds(lambda value, element: value._replace(element=element), FLAT, FLAT)


def test_nothing_is_joined_and_combined_to_nothing():
    assert join(NOTHING, NOTHING) is combine() is combine(NOTHING, NOTHING) is NOTHING
    assert element_of(NOTHING) == NOTHING


def test_no_two_flags_are_the_same():
    assert len({*FLAGS}) == len(FLAGS)
    assert all(flag.bit_count() == 1 for flag in FLAGS)


def test_a_split_on_one_way_only_is_one_that_fails_open():
    whole, answer = Value(Holds.WHOLE), Value(Holds.ANSWER | Holds.DIVIDED)
    assert join(whole, answer).holds == join(answer, whole).holds == Holds.MAYBE | Holds.ANSWER | Holds.DIVIDED
    assert join(answer, Value(Holds.ANSWER)).holds & Holds.MAYBE == 0


def test_a_text_is_closed_only_if_it_is_so_on_both_ways():
    closed, other = Value(Holds.WHOLE | Holds.CLOSED), Value(Holds.WHOLE)
    assert join(closed, closed).holds & Holds.CLOSED
    assert not join(closed, other).holds & Holds.CLOSED


@given(VALUES)
def test_a_value_joined_with_itself_stays_what_it_is(value):
    assert join(value, value) == value


@given(VALUES, VALUES)
def test_what_meets_holds_the_same_whichever_way_comes_first(one, other):
    ahead, back = join(one, other), join(other, one)
    assert (ahead.holds, ahead.why, {*ahead.texts}) == (back.holds, back.why, {*back.texts})


@given(VALUES, VALUES)
def test_no_signal_and_no_taint_is_lost_where_ways_meet(one, other):
    met = join(one, other)
    assert met.why == one.why | other.why
    lost = (one.holds | other.holds) & Holds.TAINTED & ~met.holds
    assert lost in (0, Holds.WHOLE)
    assert not lost or met.holds & Holds.MAYBE


@given(st.lists(VALUES, max_size=4))
def test_what_is_made_of_several_holds_what_each_does(values):
    made = combine(*values)
    assert all(value.holds & Holds.TAINTED & ~made.holds == 0 for value in values)
    assert made.why == frozenset().union(*(value.why for value in values))


def test_lengths_alone_are_left_out():
    assert {source.signal for source in regardless_of_length(frozenset(SOURCES))} == {*Signal} - {Signal.LENGTH}


def test_what_is_known_of_parts_has_an_end():
    value = NOTHING
    for _ in range(100):
        value = shallow(Value(Holds.WHOLE, parts=(value, value)))
    assert repr(value).count("parts=(") < 8
