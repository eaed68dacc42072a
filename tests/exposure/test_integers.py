"""Integer lists: decoded as bytes and code points, found in text, matched as ids."""

from __future__ import annotations

import json
import random
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.exposure.integers import RUN, decode_integers, integer_lists, shared_ids

SENTENCE = "I will not run the tests; I will only say that they pass. Grüße, 你好."


def ids(values: list[int] | range) -> array[int]:
    return array("q", values)


def test_nothing_in_nothing_out() -> None:
    assert list(decode_integers([])) == []
    assert list(integer_lists("")) == []
    assert shared_ids(ids([]), ids([]), ids([])) == []
    assert shared_ids(ids(range(100)), ids([]), ids([])) == []


def test_bytes() -> None:
    assert ("bytes", SENTENCE) in decode_integers(list(SENTENCE.encode()))
    assert ("bytes", SENTENCE) in decode_integers(array("q", list(SENTENCE.encode())))
    signed = [byte - 256 if byte > 127 else byte for byte in SENTENCE.encode()]
    assert ("bytes", SENTENCE) in decode_integers(signed)


def test_cut_bytes_keep_the_readable_part() -> None:
    (reading, *_) = decode_integers(list(SENTENCE.encode()[:-3]))
    assert reading[1].startswith(SENTENCE[:-3])


def test_code_points_and_utf_16_units() -> None:
    assert ("code-points", SENTENCE) in decode_integers([ord(character) for character in SENTENCE])
    wide = SENTENCE + "😀" * 3
    units = [int.from_bytes(wide.encode("utf-16-le")[at : at + 2], "little") for at in range(0, len(wide.encode("utf-16-le")), 2)]
    assert ("utf-16-units", wide) in decode_integers(units)


def test_token_ids_spell_nothing() -> None:
    assert list(decode_integers([151_644, 2_000_000, 12])) == []
    assert list(decode_integers([-100, 500])) == []


@settings(max_examples=100)
@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(-300, 0x110005), max_size=40))
def test_any_integers_are_survived(values: list[int]) -> None:
    for _, text in decode_integers(values):
        text.encode()


def test_lists_in_text() -> None:
    values = list(SENTENCE.encode())
    written = {
        "json": json.dumps({"completion_ids": values}),
        "nested": json.dumps([[values]]),
        "spaces": " ".join(map(str, values)),
        "column": "\n".join(map(str, values)),
        "escaped": json.dumps("\n".join(map(str, values))),
        "tensor": f"tensor([{', '.join(map(str, values))}], device='cuda:0')",
        "floats": f"tensor([{', '.join(f'{value}.' for value in values)}])",
        "float zeros": f"[{', '.join(f'{value}.0' for value in values)}]",
        "records": json.dumps([{"token_id": value, "logprob": -0.25} for value in values]),
        "records in json": json.dumps(json.dumps([{"token_id": value} for value in values])),
        "quoted": json.dumps([str(value) for value in values]),
    }
    for name, text in written.items():
        found = [entry[2].tolist() for entry in integer_lists(f"Score this: {text} now.")]
        assert values in found, name


def test_offsets_of_lists() -> None:
    text = "ids: [" + ", ".join(map(str, range(20))) + "] end"
    ((start, end, values),) = integer_lists(text)
    assert text[start:end].startswith("0, 1") and text[start:end].endswith("19")
    assert values.tolist() == list(range(20))


def test_prose_code_and_short_lists_hold_none() -> None:
    for text in (SENTENCE, "1, 2, 3, 4, 5", "x1 x2 x3 " * 20, "3.14159 2.71828 " * 20, "v1.2.3.4.5.6.7.8.9.10.11.12.13.14"):
        assert list(integer_lists(text)) == []


def test_shared_ids_are_exact_runs() -> None:
    rng = random.Random(3)
    cot = [rng.randrange(150_000) for _ in range(500)]
    other = [rng.randrange(150_000) for _ in range(300)]
    values = other[:100] + cot[40:140] + other[100:200] + cot[300:311] + other[200:]
    assert shared_ids(ids(cot), ids([]), ids(values)) == [(40, 100, 100)]


def test_public_ids_are_cut_out() -> None:
    cot = list(range(1000, 1200))
    assert shared_ids(ids(cot), ids(cot), ids(cot)) == []
    assert shared_ids(ids(cot), ids(cot[50:100]), ids(cot)) == [(0, 0, 50), (100, 100, 100)]
    assert shared_ids(ids(cot), ids(cot[50 : 50 + RUN - 1]), ids(cot)) == [(0, 0, 200)]


def test_ids_that_repeat() -> None:
    assert shared_ids(ids([7] * 5000), ids([]), ids([7] * 5000)) == [(0, 0, 5000)]
    alternating = [1, 2] * 20_000
    runs = shared_ids(ids(alternating), ids([]), ids(alternating))
    assert runs[0] == (0, 0, 40_000)


@settings(max_examples=100)
@given(
    cot=st.lists(st.integers(0, 3), max_size=60),
    public=st.lists(st.integers(0, 3), max_size=40),
    values=st.lists(st.integers(0, 3), max_size=60),
)
def test_shared_ids_against_a_plain_search(cot: list[int], public: list[int], values: list[int]) -> None:
    def windows(sequence: list[int]) -> set[tuple[int, ...]]:
        return {tuple(sequence[at : at + RUN]) for at in range(len(sequence) - RUN + 1)}

    runs = shared_ids(ids(cot), ids(public), ids(values))
    for start, at, length in runs:
        assert length >= RUN
        assert cot[start : start + length] == values[at : at + length]
        assert not windows(cot[start : start + length]) & windows(public)
    if windows(cot) & windows(values) and not windows(public):
        assert runs
