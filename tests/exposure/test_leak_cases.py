"""The labelled cases: what shares text is found, what is no leak is not flagged, and what is missed is on a list with its reason."""

import pytest
from bench import leak_cases

from sequester.exposure.matching import normalise

FLOOR = 24
"""Normalised characters that a leak must share, in one run, to have to be found."""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    cases = leak_cases.load()
    result = leak_cases.audit_cases(cases, tmp_path_factory.mktemp("cases"))
    return {row.id: row for row in leak_cases.rows(cases, result)}


def test_no_cases_give_an_empty_table_and_no_claim():
    assert "Of 0 leaks, 0 are found" in leak_cases.page([])


def test_every_case_is_there(table):
    assert len(table) == 56
    assert sum(row.leak for row in table.values()) == 45


@pytest.mark.parametrize("case", leak_cases.load(), ids=lambda case: case["id"])
def test_a_case_is_found_if_and_only_if_it_should_be(table, case):
    row = table[case["id"]]
    assert row.found == (row.leak and row.id not in leak_cases.KNOWN_MISSES)


@pytest.mark.parametrize("case", [case for case in leak_cases.load() if case["is_leak"]], ids=lambda case: case["id"])
def test_no_miss_shares_a_run_of_private_text(case):
    """By a plain look at undecoded text: nothing on the list of misses is there to hide a run that should have been found."""
    if case["id"] not in leak_cases.KNOWN_MISSES:
        return
    private = normalise(case["cot_text"])
    public = normalise(case["repro"]["prompt"] + "\n" + case["repro"]["raw_completion"].replace(case["cot_text"], "\n", 1))
    seen = normalise(case["repro"]["reward_input"])
    windows = (private[at : at + FLOOR] for at in range(len(private) - FLOOR + 1))
    assert not any(window in seen and window not in public for window in windows)


def test_the_page_of_known_misses_is_the_one_that_the_bench_writes(table):
    assert leak_cases.PAGE.read_text("utf-8") == leak_cases.page(list(table.values()))


def test_every_miss_has_its_reason(table):
    assert {row.id for row in table.values() if row.leak and not row.found} == set(leak_cases.KNOWN_MISSES)


OWN = leak_cases.CASES.with_name("own.jsonl")
OWN_MISSES = {
    "X033": "a summary in other words",
    "X035": "a translation",
    "X036": "only the length of the reasoning reached the score",
    "X088": "headings in Markdown stand for reasoning and answer: any answer may be written so, and the split stays ambiguous",
    "X122": "tags that any answer may use: the split stays ambiguous",
    "X123": "tags that any answer may use: the split stays ambiguous",
    "X135": "a charset that is not read",
    "X177": "something packed, as signed bytes: no hint for the screen",
    "X181": "a charset that is not read",
    "X204": "every word backwards: no hint for the screen, and no run survives",
    "X207": "base58",
    "X239": "a role instead of a delimiter, in the prompt of no family: the split stays ambiguous",
    "X244": "markup that any answer may use: the split stays ambiguous",
    "X251": "the delimiters are special tokens, and were dropped: the split is ambiguous",
    "X255": "less than 31 characters of reasoning: there is nothing to look for",
    "X277": "figures for letters: no run survives",
}
OWN_ALARMS = {
    "Y024": "a sibling begins with half of the reasoning, word for word, and no other episode holds that sentence",
    "Y058": "a sibling holds a third of short reasoning, word for word, and no other episode does",
    "Y083": "an undeclared reference holds the sentence that the reasoning recites",
}


@pytest.fixture(scope="module")
def own_table(tmp_path_factory):
    cases = leak_cases.load(OWN)
    result = leak_cases.audit_cases(cases, tmp_path_factory.mktemp("own"))
    return {row.id: row for row in leak_cases.rows(cases, result)}


@pytest.mark.parametrize("case", leak_cases.load(OWN), ids=lambda case: case["id"])
def test_a_case_of_our_own_is_found_if_and_only_if_it_should_be(own_table, case):
    row = own_table[case["id"]]
    assert row.found == ((row.leak and row.id not in OWN_MISSES) or row.id in OWN_ALARMS)


@pytest.mark.parametrize(
    "case", [case for case in leak_cases.load(OWN) if case["repro"]["template"] != "auto"], ids=lambda case: case["id"]
)
def test_a_template_need_not_be_named(tmp_path, case):
    unnamed = {**case, "repro": {**case["repro"], "template": "auto"}}
    (row,) = leak_cases.rows([unnamed], leak_cases.audit_cases([unnamed], tmp_path))
    assert row.found == (row.leak and row.id not in OWN_MISSES)
