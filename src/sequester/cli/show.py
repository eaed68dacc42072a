"""`sequester show RESULT ID`: one finding, and on purpose the text behind it."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from sequester.cli.options import find_workspace, input_options, read_options, workspace_option
from sequester.episodes.model import Channel, Episode
from sequester.episodes.readers.registry import load_readers, recognise
from sequester.errors import UsageError
from sequester.exposure.examine import texts_of
from sequester.findings.encoding import decode_result
from sequester.findings.model import Finding, Result
from sequester.findings.rules import RULES
from sequester.findings.store import ResultStore

CONTEXT = 60
"""Code points shown on both sides of a revealed stretch."""


@click.command("show")
@click.argument("result", metavar="RESULT")
@click.argument("finding_id", metavar="ID")
@input_options()
@workspace_option()
@click.option("--reveal", metavar="REASON", help="Show the text too. The reason, who and when are recorded in the workspace.")
def command(
    result: str,
    finding_id: str,
    format_: str | None,
    template: str,
    map_file: str | None,
    workspace: str | None,
    reveal: str | None,
) -> None:
    """Show one finding of a stored or written result.

    RESULT is the id of a stored result (r17) or a JSON file that `audit --out json=FILE` wrote; ID is a finding's id or the start of it.
    Text is masked. With --reveal it is read once more from the input, which must still be there.
    """
    found = _matching(_load(result, workspace), finding_id)
    for finding in found:
        click.echo(_facts(finding))
    if reveal is None:
        return
    place = find_workspace(workspace)
    if place is None:
        raise UsageError("revealing leaves a record, and there is no workspace to keep it", hint="name one with --workspace DIR")
    if not reveal.strip():
        raise UsageError("revealing needs a reason", hint='--reveal "why you need to see the text"')
    store = ResultStore(place)
    for finding in found:
        # The record comes first: if it cannot be written, nothing is shown.
        store.record_reveal(getpass.getuser(), reveal, f"{result} {finding.id} {finding.source}")
        episode = _episode(finding, format_, template, map_file)
        for line in _texts(finding, episode):
            click.echo(line)


def _load(name: str, workspace: str | None) -> Result:
    if Path(name).is_file():
        try:
            return decode_result(Path(name).read_text("utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("cannot be read as a result", where=name, hint="give a file that --out json=FILE wrote") from error
    place = find_workspace(workspace)
    if place is None:
        raise UsageError(f"{name} is no file, and there is no workspace", hint="give a JSON result file, or --workspace DIR")
    return ResultStore(place).load(name).result


def _matching(result: Result, start: str) -> list[Finding]:
    found = [finding for finding in result.findings if finding.id.startswith(start)]
    if not found:
        raise UsageError(
            f"no finding of this result has an id that starts with {start!r}",
            hint="the tables of `audit` show the start of each id",
        )
    return found


def _facts(finding: Finding) -> str:
    rows = {
        "finding": finding.id,
        "rule": f"{finding.rule} {RULES[finding.rule].title}",
        "severity": f"{finding.severity.value} (confidence {finding.confidence.value}, evidence {finding.evidence})",
        "reward path": f"{finding.reward_path}, call {finding.call}, field {finding.field}",
        "episode": f"{finding.episode_id or '(whole path)'} at {finding.source or '(contract)'}, step {finding.step}",
        "transforms": ", ".join(finding.transforms) or "none",
        "shared": f"{finding.private_chars} normalised private characters, {finding.cot_fraction:.1%} of the private reasoning",
        "spans": "; ".join(f"reasoning {s.cot[0]}-{s.cot[1]} = input {s.input[0]}-{s.input[1]}" for s in finding.spans) or "none",
        "note": finding.note,
        "waiver": f"{finding.waiver.owner} until {finding.waiver.until}: {finding.waiver.reason}" if finding.waiver else "none",
    }
    return "\n".join(f"{name + ':':<13}{value}" for name, value in rows.items() if value) + "\n"


def _episode(finding: Finding, format_: str | None, template: str, map_file: str | None) -> Episode:
    """Read the finding's record once more."""
    path, _, record = finding.source.rpartition(":")
    if not path or not Path(path).exists():
        raise UsageError(
            "the input of this finding is not there any more", where=finding.source, hint="run from the folder of the audit"
        )
    options = read_options(template, map_file)
    reader = recognise(Path(path), load_readers(), format_ or ("map" if map_file else None))
    for unit in reader.units(Path(path), options):
        for episode in reader.read(unit, options):
            if isinstance(episode, Episode) and str(episode.source.record) == record and episode.episode_id == finding.episode_id:
                return episode
    raise UsageError(
        "the record cannot be found in the input",
        where=finding.source,
        hint="give the --map, --format and --template of the audit; or the input changed since",
    )


def _texts(finding: Finding, episode: Episode) -> list[str]:
    """The revealed stretches: reasoning, then the scorer's input with a little around it."""
    reasoning = "\n".join(segment.text.reveal() for segment in episode.segments if segment.channel is Channel.REASONING)
    lines = []
    call = episode.calls[finding.call]
    inputs = {
        field: texts_of(call, field, finding.transforms) for field in {span.field or finding.field for span in finding.spans}
    }
    for span in finding.spans:
        lines.append(f"reasoning {span.cot[0]}-{span.cot[1]}: {reasoning[slice(*span.cot)]}")
        for text in inputs[span.field or finding.field]:
            lines.append(f"input: …{text[max(0, span.input[0] - CONTEXT) : span.input[1] + CONTEXT]}…")
    return lines
