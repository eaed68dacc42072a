"""Graders' prompts: which files are one, and which variables they write out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.errors import LimitExceeded
from sequester.lint.template_file import MOST_CHARACTERS, read_template, variables, with_reasoning

GRADES = "You are a strict grader. Rate {{ answer }}."


def names(text, jinja=None):
    return [one.name for one in variables(text, jinja)]


def test_nothing_is_no_prompt():
    assert read_template(Path("judge.jinja"), "") is None
    assert list(with_reasoning("")) == []


@pytest.mark.parametrize(
    ("name", "text", "is_prompt"),
    [
        ("judge.jinja", GRADES, True),
        ("x.jinja2", GRADES, True),
        ("x.jinja2", "Summarise {{ answer }}.", False),
        ("x.prompt", "Grade the {answer}", True),
        ("rubric.txt", "{answer}: is this answer correct", True),
        ("judges/x.txt", "Score the {answer}", True),
        ("x.txt", GRADES, False),
        ("judge.txt", "Hello {name}", False),
        ("judge.jinja", "{{ answer }}", True),
        ("judge.md", GRADES, True),
        ("judge_design.md", f'The default is "{GRADES}", and `{{{{ trace }}}}` is a variable of it.', False),
        ("judge_design.md", f"# Judge\n\nThe prompt is\n\n```\n{GRADES}\n```\n\n{'What it costs. ' * 20}", False),
        ("judge_prompt.md", f"# Judge\n\n```\n{GRADES}\n```\n", True),
        ("judge.md", "How to rate the {{ answer }}", False),
        ("README.md", GRADES, False),
        ("judge.jinja", "You are a grader without variables", False),
        ("judge.jinja", GRADES + "{% if add_generation_prompt %}", False),
        ("judge.html", GRADES, False),
        ("docs/judge.md", GRADES, False),
        ("judges/SKILL.md", GRADES, False),
    ],
)
def test_what_is_a_graders_prompt(name, text, is_prompt):
    assert (read_template(Path(name), text) is not None) is is_prompt


def test_length_is_bounded():
    long = GRADES + " " * MOST_CHARACTERS
    with pytest.raises(LimitExceeded):
        read_template(Path("judge.jinja"), long)
    assert read_template(Path("notes.jinja"), long) is None
    assert read_template(Path("judge.txt"), long) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ a }} {{b.c}} {{- d['e'].f -}} {{{g}}}", ["a", "b.c", "d.e.f", "g"]),
        ("{{ a | tojson(indent=2) }} {{ f(x) }} {% if z %}{{ 'text' }}{% endif %}", ["a"]),
        ("{a} {b!r} {c:>10} {d.e} {f[g]}", ["a", "b", "c", "d.e", "f.g"]),
        ('{a} as {{"json": 1}} and {{b}}', ["a"]),
        ("{{ a }} as {# {{ b }} #}", ["a"]),
        ("${a} $b", ["a"]),
        ('{"reasoning": "text"}', []),
        ("f(x) = {x | x > 0}, {}, {0}, {a b}", []),
    ],
)
def test_variables(text, found):
    assert names(text) == found


@pytest.mark.parametrize(
    ("variable", "holds"),
    [
        ("reasoning", True), ("message.reasoning_content", True), ("student_thoughts", True), ("cot", True), ("reasoning_a", True),
        ("chain_of_thought", True), ("full_response", True), ("raw_completion", True), ("trace", True), ("messages", True),
        ("message | tojson", True), ("sample|tojson", True), ("messages[-1].reasoning", True), ("turn['thinking']", True),
        ("answer", False), ("message", False), ("message.content", False), ("trace.answer", False), ("reasoning_instructions", False),
        ("reference_reasoning", False), ("gold_cot", False), ("thinking_budget", False), ("question | tojson", False),
        ("judge_reasoning", False), ("reasoning.score", False), ("history", False), ("response", False),
    ],
)  # fmt: skip
def test_what_holds_reasoning(variable, holds):
    assert bool(list(with_reasoning(f"{{{{ {variable} }}}}", True))) is holds


def test_beside_a_grade_the_reasoning_is_the_judges():
    assert list(with_reasoning("{{ reasoning }} {{ score }}", True)) == []
    assert len(list(with_reasoning("{{ trace }} {{ score }}", True))) == 1


@given(st.text("{}%#$| ab.['\"]\n", max_size=80))
def test_offsets_are_in_the_text(text):
    for jinja in (True, False, None):
        assert all(0 <= one.start < one.end <= len(text) for one in variables(text, jinja))
