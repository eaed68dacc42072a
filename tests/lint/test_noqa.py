"""Comments that waive: with a code, with a reason, on the line, and nothing else."""

import pytest
from tests.findings.lint_results import finding

from sequester.findings.rules import RULES
from sequester.lint.noqa import Noqa, settle, waivers

REASON = frozenset({"SQ246"}), "capped on purpose"


@pytest.mark.parametrize("kind", ["python", "yaml", "jinja"])
@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "x = 1  # noqa\n", "x = 1  # noqa: E501\n", "noqa: SQ246 -- x\n", "SQ246 noqa\n"]
)
def test_nothing_waives_nothing(kind, text):
    assert waivers(text, kind) == {}


@pytest.mark.parametrize(
    ("kind", "line", "codes", "reason"),
    [
        ("python", "x = 1  # noqa: SQ246 -- capped on purpose", {"SQ246"}, "capped on purpose"),
        ("python", "x = 1  #noqa:SQ246,SQ203--both", {"SQ246", "SQ203"}, "both"),
        ("python", "x = 1  # NOQA: E501, sq246 -- long -- and wanted", {"SQ246"}, "long -- and wanted"),
        ("python", "x = 1  # noqa: SQ246", {"SQ246"}, ""),
        ("python", "x = 1  # noqa: SQ246 --  ", {"SQ246"}, ""),
        ("python", "x = 1  # noqa: SQ246 because", {"SQ246"}, ""),
        ("python", "x = 1  # type: ignore  # noqa: SQ246 -- a", {"SQ246"}, "a"),
        ("yaml", "a: 1  # noqa: SQ246 -- a", {"SQ246"}, "a"),
        ("toml", "# noqa: SQ246 -- a", {"SQ246"}, "a"),
        ("jinja", "{{ reasoning }} {# noqa: SQ246 -- a #} text", {"SQ246"}, "a"),
        ("j2", "{#- noqa: SQ246 -- a -#}", {"SQ246"}, "a"),
        ("md", "{x} <!-- noqa: SQ246 -- a -->", {"SQ246"}, "a"),
    ],
)
def test_forms(kind, line, codes, reason):
    assert waivers(f"\n{line}\n", kind) == {2: Noqa(frozenset(codes), reason)}


def test_in_python_a_string_is_no_comment():
    assert waivers('x = "# noqa: SQ246 -- a"\n', "python") == {}


def settled(text, *findings):
    return settle(findings, waivers(text, "yaml"), "f.yaml", RULES)


def test_with_a_reason_the_finding_stays_and_is_waived():
    found, notes = settled("\n" * 6 + "a: 1  # noqa: SQ246 -- capped on purpose\n", finding(line=7, end_line=7))
    assert [(one.waiver.owner, one.waiver.reason, one.waiver.until) for one in found] == [("noqa", "capped on purpose", "")]
    assert notes == ()


@pytest.mark.parametrize("line", [3, 5])
def test_the_first_and_the_last_line_of_a_place_count(line):
    text = "\n" * (line - 1) + "# noqa: SQ246 -- a\n"
    assert settled(text, finding(line=3, end_line=5)).findings[0].waiver


def test_without_a_reason_it_waives_nothing_and_is_said():
    found, notes = settled("a: 1  # noqa: SQ246\n", finding(line=1, end_line=1))
    assert found[0].waiver is None
    assert notes == ("f.yaml:1: a noqa without a reason waives nothing; write `noqa: CODE -- reason`.",)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("# noqa: SQ241 -- a", "f.yaml:1: a noqa matches no finding: SQ241."),
        ("# noqa: SQ246 -- a", "f.yaml:1: a noqa matches no finding: SQ246."),
        ("# noqa: SQ199 -- a", "f.yaml:1: a noqa names a rule that does not exist: SQ199."),
    ],
)
def test_one_that_matches_nothing_is_said(text, note):
    found, notes = settled(text, finding(line=2, end_line=2))
    assert found[0].waiver is None
    assert notes == (note,)


def test_another_code_on_the_line_does_not_waive():
    found, notes = settled("a: 1  # noqa: SQ241 -- a\n", finding(line=1, end_line=1))
    assert found[0].waiver is None
    assert len(notes) == 1
