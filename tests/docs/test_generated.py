"""The generated pages are what the code says today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)

STALE = "is stale: run `make docs`"


def test_the_command_line_page():
    assert (ROOT / "docs" / "cli.md").read_text() == generate.cli_page(), STALE


def test_the_rules_page():
    assert (ROOT / "docs" / "rules.md").read_text() == generate.rules_page(), STALE


def test_the_reference():
    assert (ROOT / "docs" / "reference.md").read_text() == generate.reference_page(), STALE


def test_the_schemas():
    for file, content in generate.schema_files().items():
        assert file.read_text() == content, STALE


def test_the_readme_shows_the_help_and_the_demo_as_they_are():
    before = (ROOT / "README.md").read_text()
    for name in ("demo", "help", "readers"):
        assert before.count(f"<!-- begin {name} -->\n") == before.count(f"\n<!-- end {name} -->") == 1
    assert generate.readme(before) == before, STALE


@pytest.mark.parametrize("page", [ROOT / "README.md", *generate.console_pages()], ids=lambda page: page.name)
def test_commands_print_what_the_page_shows(page):
    before = page.read_text()
    assert generate.with_outputs(before) == before, STALE


@pytest.mark.parametrize("verb", generate.VERBS)
def test_every_verb_is_on_the_command_line_page(verb):
    assert f"\n## sequester {verb}\n" in (ROOT / "docs" / "cli.md").read_text()
