"""Every kind of report on a terminal of every width: no line is wider, no word is broken, no count is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from tests.findings import association_results, lint_results
from tests.findings.examples import finding
from tests.findings.swap_results import MOVED
from tests.report.results import result
from tests.report.test_changed_formats import changed, probed
from tests.report.test_swap_formats import found

from sequester.findings.model import EpisodeCounts, Severity
from sequester.report.console import TextStyle
from sequester.report.formats import REPORTS

SWAPPED = found(replace(MOVED, donors={name: replace(donor, pairs=1_200_000) for name, donor in MOVED.donors.items()}))
EVERY_KIND = {
    "audit": result(EpisodeCounts(48, 0, 48, 4, {}), findings=(finding(reward_path="correctness"),)),
    "swap": SWAPPED,
    "changed": changed(probed(), undeclared=("rewards/other.py",)),
    "lint": lint_results.result(findings=(lint_results.finding(), lint_results.finding(rule="SQ241", severity=Severity.HIGH))),
    "association": association_results.FOUND,
}


def told(kind, width):
    return REPORTS[type(EVERY_KIND[kind])].text(EVERY_KIND[kind], TextStyle(width=width, wraps=True))


@pytest.mark.parametrize("kind", EVERY_KIND)
@settings(deadline=None, max_examples=25)
@given(st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(kind, width):
    assert [line for line in told(kind, width).splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize(
    "kind", [kind for kind in EVERY_KIND if kind != "audit"]
)  # whose tables leave out columns where it is narrow
@settings(deadline=None, max_examples=25)
@given(st.integers(40, 200))
def test_no_word_is_broken(kind, width):
    assert {word for word in told(kind, 400).split() if "─" not in word} <= {*told(kind, width).split()}
