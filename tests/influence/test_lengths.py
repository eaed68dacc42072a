"""Longer and shorter CoTs."""

from __future__ import annotations

from sequester.influence.lengths import Length, first_sentence, lengths, longer

TEXT = "Seven gulls sit on the roof and nobody minds. Then one of them leaves for the harbour, and the others look after it."


def test_without_numbers_there_are_still_lines_paragraphs_and_sentences() -> None:
    assert [(length.characters, length.just, length.between) for length in lengths(())] == [
        *[(0, False, "")],
        *[(0, False, between) for between in ("\n", "\n\n", ". ")],
    ]


def test_nothing_grows_to_nothing() -> None:
    assert longer([""], 0, Length(0, 0), 100) == ""


def test_longer_is_bounded() -> None:
    assert len(longer([TEXT], len(TEXT), Length(5_000, 0), 1_000)) == 1_000
    assert len(longer([TEXT], len(TEXT), Length(500, 0, just=True), 1_000)) == 501


def test_first_sentence_of_a_short_text_is_all_of_it() -> None:
    assert first_sentence("So it is.") == "So it is."
    assert first_sentence(TEXT) == "Seven gulls sit on the roof and nobody minds."
