"""Names from a log cannot move the cursor, reverse a line or break an encoding."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.report.untrusted import message_lines, printable, printable_lines, without_commands


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        ("judge", "judge"),
        ("длина", "длина"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\r\x00", "a\\nb\\r\\x00"),
        ("\u202egnp", "\\u202egnp"),
        ("a\u200bb", "a\\u200bb"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_seen_is_escaped(name, shown):
    assert printable(name) == shown


@settings(max_examples=200, deadline=None)
@given(st.text(), st.integers(3, 20))
def test_any_name_can_be_written_and_has_an_end(name, longest):
    shown = printable(name, longest)
    assert shown.encode("utf-8").decode() == shown
    assert len(shown) <= longest
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in shown)


def test_lines_stay_lines_and_nothing_is_cut():
    assert printable_lines("a\x1b[2J\nb" + "c" * 1000) == "a\\x1b[2J\nb" + "c" * 1000
    assert printable_lines("") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain: a::b ## [x]", "plain: a::b ## [x]"),
        ("::error::pwned", "\\::error::pwned"),
        ("a\n::error::pwned", "a\n\\::error::pwned"),
        ("a\n \t::add-mask::x", "a\n \t\\::add-mask::x"),
        ("a ##[error]pwned", "a ##\\[error]pwned"),
        ("##vso[task.complete]", "##\\vso[task.complete]"),
    ],
)
def test_no_line_is_an_order_to_a_ci_service(text, shown):
    assert without_commands(text) == shown


def test_a_message_of_several_lines_is_one_message():
    assert message_lines("error: x\nerror: forged\n::error::pwned") == "error: x\n  error: forged\n  \\::error::pwned"
