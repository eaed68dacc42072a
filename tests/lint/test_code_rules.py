"""The rules over code: each is asked, has a code that exists, and a test file of its own."""

import importlib
import pkgutil
from pathlib import Path
from typing import get_args

import pytest

from sequester.findings.rules import RULES
from sequester.lint import code_rules
from sequester.lint.events import Event

NAMES = [found.name for found in pkgutil.iter_modules(code_rules.__path__)]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_listed_with_its_event_and_tested(name):
    rule = importlib.import_module(f"sequester.lint.code_rules.{name}")
    assert rule.CODE in RULES
    assert any(rule.hits in listed for listed in code_rules._RULES.values())
    assert (Path(__file__).parents[1] / "rules" / f"test_{rule.CODE}.py").is_file()


def test_every_event_is_listened_to():
    assert {*code_rules._RULES} == {*get_args(Event)}
