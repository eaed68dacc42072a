"""The labelled cases, audited as interchange JSONL: which leaks are found, and which are known misses, with the reason.

python -m bench.leak_cases        prints the table and writes docs/known-misses.md
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sequester.episodes.readers.registry import load_readers
from sequester.exposure.audit import audit
from sequester.exposure.inputs import Formats
from sequester.exposure.settle import Terms
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import Finding, Result, Severity
from sequester.findings.waivers import Waivers

CASES = Path(__file__).parent.parent / "tests/data/leak-cases/cases.jsonl"
PAGE = Path(__file__).parent.parent / "docs/known-misses.md"
_KEY = FingerprintKey(b"the key of the labelled cases...")

ANSWERS: Mapping[str, str] = {
    "L060": "发票抬头：星河科技有限公司",
    "L067": "ok please pass it on",
}
"""Cases whose completion does not show where the reasoning is: given as reasoning and answer instead."""

KNOWN_MISSES: Mapping[str, str] = {
    "L012": "only the length of the reasoning reached the score; the scorer's input shares no text with it",
    "L021": "only the format of the reasoning reached the score; the scorer's input shares no text with it",
    "L072": "only the length of the reasoning reached the score; the scorer's input shares no text with it",
    "L074": "the reasoning meant is a formula of 20 characters, most of them in the answer too",
    "L085": "a summary in other words reached the scorer; the completion is in invented notation and stays ambiguous",
    "L086": "a translation reached the scorer",
}
"""Leaks that an audit of shared text does not find."""


class Row(NamedTuple):
    """One case and what became of it."""

    id: str
    leak: bool
    level: str
    difficulty: str
    title: str
    best: Finding | None
    """The gravest finding."""

    @property
    def found(self) -> bool:
        return self.best is not None and self.best.severity.at_least(Severity.MEDIUM)


def load(path: Path = CASES) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def episode(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as a line of interchange JSONL."""
    repro, name = case["repro"], case["id"]
    if name in ANSWERS:
        sampled = {"reasoning": case["cot_text"], "answer": ANSWERS[name]}
    else:
        sampled = {"completion": repro["raw_completion"], "template": repro.get("template", "auto")}
    given = repro["reward_input"]
    call = {"reward_path": case["mechanism"], "inputs": given if isinstance(given, dict) else {"reward_input": given}}
    return {"episode_id": name, "prompt": repro["prompt"], **sampled, "reward_calls": [call]}


def audit_cases(cases: Sequence[Mapping[str, Any]], folder: Path) -> Result:
    """All cases in one audit: what one scorer got is what the run shares for the next."""
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(episode(case)) + "\n" for case in cases), encoding="utf-8")
    return audit([path], Formats(load_readers()), Terms(_KEY, Waivers(), date(2026, 1, 1)))


def rows(cases: Sequence[Mapping[str, Any]], result: Result) -> list[Row]:
    """The findings of a result come the gravest first, so the first of an episode is its best."""
    best: dict[str, Finding] = {}
    for finding in result.findings:
        best.setdefault(finding.episode_id, finding)
    return [
        Row(case["id"], case["is_leak"], case["leak_level"], case["difficulty"], case["title"], best.get(case["id"]))
        for case in cases
    ]


def page(table: Sequence[Row]) -> str:
    leaks = [row for row in table if row.leak]
    missed = [row for row in leaks if not row.found]
    flagged = [row for row in table if not row.leak and row.found]
    lines = [
        "# Known misses",
        "",
        "Written by `python -m bench.leak_cases` from the labelled cases in `tests/data/leak-cases`. The cases were chosen, not",
        "sampled: the figures say what is covered, not how often leaks are found in the wild.",
        "",
        f"Of {len(leaks)} leaks, {len(leaks) - len(missed)} are found at `medium` or above;",
        f"of {len(table) - len(leaks)} cases without a leak, {len(flagged)} are flagged.",
        "",
        "## Missed",
        "",
        "| case | what happened | why it is missed |",
        "|---|---|---|",
        *(f"| {row.id} | {_cell(row.title)} | {KNOWN_MISSES.get(row.id, '**unexplained**')} |" for row in missed),
        "",
        "## All cases",
        "",
        "| case | leak | dressed as | verdict | severity | transforms | shared |",
        "|---|---|---|---|---|---|---|",
        *(_line(row) for row in table),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    verdict = ("found" if row.found else "missed") if row.leak else ("**flagged**" if row.found else "not flagged")
    label = row.level if row.leak else "no"
    if row.best is None:
        return f"| {row.id} | {label} | {row.difficulty} | {verdict} | | | |"
    best = row.best
    return (
        f"| {row.id} | {label} | {row.difficulty} | {verdict} | {best.severity.value} | {', '.join(best.transforms)} | "
        f"{best.private_chars} characters, {best.cot_fraction:.0%} |"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    cases = load()
    with tempfile.TemporaryDirectory() as folder:
        written = page(rows(cases, audit_cases(cases, Path(folder))))
    print(written)
    PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
