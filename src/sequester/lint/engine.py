"""From files to a result: which are read, what the rules find in each, which comments waive it. (Stand-in: YAML, TOML, JSON, prompts.)"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from sequester import __version__
from sequester.errors import InputError, LimitExceeded
from sequester.findings.lint_verdict import verdict
from sequester.findings.linted import LintFinding, LintResult
from sequester.findings.model import Tool
from sequester.findings.rules import RULES
from sequester.lint.config_file import KINDS, read_config
from sequester.lint.config_rules import config_hits
from sequester.lint.config_rules.grader_template import template_hits
from sequester.lint.hit import Hit
from sequester.lint.noqa import settle, waivers
from sequester.lint.template_file import SUFFIXES, read_template

_SKIPPED = frozenset((".git", ".venv", "node_modules", "__pycache__", ".sequester"))
_MOST_BYTES = 64 << 20


def lint(paths: Sequence[Path], progress: Callable[[int, str], None] | None = None) -> LintResult:
    """Everything lint has to say of these files and folders. Nothing in them is run."""
    files: Counter[str] = Counter(seen=0, linted=0, without_subject=0)
    left_out: Counter[str] = Counter()
    subjects: Counter[str] = Counter(reward_functions=0, templates=0, configurations=0)
    findings: list[LintFinding] = []
    notes: list[str] = []
    for path in _files(paths):
        files["seen"] += 1
        try:
            subject, hits, text = _read(path)
        except LimitExceeded as error:
            left_out["too_large"] += 1
            notes.append(f"{error}: not assessed.")
            continue
        except InputError as error:
            left_out["syntax_error"] += 1
            notes.append(f"{error}: not assessed.")
            continue
        files["linted" if subject else "without_subject"] += 1
        if subject:
            subjects[subject] += 1
        settled = settle((_finding(hit, path, text) for hit in hits), waivers(text, path.suffix[1:]), str(path), RULES)
        findings += settled.findings
        notes += settled.notes
    return LintResult(
        verdict=verdict(len(findings), files["linted"], left_out),
        tool=Tool(__version__, "lint/1", {}),
        files=dict(files),
        not_assessed=dict(left_out),
        subjects=dict(subjects),
        findings=tuple(findings),
        waived=sum(one.waiver is not None for one in findings),
        notes=tuple(notes),
    )


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
            continue
        for folder, inner, names in os.walk(path):
            inner[:] = sorted(set(inner) - _SKIPPED)
            yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix.lower() in (*KINDS, *SUFFIXES))


def _read(path: Path) -> tuple[str, Iterable[Hit], str]:
    if path.suffix.lower() not in (*KINDS, *SUFFIXES):
        return "", (), ""
    if path.stat().st_size > _MOST_BYTES:
        raise LimitExceeded(f"is larger than {_MOST_BYTES} bytes", where=str(path))
    text = path.read_text("utf-8", errors="surrogateescape")
    config = read_config(path, text)
    if config is not None:
        return "configurations", config_hits(config), text
    template = read_template(path, text)
    return ("templates", template_hits(template), text) if template is not None else ("", (), text)


def _finding(hit: Hit, path: Path, text: str) -> LintFinding:
    lines = text.splitlines()
    line = "".join(lines[hit.place.line - 1].split()) if hit.place.line <= len(lines) else ""
    name = "\0".join((hit.rule, path.as_posix(), hit.subject, line))
    return LintFinding(
        id=sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24],
        rule=hit.rule,
        class_=RULES[hit.rule].class_,
        severity=hit.severity,
        confidence=hit.confidence,
        path=path.as_posix(),
        line=hit.place.line,
        column=hit.place.column,
        end_line=hit.place.end_line,
        end_column=hit.place.end_column,
        subject=hit.subject,
        message=hit.message,
    )
