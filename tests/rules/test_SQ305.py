"""SQ305: what the terminal says when it was found, and that it is not found where nothing moved."""

from tests.rules.swap_findings_of import CUT_OFF, NOTHING

from sequester.findings.rules import RULES
from sequester.report.console import TextStyle
from sequester.report.document_text import render
from sequester.report.swap_document import describe_swap

FOUND = CUT_OFF


def test_nothing_moved_is_no_finding_of_this_rule():
    assert NOTHING.findings == ()


def test_it_is_found_alone_and_with_its_registered_class():
    assert [(one.rule, one.class_) for one in FOUND.findings] == [("SQ305", RULES["SQ305"].class_)]


def test_terminal(snapshot):
    assert render(describe_swap(FOUND)) == snapshot


def test_terminal_narrow_in_ascii(snapshot):
    assert render(describe_swap(FOUND), TextStyle(width=80, unicode=False)) == snapshot
