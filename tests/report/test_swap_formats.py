"""A swap result in every format: no count is lost, nothing is called clean, and the verdict is the same in all of them."""

import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from msgspec.structs import replace
from tests.findings import swap_results
from tests.findings.swap_results import MOVED, NOTHING, QUIET, donor
from tests.report.test_formats import SARIF_SCHEMA, visible_text

from sequester.findings.encoding import decode_result
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.influence import with_findings
from sequester.findings.swapped import SCHEMA, Inputs, SwapResult, SwapVerdict
from sequester.findings.waivers import Waivers
from sequester.report import document_text
from sequester.report.console import TextStyle
from sequester.report.formats import REPORTS
from sequester.report.swap_document import describe_swap

FORMATS = REPORTS[SwapResult].formats
SWAP_SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/swap-1.json").read_text())
# fmt: off
CONTRACT_KEYS = [
    "schema", "verdict", "exposed", "prompts", "pairs", "changed", "flip_rate", "upper95", "e_value", "mean_shift", "noise_sd", "sd_ratio",
    "sd_ratio_upper95", "minimum_detectable", "donors",
]
# fmt: on


def found(result):
    return with_findings(result, FingerprintKey(b"k" * 32), Waivers(), date(2026, 6, 1))


def said(result, name):
    report = FORMATS[name](result)
    return visible_text(report) if name == "html" else report


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_assessed_passes_nowhere(name):
    report = said(NOTHING, name)
    assert "NOTHING ASSESSED" in report or "nothing_assessed" in report
    assert not re.search(r"NO INFLUENCE|no_influence|clean", report)


@settings(max_examples=20, deadline=None)
@given(swap_results.results().map(found))
def test_json_begins_with_the_keys_of_the_contract_and_comes_back(result):
    printed = json.loads(FORMATS["json"](result))
    assert list(printed)[: len(CONTRACT_KEYS)] == CONTRACT_KEYS
    assert all(list(one)[:2] == ["pairs", "changed"] for one in printed["donors"].values())
    assert decode_result(FORMATS["json"](result), "") == result
    assert printed["schema"] == SCHEMA
    jsonschema.Draft202012Validator(SWAP_SCHEMA).validate(printed)


@settings(max_examples=10, deadline=None)
@given(swap_results.results().map(found))
def test_sarif_is_valid_and_keeps_findings_and_reasons(result):
    log = json.loads(FORMATS["sarif"](result))
    jsonschema.Draft4Validator(SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    (run,) = log["runs"]
    assert [one["ruleId"] for one in run["results"]] == [one.rule for one in result.findings]
    told = [one["properties"] for one in run["invocations"][0]["toolExecutionNotifications"] if "properties" in one]
    pairs = sum(count for one in result.donors.values() for count in one.not_assessed.values())
    assert sum(one["count"] for one in told if one["what"] == "pairs") == pairs


def test_sarif_points_at_the_reward_function():
    (run,) = json.loads(FORMATS["sarif"](found(MOVED)))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "rewards.py"}, "region": {"startLine": 12}}


@settings(max_examples=20, deadline=None)
@given(swap_results.results().map(found))
def test_every_format_can_be_written_and_text_ends_with_every_count(result):
    for render in FORMATS.values():
        assert render(result).encode("utf-8").endswith(b"\n")
    document_text.render(describe_swap(result), TextStyle(width=80, unicode=False)).encode("ascii")
    last = REPORTS[SwapResult].last_line(result)
    for count in (result.pairs, result.changed, result.prompts, result.calls, result.inputs.compared, len(result.findings)):
        assert f"{count:,}" in last
    assert FORMATS["text"](result).startswith(result.verdict.value.replace("_", " ").upper())


@pytest.mark.parametrize(
    "result",
    [
        QUIET,
        found(MOVED),
        found(
            replace(QUIET, exposed=True, inputs=Inputs(4, 3, {"rewards.py:41 -> POST /v1/chat/completions": 3}, ("subprocess",)))
        ),
        replace(
            QUIET,
            verdict=SwapVerdict.UNDERPOWERED,
            reasons=("constant_scores", "too_few_prompts"),
            pairs_needed=1200,
            stateful=True,
            donors={"own": donor(not_assessed={"identical_cot": 2, "ValueError": 3})},
        ),
        NOTHING,
    ],
    ids=["quiet", "moved", "handed-on", "underpowered", "nothing"],
)
def test_terminal(result, snapshot):
    assert document_text.render(describe_swap(result), TextStyle(width=100)) == snapshot


def test_exposure_stands_beside_the_verdict_in_words():
    handed = found(replace(QUIET, exposed=True, inputs=Inputs(4, 3, {"a": 3}, ())))
    for name in ("text", "md", "html"):
        assert "NO INFLUENCE FOUND, EXPOSED" in said(handed, name)


def test_what_it_cannot_show_is_always_said():
    for result in (QUIET, MOVED, NOTHING):
        for name in ("text", "sarif", "html", "md"):
            assert "monitoring" in " ".join(said(result, name).split())
