"""SQ242: a grader's prompt has a variable that holds the policy's reasoning."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sequester.findings.model import Severity
from sequester.lint.config_file import ConfigFile, Context, snake
from sequester.lint.hit import Hit, Place
from sequester.lint.settings import Setting
from sequester.lint.template_file import (
    TemplateFile,
    Variable,
    is_grader_name,
    is_graders_own_name,
    place_in,
    reads_like_grading,
    with_reasoning,
)

CODE = "SQ242"

_JINJA_SUFFIXES = frozenset((".jinja", ".jinja2", ".j2", ".mustache"))
_PROMPT_KEY = re.compile(
    r"(?:\w+_)?(?:prompt|template|instructions?|message|content|value|system|user|text|criteria|rubric)(?:_\w+)?|\w*prompt\w*"
)
_PROMPTFOO_GRADES = re.compile(r"(?:^|\.)(?:assert|rubric_prompt)(?:\.|$)")


def template_hits(template: TemplateFile) -> Iterator[Hit]:
    """One for each such variable of a template."""
    jinja = True if template.path.suffix.lower() in _JINJA_SUFFIXES else None
    for variable, what in with_reasoning(template.text, jinja):
        yield _hit(place_in(template.text, variable.start, variable.end), template.path.name, variable, what)


def hits(file: ConfigFile) -> Iterator[Hit]:
    """One for each such variable of a prompt that stands in a configuration."""
    if Context.JUDGING not in file.contexts:
        return
    lines = file.text.splitlines()
    for setting, text in file.strings():
        if "{" in text and _is_grader_prompt(setting, text):
            for variable, what in with_reasoning(text):
                yield _hit(_place(setting, text[variable.start : variable.end], lines), setting.subject, variable, what)


def _is_grader_prompt(setting: Setting, text: str) -> bool:
    names = [snake(part) for part in setting.path if not part.isdigit()]
    if _PROMPTFOO_GRADES.search(".".join(names)):
        return True
    if not any(map(_PROMPT_KEY.fullmatch, names[-2:])):
        return False
    return any(map(is_graders_own_name, names)) or (any(map(is_grader_name, names)) and reads_like_grading(text))


def _place(setting: Setting, written: str, lines: list[str]) -> Place:
    """Where the variable stands; of a value of several lines from its key on, where a comment can stand."""
    key = setting.key
    for number in range(key.line, max(key.line, setting.end[0], key.line + 200 if setting.end == key[2:] else 0) + 1):
        at = lines[number - 1].find(written, key.column - 1 if number == key.line else 0) if number <= len(lines) else -1
        if at >= 0:
            start = (key.line, key.column) if number > key.line else (number, at + 1)
            return Place(*start, number, at + 1 + len(written))
    return key


def _hit(place: Place, subject: str, variable: Variable, what: str) -> Hit:
    message = f"the variable `{variable.name}` puts {what} into the grader's prompt"
    return Hit(CODE, place, subject, message, confidence=Severity.HIGH if what == "the reasoning" else Severity.MEDIUM)
