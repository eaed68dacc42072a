"""What a result derives from what it holds."""

from __future__ import annotations

from itertools import product

import pytest
from tests.findings.examples import finding
from tests.report.results import result

from sequester.findings.model import Severity


def test_an_empty_result_found_nothing() -> None:
    assert (result().found, result().unlisted) == (0, 0)


@pytest.mark.parametrize(("one", "other"), [*product(Severity, Severity)])
def test_severities_are_ordered_as_they_are_written(one: Severity, other: Severity) -> None:
    order = list(Severity)
    assert [severity.value for severity in order] == ["low", "medium", "high"]
    assert one.at_least(other) is (order.index(one) >= order.index(other))


@pytest.mark.parametrize("counted", [0, 1, 40])
def test_what_is_counted_and_not_listed_is_found_all_the_same(counted: int) -> None:
    listed = [finding(severity=Severity.HIGH), finding(severity=Severity.LOW)]
    kept = result(findings=listed, below_threshold=1 + counted)
    assert (kept.unlisted, kept.found) == (counted, 2 + counted)
