"""Stock text carries no weight; anything of the model's own beside it does."""

from importlib.resources import files

import pytest
from tests.exposure import cases
from tests.exposure.test_audit import audited, write

from sequester.exposure.matching import normalise
from sequester.exposure.stock import PIECE, stock_length, stock_weight
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
    assert stock_weight(mixed) == stock_length(mixed) == len(normalise(LICENCE[100:300]))
    assert stock_weight(normalise(LICENCE[100:140] + own)) == 0


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
