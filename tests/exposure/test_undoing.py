"""The search goes on where the screen sees something wrapped, and only in the ways that it saw."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from tests.exposure import cases
from tests.exposure.wrappings import ARMOURS, REARRANGED, TEXT, b64

from sequester.exposure import flags
from sequester.exposure.layers import Budget, Hint, Layer, Step, retrace, unfold
from sequester.exposure.matching import Pattern
from sequester.exposure.undoing import Search, shown_behind, undone

PATTERN = Pattern([TEXT])


def layers(text: str) -> list[Layer]:
    budget = Budget()
    found = list(unfold(text, budget, Search(PATTERN, PATTERN.flags(text))))
    assert budget.exhausted == ()
    return found


def test_nothing_is_undone_in_nothing() -> None:
    assert undone(0, "") == 0
    assert PATTERN.flags("") == 0
    assert layers("") == list(shown_behind("", PATTERN)) == []


@pytest.mark.parametrize("text", [TEXT, cases.reasoning(3), "\n".join(f"{n}. {cases.words(n, 8)}" for n in range(20))])
def test_text_in_which_nothing_is_wrapped_has_no_layers(text: str) -> None:
    assert layers(text) == []


@pytest.mark.parametrize("name", REARRANGED)
def test_only_the_ways_that_were_seen_are_gone(name: str) -> None:
    found = layers(REARRANGED[name](TEXT))
    assert any(PATTERN.scan(layer.text.reveal()) for layer in found)
    assert len(found) <= 12


def test_a_table_is_only_read_downwards() -> None:
    asked = undone(PATTERN.flags(table := REARRANGED["markdown-table"](TEXT)), table)
    assert asked & Hint.TABLES
    assert not asked & (Hint.ENCODED | Hint.STRINGS | Hint.LINKS | Hint.FOREIGN)


def test_text_of_others_in_pieces_is_left_alone() -> None:
    assert layers(REARRANGED["markdown-table"](cases.reasoning(5))) == []


@pytest.mark.parametrize("inner", ["markdown-table", "line-numbers", "token-records", "rot13"])
def test_what_is_cut_up_behind_an_encoding_is_put_together(inner: str) -> None:
    found = layers(f"The work: {b64(gzip.compress(REARRANGED[inner](TEXT).encode()))}")
    assert any(PATTERN.scan(layer.text.reveal()) for layer in found if layer.transforms[:2] == ("base64", "gzip"))


def test_what_the_parent_was_searched_for_is_not_looked_for_in_its_pieces() -> None:
    search = Search(PATTERN, 0)
    search("", None)
    text = "\\x00\\x01\\x02\\x03 and some words"
    assert search(text, None) & Hint.BACKSLASHES
    assert not search(text, Step("column", "", Hint.ESCAPES, False)) & Hint.BACKSLASHES
    assert search(text, Step("column", "", 0, False)) & Hint.BACKSLASHES


def test_letters_that_unescaping_left_alone_are_not_decoded_again() -> None:
    search = Search(PATTERN, flags.ARMOUR)
    search("", None)
    encoded, other = b64(TEXT.encode()), b64(cases.reasoning(2).encode())
    before = f"a\\tb {encoded}"
    assert not search(f"a b {encoded}", Step("escapes", before, Hint.BASE64, False)) & Hint.BASE64
    assert search(f"a b {other}", Step("escapes", before, Hint.BASE64, False)) & Hint.BASE64


@pytest.mark.parametrize("mark", ["12: ", "INFO 7 ", "+"])
def test_long_lines_of_letters_are_freed_of_what_stands_before_each(mark: str) -> None:
    lines = base64.encodebytes(TEXT.encode()).decode().split()
    asked = undone(flags.ARMOUR, "\n".join(mark + line for line in lines))
    assert asked & Hint.PREFIXES
    assert not undone(flags.ARMOUR, "\n".join(lines)) & Hint.PREFIXES


def test_long_letters_are_looked_through_in_linear_time() -> None:
    assert undone(flags.ARMOUR, "aB3" * 200_000) & Hint.BASE64


@pytest.mark.parametrize("armour", ARMOURS)
def test_a_layer_can_be_found_again_by_its_transforms(armour: str) -> None:
    text = json.dumps({"work": ARMOURS[armour](TEXT.encode())})
    found = [layer for layer in layers(text) if PATTERN.scan(layer.text.reveal())]
    assert found or PATTERN.scan(text)
    for layer in found:
        assert layer.text.reveal() in [again.text.reveal() for again in retrace(text, layer.transforms)]


def test_nothing_stands_behind_wrappings_that_are_not_there() -> None:
    assert list(retrace("", ("base64",))) == []
    assert list(retrace(TEXT, ("base64", "gzip"))) == []
