"""The how-to for any log: what its function writes is interchange JSONL that tells a leak from none."""

import json
import re
from pathlib import Path

import pytest

from sequester.cli.main import run

PAGE = Path(__file__).parents[2] / "docs" / "howto-any-log.md"
COMPLETION = "<think>Seven landed before the fog came and none after, so it has to be seven.</think>Seven."


@pytest.mark.parametrize(
    ("judge", "style", "verdict"),
    [("Grade this: Seven.", "Seven.", "none_found"), (COMPLETION, "Seven.", "exposed"), ("Seven.", COMPLETION, "exposed")],
)
def test_what_it_records_can_be_audited(judge, style, verdict, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    names = {}
    exec(code, names)
    with Path("calls.jsonl").open("w") as log:
        names["record"](log, "e1", "How many gulls?", COMPLETION, [("judge", judge, 1.0), ("format", style, 0.5)])
    run(["audit", "calls.jsonl", "--quiet", "--out", "json"])
    assert json.loads(capsys.readouterr().out)["verdict"] == verdict
