"""Longer and shorter CoTs."""

from __future__ import annotations

from sequester.influence.lengths import Length, Unbroken, first_sentence, lengths, longer

TEXT = "Seven gulls sit on the roof and nobody minds. Then one of them leaves for the harbour, and the others look after it."


def test_without_numbers_there_are_still_lines_paragraphs_and_sentences() -> None:
    assert [(length.characters, length.just, length.between) for length in lengths(())] == [
        *[(0, False, "")],
        *[(0, False, between) for between in ("\n", "\n\n", ". ")],
        *[(2_000, False, "") for _ in Unbroken],
    ]


def test_nothing_grows_to_nothing() -> None:
    assert longer([""], 0, Length(0, 0), 100) == ""


def test_longer_is_bounded() -> None:
    assert len(longer([TEXT], len(TEXT), Length(5_000, 0), 1_000)) == 1_000
    assert len(longer([TEXT], len(TEXT), Length(500, 0, just=True), 1_000)) == 501


def test_one_sentence_on_one_line_and_one_word_are_longer_than_the_largest_number() -> None:
    in_one_piece = [length for length in lengths((600, 6_000)) if length.unbroken]
    assert [length.unbroken for length in in_one_piece] == list(Unbroken)
    sentence, word = (longer([f"{TEXT}\n\n{TEXT}"], 200, length, 10_000) for length in in_one_piece)
    assert len(sentence) > 6_000 and not set(sentence) & set(".!?\n") and " " in sentence
    assert len(word) > 6_000 and word.isalnum()
    assert not longer(["..."], 3, in_one_piece[0], 100).strip(".\n")
    assert all(longer([""], 0, length, 100) == "" for length in in_one_piece)


def test_first_sentence_of_a_short_text_is_all_of_it() -> None:
    assert first_sentence("So it is.") == "So it is."
    assert first_sentence(TEXT) == "Seven gulls sit on the roof and nobody minds."
