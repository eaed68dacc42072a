"""The heat strip: exposure by reward path and step, as one inline SVG.

Each column of a strip is a bar from the bottom: exposed episodes solid, then those not assessed hatched, the rest empty.
So the picture reads in grey, on paper and with any colour vision: height and pattern carry it, colour only helps. A
column in which anything was exposed is never thinner than two pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from sequester.findings.model import HeatCell
from sequester.report.summary import number, percent
from sequester.report.untrusted import printable

_MOST_PATHS = 40
_MOST_COLUMNS = 120
_LABEL = 190
_PLOT = 720
_ROW = 26
_BAR = 18
_AXIS = 22


class Column(NamedTuple):
    """One bar: some steps of one reward path."""

    first: int
    last: int
    episodes: int
    exposed: int
    not_assessed: int


class Strip(NamedTuple):
    """All bars of one reward path, by position on the axis."""

    path: str
    columns: dict[int, Column]

    @property
    def exposed(self) -> int:
        return sum(column.exposed for column in self.columns.values())

    @property
    def not_assessed(self) -> int:
        return sum(column.not_assessed for column in self.columns.values())


def strips(cells: Iterable[HeatCell]) -> tuple[Sequence[Strip], Sequence[tuple[int, int]]]:
    """Every reward path's strip, the most exposed first, and the steps that each position on the axis stands for."""
    cells = list(cells)
    steps = sorted({cell.step for cell in cells})
    per = -(-len(steps) // _MOST_COLUMNS) or 1
    position = {step: index // per for index, step in enumerate(steps)}
    axis = [(steps[start], steps[min(start + per, len(steps)) - 1]) for start in range(0, len(steps), per)]
    paths: dict[str, dict[int, Column]] = {}
    for cell in cells:
        columns = paths.setdefault(cell.reward_path, {})
        place = position[cell.step]
        before = columns.get(place, Column(*axis[place], 0, 0, 0))
        columns[place] = before._replace(
            episodes=before.episodes + cell.episodes,
            exposed=before.exposed + cell.exposed,
            not_assessed=before.not_assessed + cell.not_assessed,
        )
    found = [Strip(path, columns) for path, columns in paths.items()]
    return sorted(found, key=lambda strip: (-strip.exposed, -strip.not_assessed, strip.path)), axis


def heat_strip(cells: Iterable[HeatCell]) -> str:
    """The SVG and a line that says how many reward paths it shows; empty for no cells."""
    rows, axis = strips(cells)
    if not rows:
        return ""
    shown = rows[:_MOST_PATHS]
    height = len(shown) * _ROW + _AXIS
    width = _PLOT / len(axis)
    body = "".join(_strip(strip, index * _ROW, width) for index, strip in enumerate(shown))
    merged = max(last - first for first, last in axis)
    first, last = axis[0][0], axis[-1][1]
    steps = f"step {number(first)}" if first == last else f"steps {number(first)} to {number(last)}"
    said = f"{number(len(shown))} of {number(len(rows))} reward paths, {steps}"
    if merged:
        said += f", {number(len(axis))} columns of several steps each"
    return (
        '<div class="strips" role="region" tabindex="0" aria-label="heat strip">'
        f'<svg class="heat" viewBox="0 0 {_LABEL + _PLOT + 110} {height}" role="img" aria-label="Exposure by step: {said}">'
        '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="hatch-ground" width="5" height="5"/><line class="hatch-line" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>'
        f"{body}{_axis(axis, width, len(shown) * _ROW)}</svg></div>"
        f'<p class="quiet">{said}.</p>'
    )


def _strip(strip: Strip, top: int, width: float) -> str:
    share = f"{number(strip.exposed)} of {number(sum(column.episodes for column in strip.columns.values()))}"
    return (
        f'<text class="name" x="{_LABEL - 10}" y="{top + 14}" text-anchor="end">{escape(printable(strip.path, 26))}</text>'
        f'<rect class="ground" x="{_LABEL}" y="{top}" width="{_PLOT}" height="{_BAR}"/>'
        f"{''.join(_bar(place, column, top, width) for place, column in sorted(strip.columns.items()))}"
        f'<text class="share" x="{_LABEL + _PLOT + 8}" y="{top + 14}">{share}</text>'
    )


def _bar(place: int, column: Column, top: int, width: float) -> str:
    if column.episodes <= 0:
        return ""
    solid = _BAR * min(1.0, column.exposed / column.episodes)
    solid = max(2.0, solid) if column.exposed else 0.0
    hatched = min(_BAR - solid, _BAR * column.not_assessed / column.episodes)
    hatched = max(1.5, hatched) if column.not_assessed and solid < _BAR - 1.5 else hatched
    x, wide = _LABEL + place * width, max(0.8, width - (0.6 if width > 3 else 0.0))
    steps = number(column.first) if column.first == column.last else f"{number(column.first)} to {number(column.last)}"
    title = (
        f"step {steps}: {number(column.exposed)} of {number(column.episodes)} exposed "
        f"({percent(column.exposed / column.episodes)}), {number(column.not_assessed)} not assessed"
    )
    parts = [f'<rect class="seen" {_box(x, wide, top, _BAR)}/>']
    if hatched:
        parts.append(f'<rect fill="url(#hatch)" {_box(x, wide, top + _BAR - solid - hatched, hatched)}/>')
    if solid:
        parts.append(f'<rect class="exposed" {_box(x, wide, top + _BAR - solid, solid)}/>')
    return f"<g><title>{title}</title>{''.join(parts)}</g>"


def _box(x: float, width: float, y: float, height: float) -> str:
    return f'x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"'


def _axis(axis: Sequence[tuple[int, int]], width: float, top: int) -> str:
    count = min(len(axis), 8)
    places = sorted({round(index * (len(axis) - 1) / max(1, count - 1)) for index in range(count)})
    ticks = ((_LABEL + (place + 0.5) * width, axis[place][0]) for place in places)
    return "".join(
        f'<text class="tick" x="{x:.1f}" y="{top + 12}" text-anchor="middle">{number(step)}</text>' for x, step in ticks
    )
