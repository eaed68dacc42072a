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

Cells = Mapping[tuple[str, int | None], tuple[int, int, int]]
"""(reward path, step) -> episodes, exposed, not assessed."""


def breakdown(counts: Counts) -> Iterator[Breakdown]:
    """A row for every environment, reward path and stage, in that order."""
    stage = _stages({step for steps in counts.steps.values() for step in steps})
    rows: dict[tuple[str, str, int], Counter[str]] = {}
    names: dict[tuple[str, str, int], tuple[str | None, str, str | None]] = {}
    for (place, status), count in counts.places.items():
        number, name = stage(place.step)
        at = (place.environment or "", place.path, number)
        names[at] = (place.environment, place.path, name)
        rows.setdefault(at, Counter())[status] += count
    for at in sorted(rows):
        statuses = rows[at]
        seen, found = statuses.total(), statuses[EXPOSED] + statuses[BY_CONTRACT]
        unknown = sum(count for status, count in statuses.items() if status not in ASSESSED)
        environment, path, name = names[at]
        yield Breakdown(environment, path, name, seen, found, *bounds(found, unknown, seen))


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


def by_path_and_step(counts: Counts) -> Cells:
    """What became of the episodes that a reward path scored at a step."""
    cells: dict[tuple[str, int | None], list[int]] = {}
    for (place, status), count in counts.places.items():
        cell = cells.setdefault((place.path, place.step), [0, 0, 0])
        cell[0] += count
        cell[1] += count if status in (EXPOSED, BY_CONTRACT) else 0
        cell[2] += count if status not in ASSESSED else 0
    return {at: (cell[0], cell[1], cell[2]) for at, cell in cells.items()}


def affected(places: Cells) -> Affected:
    """All steps at which a reward path that is exposed anywhere was live."""
    offending = {path for (path, _), (_, exposed, _) in places.items() if exposed}
    reach = Reach()
    for path, step in places:
        if path in offending:
            reach.add(step)
    return Affected(reach.first_step, reach.last_step)


def heat(places: Cells) -> Iterator[HeatCell]:
    """A cell for every reward path and step, in that order."""
    cells = ((path, step, counts) for (path, step), counts in places.items() if step is not None)
    for path, step, counts in sorted(cells):
        yield HeatCell(path, step, *counts)
