"""`# noqa: SQ203 -- reason`: a finding that somebody answers for, on the line where it stands.

Several codes are separated by commas. A finding with such a comment on the first or last line of its place stays in the result as
waived; without a reason the comment waives nothing, and a note says so. `# noqa` without a code of ours is for other tools.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from sequester.findings.linted import LintFinding
from sequester.findings.model import WaiverNote

OWNER = "noqa"
"""Owner in the note of a waived finding: whoever the version control names for the line."""

_COMMENT = re.compile(
    r"(?:^|[\s;{])(?:#-?|<!--)\s*noqa\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*)(?:\s*--\s*(?P<reason>.*))?",
    re.IGNORECASE,
)
_CLOSERS = re.compile(r"-?#\}|-->")
_OURS = re.compile(r"SQ\d+")


class Noqa(NamedTuple):
    """One comment."""

    codes: frozenset[str]
    """Codes of ours that it names."""
    reason: str
    """Empty if it gives none."""


def waivers(text: str, kind: str) -> Mapping[int, Noqa]:
    """The comments of a file by line, 1-based. Of Python (`python`) only what the language takes for a comment counts."""
    if "noqa" not in text.lower() or "SQ" not in text.upper():
        return {}
    comments = _python_comments(text) if kind == "python" else enumerate(text.splitlines(), 1)
    return {line: found for line, comment in comments if (found := _parse(comment))}


def _parse(comment: str) -> Noqa | None:
    found = _COMMENT.search(comment)
    if found is None:
        return None
    codes = frozenset(code for code in re.split(r"[\s,]+", found["codes"].upper()) if _OURS.fullmatch(code))
    return Noqa(codes, _CLOSERS.split(found["reason"] or "", maxsplit=1)[0].strip()) if codes else None


def _python_comments(text: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):  # a file that does not parse is not assessed, whatever its comments say
        return


class Settled(NamedTuple):
    """Findings of one file with their waivers."""

    findings: tuple[LintFinding, ...]
    notes: tuple[str, ...]


def settle(findings: Iterable[LintFinding], comments: Mapping[int, Noqa], path: str, codes: Collection[str]) -> Settled:
    """Mark what the comments of a file waive; say which of them give no reason, and which match nothing. `codes` are those that exist."""
    marked: list[LintFinding] = []
    used: set[tuple[int, str]] = set()
    for finding in findings:
        lines = [line for line in dict.fromkeys((finding.line, finding.end_line)) if finding.rule in _codes(comments, line)]
        used.update((line, finding.rule) for line in lines)
        reason = next((comments[line].reason for line in lines if comments[line].reason), "")
        marked.append(replace(finding, waiver=WaiverNote(OWNER, reason, "")) if reason else finding)
    return Settled(tuple(marked), tuple(_notes(comments, used, path, codes)))


def _codes(comments: Mapping[int, Noqa], line: int) -> frozenset[str]:
    return comments[line].codes if line in comments else frozenset()


def _notes(comments: Mapping[int, Noqa], used: Collection[tuple[int, str]], path: str, known: Collection[str]) -> Iterator[str]:
    for line, comment in sorted(comments.items()):
        idle = sorted(code for code in comment.codes if (line, code) not in used)
        if not comment.reason and len(idle) < len(comment.codes):
            yield f"{path}:{line}: a noqa without a reason waives nothing; write `noqa: CODE -- reason`."
        if idle:
            strange = [code for code in idle if code not in known]
            what = "names a rule that does not exist" if strange else "matches no finding"
            yield f"{path}:{line}: a noqa {what}: {', '.join(strange or idle)}."
