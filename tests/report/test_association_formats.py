"""An association in every format: no count is lost, the assumptions stand in all of them, and nothing is called clean."""

import json
from datetime import date

import jsonschema
import pytest
from hypothesis import given, settings
from tests.findings.association_results import ABSENT, FOUND, NOTHING, UNDERPOWERED, results
from tests.report.test_formats import SARIF_SCHEMA, visible_text

from sequester.findings.associated import SCHEMA, AssociationResult
from sequester.findings.association import with_ids
from sequester.findings.encoding import decode_result
from sequester.findings.waivers import Waivers
from sequester.report import document_text
from sequester.report.association_document import REASONS, describe_association
from sequester.report.console import TextStyle
from sequester.report.formats import REPORTS
from sequester.report.json_format import schema

REPORT = REPORTS[AssociationResult]
FORMATS = REPORT.formats


def named(result):
    return with_ids(result, Waivers(), date(2026, 6, 1))


def said(result, name):
    report = FORMATS[name](result)
    return visible_text(report) if name == "html" else report


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_assessed_passes_nowhere(name):
    report = said(NOTHING, name)
    assert "NOTHING ASSESSED" in report or "nothing_assessed" in report
    assert "NO ASSOCIATION" not in report and "none_found" not in report


@settings(max_examples=20, deadline=None)
@given(results().map(named))
def test_json_comes_back_and_follows_its_schema(result):
    printed = json.loads(FORMATS["json"](result))
    assert printed["schema"] == SCHEMA
    assert decode_result(FORMATS["json"](result), "") == result
    jsonschema.Draft202012Validator(schema(SCHEMA)).validate(printed)


@settings(max_examples=10, deadline=None)
@given(results().map(named))
def test_sarif_is_valid_and_keeps_findings_and_reasons(result):
    log = json.loads(FORMATS["sarif"](result))
    jsonschema.Draft4Validator(SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    (run,) = log["runs"]
    assert [one["ruleId"] for one in run["results"]] == [one.rule for one in result.findings]
    told = [one["properties"] for one in run["invocations"][0]["toolExecutionNotifications"] if "properties" in one]
    assert sum(one["count"] for one in told) == sum(result.not_assessed.values())


@settings(max_examples=20, deadline=None)
@given(results().map(named))
def test_every_format_can_be_written_and_the_last_line_has_every_count(result):
    for render in FORMATS.values():
        assert render(result).encode("utf-8").endswith(b"\n")
    document_text.render(describe_association(result), TextStyle(width=80, unicode=False)).encode("ascii")
    last = REPORT.last_line(result)
    for count in (result.seen, sum(result.not_assessed.values()), len(result.paths), len(result.findings)):
        assert f"{count:,}" in last


@pytest.mark.parametrize("name", ["text", "md", "html", "sarif", "json"])
@pytest.mark.parametrize("result", [FOUND, ABSENT, UNDERPOWERED, NOTHING], ids=["found", "absent", "underpowered", "nothing"])
def test_the_assumptions_stand_in_every_format(result, name):
    assert "differ for the scorer in the CoT and by chance alone" in " ".join(said(result, name).split())


@pytest.mark.parametrize("result", [FOUND, ABSENT, UNDERPOWERED, NOTHING], ids=["found", "absent", "underpowered", "nothing"])
def test_terminal(result, snapshot):
    assert document_text.render(describe_association(named(result)), TextStyle(width=100)) == snapshot


def test_every_reason_has_words():
    for result in (ABSENT, UNDERPOWERED, NOTHING):
        assert {reason for path in result.paths for reason in path.reasons} <= set(REASONS)
