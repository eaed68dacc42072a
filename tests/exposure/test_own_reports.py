"""Our own reports beside logs: told by content, and never an input that could not be read."""

import json
import shutil

import pytest
from tests.exposure.cases import audited, episode, write

from sequester.exposure.own_reports import is_own_report
from sequester.findings.encoding import encode_result
from sequester.findings.model import Verdict
from sequester.report import html, sarif, text


def test_an_empty_or_absent_file_is_no_report(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert not is_own_report(tmp_path / "empty")
    assert not is_own_report(tmp_path / "absent")


@pytest.mark.parametrize(
    "head",
    [
        '{"schema": "sequester.bundle/1"}',
        '{"version": "2.1.0", "runs": []}',
        '{"$schema": "sarif", "runs": [{"tool": {"driver": {"name": "another"}}}]}',
        "Calibration (shipped): recall\nand nothing else\n",
        "EXPOSED\n",
        '{"prompt": "p", "schema": "sequester.audit/1"}',
    ],
)
def test_what_only_looks_like_one_is_no_report(tmp_path, head):
    (tmp_path / "file").write_text(head)
    assert not is_own_report(tmp_path / "file")


@pytest.fixture
def reported(tmp_path):
    """A folder with a log and every report of its audit."""
    log = write(tmp_path / "log.jsonl", [episode(0)])
    result = audited(tmp_path)
    assert result.verdict is Verdict.NONE_FOUND
    (tmp_path / "result.json").write_text(encode_result(result))
    (tmp_path / "indented").write_text(encode_result(result, indent=2))
    (tmp_path / "r.sarif").write_text(sarif.render(result))
    (tmp_path / "r.txt").write_text(text.render(result))
    (tmp_path / "narrow.txt").write_text(text.render(result, text.TextStyle(width=60, colour=True)))
    (tmp_path / "r.html").write_text(html.render(result))
    return log.parent


def test_a_folder_is_audited_again_with_its_reports_in_it(reported):
    result = audited(reported)
    assert result.verdict is Verdict.NONE_FOUND
    assert [one.path for one in result.inputs] == [str(reported / "log.jsonl")]
    assert any("5 report(s) of earlier audits are no inputs: indented, narrow.txt, r.sarif" in note for note in result.notes)


def test_a_log_is_none_of_them_whatever_it_begins_with(reported):
    shutil.copy(reported / "result.json", reported / "other.jsonl")
    result = audited(reported)
    assert result.verdict is Verdict.INCOMPLETE


def test_reports_beside_a_log_that_is_a_folder_are_named_too(reported, tmp_path):
    folder = tmp_path / "steps"
    folder.mkdir()
    line = {"input": "p", "output": "<think>r</think>a", "score": 1.0, "step": 1}
    (folder / "1.jsonl").write_text(json.dumps(line) + "\n")
    shutil.copy(reported / "result.json", folder)
    notes = audited(folder).notes
    assert any("1 report(s) of earlier audits are no inputs: result.json" in note for note in notes)
