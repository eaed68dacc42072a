"""Stock text carries no weight; anything of the model's own beside it does."""

from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure import cases
from tests.exposure.test_audit import audited, write

from sequester.exposure.matching import normalise, stock_length
from sequester.exposure.stock import PIECE, Stock, stock_texts
from sequester.findings.model import Verdict

LICENCE = files("sequester.exposure").joinpath("stock.txt").read_text("utf-8").split("\n%%\n")[1]


def share(text):
    """How much of a text is stock."""
    normalised = normalise(text)
    return stock_length(normalised) / len(normalised)


def test_nothing_is_no_stock_text():
    assert stock_length(b"") == 0
    assert stock_length(normalise(LICENCE)[: PIECE - 1]) == 0


def test_a_stretch_of_a_licence_is_stock_and_a_sentence_of_ones_own_is_not():
    assert share(LICENCE[100:400]) == 1
    own = "The grader only opens the report, so I will put the failures elsewhere."
    assert share(own) == 0
    mixed = normalise(LICENCE[100:300] + own)
    assert stock_length(mixed) == len(normalise(LICENCE[100:300]))


@pytest.mark.parametrize(
    "text",
    [
        "Okay, so the user is asking about the difference between the two.",
        "Let me think step by step.",
        "Shall I compare thee to a summer's day? Thou art more lovely",
        "ЁАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюяё",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ",
    ],
)
def test_turns_of_phrase_and_famous_texts_are_stock(text):
    assert share(text) > 0.8


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.tuples(st.integers(0, 300), st.integers(0, 200)), st.binary(max_size=40)), max_size=6), st.booleans()
)
def test_kernel_and_reference_find_the_same_stock(parts, is_long):
    kernel = pytest.importorskip("sequester.exposure._kernel")
    licence = normalise(LICENCE)
    stock = b"\0".join(normalise(text) for text in stock_texts()[:3])
    text = b"".join(part if isinstance(part, bytes) else licence[part[0] : sum(part)] for part in parts)
    text += bytes(range(97, 107)) * 60 if is_long else b""
    assert kernel.Stock(stock).length(text) == Stock(stock).length(text)
    assert kernel.Stock(b"").length(text) == Stock(b"").length(text) == 0


def line(reasoning, given):
    return {
        "episode_id": "e1",
        "prompt": "Write the header of the file.",
        "reasoning": reasoning,
        "answer": "Done, see the file.",
        "reward_calls": [{"reward_path": "judge", "inputs": {"file": given}, "score": 1.0}],
    }


def test_a_licence_that_the_model_recites_and_the_file_holds_is_no_finding(tmp_path):
    own = cases.words("own", 40)
    clean = write(tmp_path / "licence.jsonl", [line(f"{own} The header goes: {LICENCE}", f"# {LICENCE}\ndef f(): ...")])
    assert audited(clean).verdict is Verdict.NONE_FOUND
    leaky = write(tmp_path / "leak.jsonl", [line(f"{own} The header goes: {LICENCE}", f"# {LICENCE}\n# {own}\ndef f(): ...")])
    assert audited(leaky).verdict is Verdict.EXPOSED
