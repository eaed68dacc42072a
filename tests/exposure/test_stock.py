"""Stock text carries no weight; anything of the model's own beside it does."""

from importlib.resources import files

from tests.exposure import cases
from tests.exposure.test_audit import audited, write

from sequester.exposure import sketch
from sequester.exposure.matching import normalise
from sequester.exposure.stock import is_stock
from sequester.findings.model import Verdict

LICENCE = files("sequester.exposure").joinpath("stock.txt").read_text("utf-8").split("\n%%\n")[1]


def windows_of(text):
    return sketch.windows_of(normalise(text))


def test_no_windows_are_no_stock_text():
    assert not is_stock(())


def test_a_stretch_of_a_licence_is_stock_and_a_sentence_of_ones_own_is_not():
    assert is_stock(windows_of(LICENCE[100:400]))
    assert not is_stock(windows_of("The grader only opens the report, so I will put the failures elsewhere."))
    assert not is_stock(windows_of(LICENCE[100:300] + " and I will not tell them that it was never paid for by anybody"))


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
