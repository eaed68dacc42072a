"""All formats at once: none drops a finding or a not-assessed, none prints guarded text, none writes half a file."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.findings.examples import finding
from tests.report.results import result, results

from sequester.episodes.guarded import GuardedText
from sequester.errors import GuardedTextError, UsageError
from sequester.findings.encoding import decode_result
from sequester.findings.kinds import KINDS
from sequester.findings.model import Breakdown, EpisodeCounts, HeatCell, InputFile, Result, SkippedRecord, WaiverNote
from sequester.findings.verdict import with_cot
from sequester.report import console, formats, html, json_format, sarif, summary, text
from sequester.report.formats import REPORTS, write

ROOT = Path(__file__).parents[2]
FORMATS = REPORTS[Result].formats
SARIF_SCHEMA = json.loads((ROOT / "tests/data/sarif/sarif-2.1.0-rtm.5.json").read_text())
AUDIT_SCHEMA = json.loads((ROOT / "docs/schemas/audit-1.json").read_text())
# fmt: off
CONTRACT_KEYS = [
    "schema", "tool", "verdict", "scope", "inputs", "episodes", "reward_calls", "rates", "by", "affected", "groups", "findings",
    "waived", "below_threshold", "echo", "reward_mass",
]
FINDING_KEYS = [
    "id", "rule", "class", "severity", "confidence", "evidence", "episode_id", "reward_path", "call", "field", "transforms",
    "spans", "private_chars", "cot_fraction", "waiver",
]
# fmt: on


def visible_text(page):
    """Text of an HTML page, tags balanced, no element that could fetch anything."""
    open_tags, said = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "input", "br", "wbr", "rect", "line"):
                open_tags.append(tag)
            names = dict(attrs)
            assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
            assert not {"src", "action", "srcset", "style"} & set(names)
            assert not any(name.startswith("on") for name in names)
            assert all(value.startswith("#") for name, value in attrs if name == "href")

        def handle_startendtag(self, tag, attrs):
            pass

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

        def handle_data(self, data):
            if not open_tags or open_tags[-1] not in ("style", "script"):
                said.append(data)

    reader = Reader()
    reader.feed(page)
    reader.close()
    assert open_tags == []
    return "".join(said)


@settings(max_examples=20, deadline=None)
@given(results())
def test_json_is_the_whole_result(any_result):
    printed = json.loads(json_format.render(any_result))
    assert list(printed)[: len(CONTRACT_KEYS)] == CONTRACT_KEYS
    assert all(list(one)[: len(FINDING_KEYS)] == FINDING_KEYS for one in printed["findings"])
    assert decode_result(json_format.render(any_result), "") == any_result
    jsonschema.Draft202012Validator(AUDIT_SCHEMA).validate(printed)


@settings(max_examples=20, deadline=None)
@given(results())
def test_sarif_keeps_every_finding_and_every_reason(any_result):
    log = json.loads(sarif.render(any_result))
    (run,) = log["runs"]
    assert sum(one.get("occurrenceCount", 0) for one in run["results"]) == any_result.found == run["properties"]["findings"]
    told = [one["properties"] for one in run["invocations"][0]["toolExecutionNotifications"] if "properties" in one]
    for what, counts in (("episodes", any_result.episodes), ("reward calls", any_result.reward_calls)):
        assert {one["reason"]: one["count"] for one in told if one["what"] == what} == counts.not_assessed
    prints = [one["partialFingerprints"]["sequesterGroup/v1"] for one in run["results"]]
    assert len(prints) == len(set(prints))
    said = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert set(summary.limits(any_result)) <= set(said)


@settings(max_examples=10, deadline=None)
@given(results())
def test_sarif_is_valid(any_result):
    jsonschema.Draft4Validator(SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(
        json.loads(sarif.render(any_result))
    )


@settings(max_examples=20, deadline=None)
@given(results())
def test_text_keeps_every_count(any_result):
    said = text.render(any_result)
    assert said.endswith(summary.summary_line(any_result) + "\n")
    flat = " ".join(said.split())
    for sentence in (summary.headline(any_result), *summary.limits(any_result)):
        assert " ".join(sentence.split()) in flat
    if any_result.findings:
        assert f"of {len(any_result.findings):,} findings{summary.unlisted(any_result)}" in said
    for reason in {*any_result.episodes.not_assessed, *any_result.reward_calls.not_assessed}:
        assert re.search(rf"^  {reason} ", said, re.M)


@settings(max_examples=20, deadline=None)
@given(results())
def test_html_keeps_every_count_and_fetches_nothing(any_result):
    page = html.render(any_result)
    said = visible_text(page)
    for sentence in (*summary.headline(any_result).split("\n"), summary.summary_line(any_result), *summary.limits(any_result)):
        assert sentence in said
    total = len(any_result.findings)
    more = summary.unlisted(any_result)
    assert f"{min(total, html.MOST_FINDINGS):,} of {total:,} findings{more}, {any_result.waived:,} waived" in said
    assert page.count('aria-label="hidden text"') == min(total, html.MOST_FINDINGS)
    assert f"{sum(any_result.episodes.not_assessed.values()):,} of {with_cot(any_result.episodes):,}" in said
    assert "<script>alert" not in page
    assert not re.search(r"https?://", page)


@settings(max_examples=20, deadline=None)
@given(results())
def test_every_format_can_be_written_anywhere(any_result):
    for render in FORMATS.values():
        assert render(any_result).encode("utf-8").endswith(b"\n")
    text.render(any_result, console.TextStyle(unicode=False)).encode("ascii")


def test_an_empty_result_passes_nowhere():
    empty = result(inputs=())
    for name, render in FORMATS.items():
        said = render(empty)
        assert "nothing_assessed" in said or "NOTHING ASSESSED" in said, name
    assert json.loads(sarif.render(empty))["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_more_findings_than_a_page_holds_are_counted():
    many = result(findings=[finding(episode_id=f"e{number}") for number in range(html.MOST_FINDINGS + 200)])
    said = visible_text(html.render(many))
    assert "1,000 of 1,200 findings, 0 waived, 0 below medium. The whole list: --out json." in said
    assert "Findings: 10 of 1,200 findings" in text.render(many)
    assert "… and 1,190 more" in text.render(many)
    assert len(json.loads(json_format.render(many))["findings"]) == 1200


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("changes", [{"notes": (GuardedText("canary"),)}, {"findings": (finding(note=GuardedText("canary")),)}])
def test_guarded_text_comes_out_of_no_format(name, changes):
    try:
        said = FORMATS[name](result(**changes))
    except (GuardedTextError, AttributeError, TypeError) as error:
        said = str(error)
    assert "canary" not in said


@pytest.mark.parametrize("name", KINDS)
def test_the_published_schemas_are_those_of_the_types(name):
    assert json_format.schema(name) == json.loads((ROOT / "docs/schemas" / json_format.schema_file(name)).read_text())


def test_written_whole_or_not_at_all(tmp_path, monkeypatch):
    place = tmp_path / "report.json"
    place.write_text("old")
    monkeypatch.setattr(formats.os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UsageError, match="cannot be written"):
        write(result(), "json", place)
    assert place.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_written_to_a_file_through_a_link_and_to_stdout(tmp_path, capsys):
    place, link = tmp_path / "report.json", tmp_path / "link.json"
    place.write_text("old")
    link.symlink_to(place)
    write(result(), "json", link)
    assert link.is_symlink()
    write(result(), "json", None)
    assert place.read_text() == capsys.readouterr().out == json_format.render(result())


def test_a_device_is_written_to_and_not_replaced():
    write(result(), "html", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_an_input_is_never_written_to(tmp_path):
    log = tmp_path / "run.jsonl"
    log.write_text("{}")
    given_log = result(inputs=(InputFile(str(log), "jsonl", 1, 1),))
    with pytest.raises(UsageError, match="is an input"):
        write(given_log, "json", tmp_path / "." / "run.jsonl")
    assert log.read_text() == "{}"


def test_an_unknown_format_names_the_known(tmp_path):
    with pytest.raises(UsageError, match="no format 'pdf'") as caught:
        write(result(), "pdf", tmp_path / "x")
    assert caught.value.hint == "formats: text, json, sarif, html"
    with pytest.raises(UsageError, match="cannot be written"):
        write(result(), "json", tmp_path / "nowhere" / "x")


class Stream:
    def __init__(self, terminal, encoding):
        self._terminal, self.encoding = terminal, encoding

    def isatty(self):
        return self._terminal

    def fileno(self):
        return sys.__stdout__.fileno()


@pytest.mark.parametrize(
    ("stream", "environment", "colour", "unicode"),
    [
        (Stream(True, "utf-8"), {}, True, True),
        (Stream(True, "UTF-8"), {"NO_COLOR": "1"}, False, True),
        (Stream(True, "utf-8"), {"NO_COLOR": ""}, True, True),
        (Stream(True, "utf-8"), {"TERM": "dumb"}, False, True),
        (Stream(False, "utf-8"), {}, False, True),
        (Stream(False, "utf-8"), {"FORCE_COLOR": "1"}, True, True),
        (Stream(False, "utf-8"), {"FORCE_COLOR": "0"}, False, True),
        (Stream(True, "utf-8"), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True),
        (Stream(True, "iso-8859-1"), {}, True, False),
        (Stream(False, None), {}, False, False),
    ],
)
def test_style_follows_the_stream(stream, environment, colour, unicode):
    style = console.style_for(stream, environment)
    assert (style.colour, style.unicode) == (colour, unicode)
    assert not console.style_for(stream, environment, colour=False).colour


@pytest.mark.parametrize(
    ("columns", "width"),
    [("80", 80), ("20", 40), ("100000", 120), ("99999", 400), ("", 120), ("wide", 120), ("0", 120), ("-5", 120)],
)
def test_a_pipe_is_as_wide_as_columns_says(columns, width):
    assert console.style_for(Stream(False, "utf-8"), {"COLUMNS": columns}).width == width


@settings(max_examples=20, deadline=None)
@given(results(), st.integers(40, 200))
def test_no_line_but_the_last_is_wider_than_the_page(any_result, width):
    *lines, last = text.render(any_result, console.TextStyle(width=width)).rstrip("\n").split("\n")
    assert last == summary.summary_line(any_result)
    assert all(cell_len(line) <= width for line in lines)


def test_a_terminal_of_80_columns_breaks_no_heading_and_no_rule():
    said = text.render(
        result(EpisodeCounts(48, 0, 48, 4, {}), findings=(finding(reward_path="correctness"),)), console.TextStyle(width=80)
    )
    groups = said[said.index("\nFound:") : said.index("\nFindings:")].splitlines()
    assert "  rule   severity  reward path  evidence  episodes  example" in said.replace("steps  ", "")
    assert any(" correctness " in line for line in groups)
    assert all(line.startswith("  ") for line in groups[2:] if line)


def test_causes_of_unread_records_and_the_calibration_are_in_every_format():
    told = result(
        EpisodeCounts(9, 0, 0, 0, {"malformed": 9}),
        skipped=(SkippedRecord("a.jsonl:3", "malformed", "no key 'x'"),),
        calibration=("Calibration (shipped): measured.",),
    )
    for name, render in FORMATS.items():
        said = render(told)
        said = visible_text(said) if name == "html" else said
        assert "a.jsonl:3" in said, name
        assert "no key 'x'" in said, name
        assert "Calibration (shipped): measured." in said, name
    assert text.render(told).startswith("Calibration (shipped): measured.\nNOTHING ASSESSED\n")
    assert "… and 8 more" in text.render(told)


def test_a_table_says_how_much_it_leaves_out():
    rows = tuple(Breakdown(None, f"path{number}", None, 9, number, 0.0, 1.0) for number in range(4000))
    said = text.render(result(by=rows))
    assert "20 of 4,000 rows" in said
    assert "3,980 others" in said
    assert "the others one by one: -v, or --out json" in said
    assert said.index("path3999") < said.index("path3998")
    assert "path3979" not in said


def test_what_was_not_audited_is_not_said_to_show_nothing():
    assert "nothing can have been found" in visible_text(FORMATS["html"](result(inputs=())))
    audited = result(EpisodeCounts(1, 0, 1, 0, {}))
    assert "Nothing was found in what was audited" in visible_text(FORMATS["html"](audited))


def test_the_heat_strip_says_what_it_cannot_draw():
    drawn = (HeatCell("judge", 1, 1, 1, 0),)
    rows = tuple(
        Breakdown(None, path, stage, 1, 1, 1.0, 1.0) for path, stage in (("judge", "step 1"), ("judge", None), ("other", None))
    )
    said = visible_text(FORMATS["html"](result(heat=drawn, by=rows)))
    assert "1 of 1 reward paths, step 1." in said
    assert "Not drawn: calls of 2 reward paths that name no step." in said
    assert "Not drawn" not in FORMATS["html"](result(heat=drawn, by=rows[:1]))


def test_a_narrow_page_breaks_no_number_and_keeps_what_show_needs():
    found = [finding(episode_id=f"e{number}", reward_path="correctness", private_chars=12_345, step=7) for number in range(3)]
    rows = tuple(Breakdown("birds", "correctness", f"steps {n}-{n + 1}", 1234, 1000, 0.8, 0.9) for n in range(3))
    lines = text.render(result(EpisodeCounts(9, 0, 9, 3, {}), findings=found, by=rows), console.TextStyle(width=60)).splitlines()
    assert max(map(len, lines[:-1])) <= 60
    assert sum("12,345 (25.0%)" in line and found[0].id[:12] in line for line in lines) == 3
    assert sum("1,000 of 1,234" in line for line in lines) == 3


def test_colour_says_nothing_that_the_words_do_not():
    coloured = text.render(result(findings=(finding(),)), console.TextStyle(colour=True))
    plain = text.render(result(findings=(finding(),)), console.TextStyle())
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_a_waived_finding_is_suppressed_in_sarif_and_not_dropped():
    waived = finding(waiver=WaiverNote("ada", "r", "2026-05-30"))
    (shown,) = json.loads(sarif.render(result(findings=(waived,))))["runs"][0]["results"]
    assert shown["suppressions"][0]["justification"] == "r (owner ada, until 2026-05-30)"
    (shown,) = json.loads(sarif.render(result(findings=(waived, finding()))))["runs"][0]["results"]
    assert "suppressions" not in shown


def test_commands_stand_in_monospace_on_the_page():
    page = html.render(result(findings=(finding(),), notes=("the limit `depth<b>` was hit",)))
    assert "<code>sequester show RESULT ID</code>" in page
    assert "<code>depth&lt;b&gt;</code>" in page


def test_waived_findings_fit_80_columns_and_say_who_answers_for_them():
    note = WaiverNote("ada.lovelace@example.org", "pilot judge, off since step 40", "2026-05-30")
    found = [
        finding(
            episode_id=f"completions_{n:05}.parquet:{n}",
            reward_path="product_is_right",
            step=n,
            private_chars=12_345,
            waiver=note,
        )
        for n in range(3)
    ]
    said = text.render(result(EpisodeCounts(9, 0, 9, 3, {}), findings=found), console.TextStyle(width=80))
    table = said[said.index("\nFindings:") : said.index("\nNot assessed:")].rstrip().splitlines()
    assert max(map(len, table)) <= 80
    rows = [line for line in table if found[0].id[:12] in line]
    assert len(rows) == 3
    assert all("high, waived" in line and "12,345 (25.0%)" in line for line in rows)
    assert all(f"completions_{n:05}.parquet:{n}" in "".join(table) for n in range(3))
    assert "waived by ada.lovelace@example.org until 2026-05-30: 3 findings (pilot judge, off since step 40)" in " ".join(
        said.split()
    )
