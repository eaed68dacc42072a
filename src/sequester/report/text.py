"""`--out text`: what a person reads in a terminal.

Order: how well the detector works, verdict, what was found (groups first), what was not assessed, breakdown, inputs, limits, what
to do next, and last one line that holds every count. The list of findings is short: the whole list is in JSON.

Colour repeats what the words say and never says anything alone. Without a terminal there is none, and without UTF-8 the
lines are ASCII.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TextIO

from msgspec import Struct
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sequester.findings.model import Breakdown, Finding, Group, Result, Severity, Verdict
from sequester.findings.rules import RULES
from sequester.report import summary
from sequester.report.next_steps import next_steps
from sequester.report.untrusted import printable

_VERDICT_STYLE = {
    Verdict.EXPOSED: "bold red",
    Verdict.NONE_FOUND: "bold green",
    Verdict.INCOMPLETE: "bold yellow",
    Verdict.NOTHING_ASSESSED: "bold yellow",
}
_SEVERITY_STYLE = {Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: ""}
_ASCII = str.maketrans({"–": "-", "…": "~", "·": "|"})
_NARROWEST, _WIDEST = 60, 400
_ROOMY, _NARROW = 110, 80
"""Characters of width: from the first there is room for everything, below the second for the least only."""
_LATER, _LAST = ("field",), ("evidence", "steps", "rule")
"""Columns that tables narrower than these leave out; `show` and JSON have them too."""
_WHOLE = ("rule", "finding", "example", "reason")
"""Columns whose words are never broken."""


class TextStyle(Struct, frozen=True):
    """How to print. The defaults suit a file or a pipe."""

    width: int = 120
    colour: bool = False
    unicode: bool = True
    findings: int = 10
    """Findings listed; the line above them says how many there are."""
    groups: int = 40
    rows: int = 20
    """Rows of the breakdown and the inputs, and notes."""
    whole: int = 10
    """Rows up to which the breakdown is listed whole; a longer one sums up the rows in which nothing was found."""
    causes: int = 5
    """Records that could not be read, with their causes."""


def style_for(
    stream: TextIO, environment: Mapping[str, str] = os.environ, *, colour: bool = True, verbose: bool = False
) -> TextStyle:
    """The style for this stream: ASCII where UTF-8 has no place, colour only on a terminal.

    NO_COLOR (no-color.org) takes colour away, FORCE_COLOR gives it to a pipe, COLUMNS sets the width of one.
    """
    terminal = stream.isatty()
    plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
    forced = environment.get("FORCE_COLOR", "0") not in ("", "0")
    return TextStyle(
        width=max(_NARROWEST, Console(file=stream).width if terminal else _columns(environment)),
        colour=colour and not plain and (terminal or forced),
        unicode=(getattr(stream, "encoding", None) or "ascii").lower().replace("-", "") in ("utf8", "utf16", "utf32"),
        findings=1000 if verbose else 10,
        groups=1000 if verbose else 40,
        rows=1000 if verbose else 20,
        whole=1000 if verbose else 10,
        causes=20 if verbose else 5,
    )


def _columns(environment: Mapping[str, str]) -> int:
    """The width that COLUMNS asks for, or the default."""
    asked = environment.get("COLUMNS", "")
    return (
        min(_WIDEST, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 and int(asked) else TextStyle().width
    )


def render(result: Result, style: TextStyle | None = None) -> str:
    """The whole report as text, ending in a newline."""
    style = style or TextStyle()
    out = io.StringIO()
    console = Console(
        file=out,
        width=style.width,
        force_terminal=style.colour,
        color_system="standard" if style.colour else None,
        no_color=not style.colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    _verdict(console, result)
    _rates(console, result, style)
    _groups(console, result, style)
    _findings(console, result, style)
    _not_assessed(console, result, style)
    _breakdown(console, result, style)
    _inputs(console, result, style)
    _prose(console, "Notes", summary.bounded(result.notes, style.rows))
    _prose(console, "Limits", summary.limits(result))
    _prose(console, "Next", next_steps(result))
    console.print()
    console.print(Text(summary.summary_line(result), style="bold"), soft_wrap=True)
    text = "\n".join(line.rstrip() for line in out.getvalue().split("\n")) if not style.colour else out.getvalue()
    return text if style.unicode else text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def _verdict(console: Console, result: Result) -> None:
    for sentence in result.calibration:
        console.print(Text(printable(sentence, 2000), style="dim"))
    console.print(Text(summary.verdict_word(result.verdict), style=_VERDICT_STYLE[result.verdict]))
    for sentence in (summary.headline(result), *summary.facts(result)):
        console.print(Text(sentence))


def _rates(console: Console, result: Result, style: TextStyle) -> None:
    if not any(rate.of for rate in result.rates):
        return
    rows = (
        (
            f"{printable(rate.numerator)} / {printable(rate.denominator)}",
            printable(rate.section),
            f"{summary.number(rate.count)} of {summary.number(rate.of)}",
            f"{summary.percent(rate.low)} to {summary.percent(rate.high)}",
            summary.interval(rate),
        )
        for rate in result.rates[: style.rows]
    )
    columns = ("rate", "section", ">count", ">low to high", "bound")
    _table(console, "Rates", (len(result.rates), "rates, evidence kinds apart"), columns, rows, style, style.rows)


def _groups(console: Console, result: Result, style: TextStyle) -> None:
    if not result.groups:
        return
    rows = (_group_row(group) for group in result.groups[: style.groups])
    columns = ("rule", "severity", "reward path", "field", "evidence", ">episodes", "steps", "example")
    _table(console, "Found", (len(result.groups), "groups"), columns, rows, style, style.groups)
    for code in sorted({group.rule for group in result.groups}):
        if code in RULES:
            explained = Text(f"{code} {RULES[code].name}: {RULES[code].title}.  sequester explain {code}")
            console.print(Padding(explained, (0, 0, 0, 2)))


def _group_row(group: Group) -> Sequence[str | Text]:
    return (
        group.rule,
        Text(group.severity.value, style=_SEVERITY_STYLE[group.severity]),
        printable(group.reward_path, 40),
        printable(group.field, 40),
        printable(group.evidence),
        f"{summary.number(group.episodes)} of {summary.number(group.of)}",
        _steps(group.first_step, group.last_step),
        printable(group.example[:12]),
    )


def _findings(console: Console, result: Result, style: TextStyle) -> None:
    if not result.findings:
        return
    shown = gravest(result.findings)[: style.findings]
    if style.width < _ROOMY:
        columns: Sequence[str] = ("finding", "rule", "severity", "reward path, episode", ">private shared")
        rows: Iterable[Sequence[str | Text]] = map(_narrow_row, shown)
    else:
        columns = ("finding", "rule", "severity", "episode", "step", "reward path", ">private shared", "in input")
        rows = map(_finding_row, shown)
    _table(
        console, "Findings", (len(result.findings), f"findings{summary.unlisted(result)}"), columns, rows, style, style.findings
    )
    for sentence in summary.bounded(summary.waivers_in_force(result), style.rows):
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))


def _finding_row(finding: Finding) -> Sequence[str | Text]:
    return (
        finding.id[:12],
        finding.rule,
        _weight(finding),
        printable(finding.episode_id, 40),
        "" if finding.step is None else summary.number(finding.step),
        printable(finding.reward_path, 40),
        summary.shared(finding),
        ", ".join(f"{span.input[0]}–{span.input[1]}" for span in finding.spans[:2]) + (", …" if len(finding.spans) > 2 else ""),
    )


def _narrow_row(finding: Finding) -> Sequence[str | Text]:
    """A finding where there is no room for a column each: the places stand under one another."""
    step = "" if finding.step is None else f", step {summary.number(finding.step)}"
    episode = f"\n{printable(finding.episode_id, 40)}" if finding.episode_id else ""
    where = f"{printable(finding.reward_path, 40)}{step}{episode}"
    return finding.id[:12], finding.rule, _weight(finding), where, summary.shared(finding)


def _weight(finding: Finding) -> Text:
    said = f"{finding.severity.value}{', waived' if finding.waiver else ''}"
    return Text(said, style=_SEVERITY_STYLE[finding.severity])


def gravest(findings: Iterable[Finding]) -> list[Finding]:
    """Unwaived before waived, then by severity and by how much text is shared; otherwise in the given order."""
    return sorted(findings, key=lambda one: (one.waiver is not None, -one.severity.rank, -one.private_chars))


def _not_assessed(console: Console, result: Result, style: TextStyle) -> None:
    episodes, calls = result.episodes.not_assessed, result.reward_calls.not_assessed
    reasons = sorted({*episodes, *calls}, key=lambda name: (-episodes.get(name, 0), -calls.get(name, 0), name))
    rows = (
        (
            printable(name),
            summary.number(episodes.get(name, 0)),
            summary.number(calls.get(name, 0)),
            Text(summary.REASONS.get(name, "")),
        )
        for name in reasons
    )
    left_out = f"{summary.counted(sum(episodes.values()), 'episode')}, {summary.counted(sum(calls.values()), 'reward call')}"
    unread = summary.unread_inputs(result)
    _heading(console, f"Not assessed: {left_out}{f', {unread}' if unread else ''}")
    if reasons:
        _body(console, ("reason", ">episodes", ">reward calls", "meaning"), rows, style)
    causes = list(summary.skipped(result, style.causes))
    if causes:
        console.print("  Records that could not be read:")
    for cause in causes:
        console.print(Padding(Text(cause), (0, 0, 0, 4)))


def _breakdown(console: Console, result: Result, style: TextStyle) -> None:
    if not result.by:
        return
    table = summary.folded(result, style.whole, style.rows)
    several = summary.has_several_kinds(result)
    rows = [
        (
            "–" if row.environment is None else printable(row.environment, 30),
            printable(row.reward_path, 40),
            "–" if row.stage is None else printable(row.stage, 20),
            _kind(row) if several else "",
            f"{summary.number(row.exposed)} of {summary.number(row.episodes)}",
            f"{summary.percent(row.low)} to {summary.percent(row.high)}",
        )
        for row in table.shown
    ]
    for rest in table.others:
        others = f"{summary.number(rest.rows)} others"
        counted = f"{summary.number(rest.exposed)} of {summary.number(rest.episodes)}"
        share = f"{summary.percent(rest.low)} to {summary.percent(rest.high)}"
        rows.append((others, "–", "–", _kind(rest) if several else "", counted, share))
    total = f"{summary.number(len(table.shown))} of {summary.number(len(result.by))} rows"
    _heading(console, f"By environment, reward path and stage: {total}, {summary.breakdown_counts(result)}")
    _body(console, ("environment", "reward path", "stage", "evidence", ">exposed", ">low to high"), rows, style)
    if table.others:
        console.print("  the others one by one: -v, or --out json")


def _kind(row: Breakdown | summary.Others) -> str:
    return printable(row.evidence) or summary.NO_EVIDENCE


def _inputs(console: Console, result: Result, style: TextStyle) -> None:
    if not result.inputs:
        return
    lines = summary.inputs(result, style.whole)
    rows = (
        (
            printable(line.name, 60),
            printable(line.format, 20),
            f"{summary.number(line.rows_read)} of {'?' if line.rows_declared is None else summary.number(line.rows_declared)}",
            Text(line.outcome, style="red" if line.unread else ""),
        )
        for line in lines[: style.rows]
    )
    total = summary.number(len(result.inputs))
    shown = sum(line.files for line in lines[: style.rows])
    _heading(console, f"Inputs: {summary.number(shown)} of {total} inputs, unread ones first")
    _body(console, ("input", "format", ">rows read", "outcome"), rows, style)
    if shown < len(result.inputs):
        console.print(f"  … and {summary.number(len(result.inputs) - shown)} more; all of them: --out json")


def _prose(console: Console, title: str, sentences: Sequence[str]) -> None:
    if sentences:
        console.print()
        console.print(Text(title, style="bold"))
    for sentence in sentences:
        console.print(Padding(Text(printable(sentence, 2000)), (0, 0, 0, 2)))


def _table(
    console: Console,
    title: str,
    counted: tuple[int, str],
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    style: TextStyle,
    most: int,
) -> None:
    total, what = counted
    _heading(console, f"{title}: {summary.number(min(most, total))} of {summary.number(total)} {what}")
    _body(console, columns, rows, style)
    if total > most:
        console.print(f"  … and {summary.number(total - most)} more; all of them: --out json")


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _body(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], style: TextStyle) -> None:
    """A table without the columns that hold nothing, and on a narrow page without those that can wait."""
    lines = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    dropped = (*_LATER, *_LAST) if style.width < _NARROW else _LATER if style.width < _ROOMY else ()
    kept = [
        at
        for at, column in enumerate(columns)
        if column not in dropped and (not lines or any(line[at].plain.strip("–") for line in lines))
    ]
    close = style.unicode and style.width < _ROOMY
    table = Table(
        box=box.SIMPLE_HEAD if style.unicode else box.ASCII2,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0) if close else (0, 1),
        header_style="",
    )
    for column in (columns[at] for at in kept):
        is_number = column.startswith(">")
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(Text(column.removeprefix(">")), justify=justify, overflow="fold", no_wrap=is_number or column in _WHOLE)
    for line in lines:
        table.add_row(*(line[at] for at in kept))
    console.print(Padding(table, (0, 0, 0, 2)))


def _steps(first: int | None, last: int | None) -> str:
    if first is None or last is None:
        return ""
    return summary.number(first) if first == last else f"{summary.number(first)}–{summary.number(last)}"
