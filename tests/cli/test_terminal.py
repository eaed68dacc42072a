"""Pages and lists: as wide as the terminal is, and untouched in a pipe."""

from __future__ import annotations

import re

import pytest

from sequester.cli import progress, terminal
from sequester.cli.explain import page
from sequester.cli.terminal import fit
from sequester.findings.rules import RULES

LINE = "readers:       verifiers  traces and results, " + "verified with one version and another, " * 4


@pytest.fixture
def at_terminal(monkeypatch):
    """Makes stdout a terminal so many columns wide."""

    def make(columns, **environment):
        monkeypatch.setattr(terminal.sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        for name, value in ({"TERM": "xterm"} | environment).items():
            monkeypatch.setenv(name, value)

    return make


def test_nothing_and_a_pipe_are_left_alone(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert (fit("", 4), page("")) == ("", "")
    assert fit(LINE, 4) == LINE
    assert page("# a\n`b`") == "# a\n`b`"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_line_keeps_its_words_and_stays_within_the_terminal(at_terminal, columns):
    at_terminal(columns)
    lines = fit(LINE, 15).splitlines()
    assert max(map(len, lines)) <= columns
    assert " ".join(LINE.split()) == " ".join(" ".join(lines).split())
    assert all(line.startswith(" " * 15) for line in lines[1:])


@pytest.mark.parametrize("code", RULES)
def test_a_rule_is_rendered_for_a_terminal(at_terminal, cli, code):
    at_terminal(80, NO_COLOR="1")
    said = cli("explain", code).out
    assert not re.search(r"^ *## ", said, re.MULTILINE)
    assert "```" not in said
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 80
    words = re.findall(r"[A-Za-z]{6,}", RULES[code].text().replace("```python", "").replace("```json", ""))
    assert set(words) <= set(re.findall(r"[A-Za-z]{6,}", said))


def test_headings_are_told_apart_by_style_where_there_is_one(at_terminal):
    at_terminal(80)
    assert "\x1b[1mWhy\x1b[0m" in page("## Why\n\nSo.")
    assert "\x1b" not in page("## Why\n\nSo.", colour=False)


def test_the_moving_line_never_wraps(at_terminal, capsys, monkeypatch):
    at_terminal(60)
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress, "FIRST_S", 0.0)
    progress.Progress(quiet=False)(12, "runs/" + "long/" * 40 + "x.jsonl")
    line = capsys.readouterr().err.removeprefix("\r\x1b[2K")
    assert len(line) < 60
    assert line.endswith("jsonl")


@pytest.mark.parametrize("verb", ["doctor", "rules"])
def test_lists_fit_the_terminal(at_terminal, cli, verb):
    at_terminal(80)
    assert max(map(len, cli(verb).out.splitlines())) <= 80
