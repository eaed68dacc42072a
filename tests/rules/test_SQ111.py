"""SQ111: what the terminal says when it was found, and that it is not found in nothing."""

from tests.rules.findings_of import result_of

from sequester.findings.grouping import group_findings
from sequester.findings.model import FindingClass
from sequester.findings.rules import RULES
from sequester.report.console import TextStyle
from sequester.report.text import render

FOUND = result_of(
    "SQ111", FindingClass.IDS, evidence="contract", field="completion_ids", spans=(), private_chars=0, cot_fraction=1.0
)


def test_nothing_found_is_no_group_of_this_rule():
    assert "SQ111" not in {group.rule for group in group_findings((), {("judge", "recorded"): 4})}


def test_its_class_is_the_registered_one():
    assert {one.class_ for one in FOUND.findings} == {RULES["SQ111"].class_}


def test_terminal(snapshot):
    assert render(FOUND) == snapshot


def test_terminal_verbose_in_ascii(snapshot):
    assert render(FOUND, TextStyle(width=100, unicode=False, findings=100)) == snapshot
