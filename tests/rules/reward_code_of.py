"""What the rules find in reward code, for the tests of each rule."""

import re
from pathlib import Path
from textwrap import dedent

from sequester.findings.rules import RULES
from sequester.lint.engine import lint
from sequester.lint.python_file import read_python
from sequester.report import document_text
from sequester.report.lint_document import describe_lint


def lines(code, text):
    """Lines at which one rule finds something."""
    return [hit.place.line for hit in read_python(dedent(text)).hits if hit.rule == code]


def marked(code, text):
    """Lines that a comment `# SQ2..` marks for this rule."""
    return [number for number, line in enumerate(dedent(text).split("\n"), 1) if re.search(rf"# .*\b{code}\b", line)]


def example(code):
    """The example on the page of a rule."""
    section = RULES[code].text().split("## Example")[1].split("## Remedy")[0]
    return re.search(r"```\w+\n(.*?)```", section, re.S)[1]


def terminal(code, folder, monkeypatch):
    """What the terminal says of the example of a rule's page."""
    (folder / "rewards.py").write_text(example(code))
    monkeypatch.chdir(folder)
    return document_text.render(describe_lint(lint([Path("rewards.py")])))
