"""SQ322: what the terminal says when it was found, and that it is not found in nothing."""

from tests.findings.association_results import NOTHING, feature, path, result_of

from sequester.findings.associated import AssociationVerdict, Property
from sequester.findings.rules import RULES
from sequester.report import document_text
from sequester.report.association_document import describe_association
from sequester.report.console import TextStyle

FOUND = result_of(
    path(
        verdict=AssociationVerdict.FOUND,
        features=(feature("headings", Property.MARKUP, correlation=0.4, significant=True),),
    ),
    verdict=AssociationVerdict.FOUND,
)


def test_nothing_assessed_is_no_finding_of_this_rule():
    assert "SQ322" not in {finding.rule for finding in NOTHING.findings}


def test_its_rule_and_class_are_the_registered_ones():
    assert [(one.rule, one.class_) for one in FOUND.findings] == [("SQ322", RULES["SQ322"].class_)]


def test_terminal(snapshot):
    assert document_text.render(describe_association(FOUND), TextStyle(width=100)) == snapshot
