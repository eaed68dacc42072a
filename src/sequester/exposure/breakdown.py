"""Where episodes were exposed: by environment, reward path, stage and step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from sequester.exposure.counts import ASSESSED, BY_CONTRACT, EXPOSED, Counts
from sequester.exposure.lows import Reach
from sequester.findings.model import Affected, Breakdown, HeatCell
from sequester.findings.verdict import bounds

STAGES = 10
"""The breakdown by stage cuts the steps seen into so many parts."""

Cells = Mapping[tuple[str, int | None, str], tuple[int, int, int]]
"""(reward path, step, kind of evidence) -> episodes, exposed, not assessed."""


def breakdown(counts: Counts) -> Iterator[Breakdown]:
    """A row for every environment, reward path, stage and kind of evidence, in that order."""
    stage = _stages({step for steps in counts.steps.values() for step in steps})
    rows: dict[tuple[str, str, int, str], Counter[str]] = {}
    names: dict[tuple[str, str, int, str], tuple[str | None, str | None]] = {}
    for (place, status), count in counts.places.items():
        number, name = stage(place.step)
        at = (place.environment or "", place.path, number, place.evidence)
        names[at] = (place.environment, name)
        rows.setdefault(at, Counter())[status] += count
    for at in sorted(rows):
        statuses = rows[at]
        seen, found = statuses.total(), statuses[EXPOSED] + statuses[BY_CONTRACT]
        unknown = sum(count for status, count in statuses.items() if status not in ASSESSED)
        (environment, name), (_, path, _, evidence) = names[at], at
        yield Breakdown(environment, path, name, seen, found, *bounds(found, unknown, seen), evidence)


def _stages(steps: set[int]) -> Callable[[int | None], tuple[int, str | None]]:
    """Step -> (number, name) of its stage; steps are cut into `STAGES` parts of equal width, or fewer."""
    if not steps:
        return lambda step: (-1, None)
    first, last = min(steps), max(steps)
    width = max(1, -(-(last - first + 1) // STAGES))

    def stage(step: int | None) -> tuple[int, str | None]:
        if step is None:
            return -1, None
        number = (step - first) // width
        low = first + number * width
        high = min(last, low + width - 1)
        return number, f"step {low}" if low == high else f"steps {low}-{high}"

    return stage


def cells(counts: Counts) -> Cells:
    """What became of the episodes that a reward path scored at a step, by kind of evidence."""
    found: dict[tuple[str, int | None, str], list[int]] = {}
    for (place, status), count in counts.places.items():
        cell = found.setdefault((place.path, place.step, place.evidence), [0, 0, 0])
        cell[0] += count
        cell[1] += count if status in (EXPOSED, BY_CONTRACT) else 0
        cell[2] += count if status not in ASSESSED else 0
    return {at: (cell[0], cell[1], cell[2]) for at, cell in found.items()}


def affected(cells: Cells) -> Affected:
    """All steps at which a reward path that is exposed anywhere was live."""
    offending = {path for (path, _, _), (_, exposed, _) in cells.items() if exposed}
    reach = Reach()
    for path, step, _ in cells:
        if path in offending:
            reach.add(step)
    return Affected(reach.first_step, reach.last_step)


def heat(cells: Cells) -> Iterator[HeatCell]:
    """A cell for every reward path, step and kind of evidence, in that order."""
    known = ((path, step, evidence, counts) for (path, step, evidence), counts in cells.items() if step is not None)
    for path, step, evidence, counts in sorted(known):
        yield HeatCell(path, step, *counts, evidence)
