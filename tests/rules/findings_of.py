"""A small result in which one rule found something, for the pages of terminal output kept beside these tests."""

from tests.findings.examples import finding
from tests.report.results import result

from sequester.findings.model import CallCounts, EpisodeCounts


def result_of(code, class_, **changes):
    """Four episodes seen, two of them with a finding of this rule, one not assessed."""
    found = [finding(rule=code, class_=class_, episode_id=f"e{number}", step=number, **changes) for number in (1, 2)]
    exposed = len({one.episode_id for one in found})
    return result(
        EpisodeCounts(5, 1, 3, exposed, {"limit": 1}),
        CallCounts(4, 3, exposed, {"recorded": 4, "rebuilt": 0, "contract": 0}, {"limit": 1}),
        found,
    )
