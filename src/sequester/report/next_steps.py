"""What to do next: about inputs that were not read, and about what was found. Every format but JSON prints it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sequester.episodes.model import Evidence, Reason
from sequester.findings.model import Result, Severity
from sequester.findings.verdict import is_unread
from sequester.report.summary import number
from sequester.report.untrusted import printable

_MOST_PATHS = 5
"""Reward paths named in a sentence, and remedies for unread inputs."""
_NO_REASONING = (
    "Episodes that show no reasoning: if the model reasons, name its family with `--template`, or have the log keep the reasoning "
    "apart. If it does not, there was nothing to expose: say so, and they are counted as without CoT. In interchange JSONL, write "
    '`"reasoning": ""` and `"answer"` in the place of `"completion"`. Of any other log, write into table [episode] of a field map '
    '`prompt = "COLUMN"`, `reasoning = { value = "" }` and `answer = "COLUMN"`, and then: `sequester audit PATH --map FILE.toml`'
)
_FIELD_MAP = (
    'A field map is a TOML file that says in which columns things stand. Table `[episode]` needs `prompt = "COLUMN"` and '
    '`completion = "COLUMN"` (or `reasoning` and `answer`); for each scorer write `[[reward_call]]` with `path = "NAME"` and '
    '`inputs = { text = "COLUMN" }`, the exact text that it was given.'
)


def next_steps(result: Result) -> tuple[str, ...]:
    """Sentences, commands between backticks: first about inputs that were not read, last what only a later version can do."""
    weak = {
        group.reward_path
        for group in result.groups
        if group.evidence != Evidence.RECORDED and group.severity.at_least(Severity.MEDIUM)
    }
    paths = sorted(weak)
    steps = list(_repairs(result))
    if any(group.evidence != Evidence.CONTRACT and group.severity.at_least(Severity.MEDIUM) for group in result.groups):
        steps.append(
            "Look at a finding: `sequester show RESULT ID`, where RESULT is an audit that was kept with `--workspace .sequester`, or "
            "a file that `--out json=FILE` wrote. Then mend the reward code, as `sequester explain` says for each rule, and audit "
            "again."
        )
    if any("--map FILE" in file.hint for file in result.inputs if is_unread(file)):
        steps.append(_FIELD_MAP)
    if result.episodes.undelimited or result.episodes.not_assessed.get(Reason.AMBIGUOUS):
        steps.append(_NO_REASONING)
    if paths or {Reason.INPUT_NOT_LOGGED, Reason.REBUILT_ONLY} & set(result.reward_calls.not_assessed):
        name = printable(paths[0]) if len(paths) == 1 else "REWARD_PATH"
        steps.append(
            "Record what the scorer is given, so that the next audit can show absence too. In the reward code, for each episode: "
            '`log.write(json.dumps({"episode_id": ID, "prompt": PROMPT, "completion": COMPLETION, "reward_calls": '
            f'[{{"reward_path": {json.dumps(name)}, "inputs": {{"text": INPUT}}, "score": SCORE}}]}}) + "\\n")` '
            "and then: `sequester audit FILE.jsonl`"
        )
    if paths:
        one = paths[0] if len(paths) == 1 else ""
        function = one if one.isidentifier() and one.isascii() else "FUNCTION"
        named = ", ".join(printable(path, 40) for path in paths[:_MOST_PATHS])
        more = f" and {number(len(paths) - _MOST_PATHS)} more" if len(paths) > _MOST_PATHS else ""
        steps.append(
            f"Then measure whether the score of {named}{more} moves when only the reasoning is swapped. The verb for it comes with a "
            f"later version; keep the recorded file for: `sequester swap FILE.py:{function} --episodes FILE.jsonl`"
        )
    return tuple(steps)


def _repairs(result: Result) -> Iterator[str]:
    """What to do about inputs that were not read, the same thing once."""
    by_hint: dict[str, list[str]] = {}
    for file in result.inputs:
        if is_unread(file) and file.hint:
            by_hint.setdefault(file.hint, []).append(printable(file.path, 80))
    for hint, paths in list(by_hint.items())[:_MOST_PATHS]:
        more = f" and {number(len(paths) - 1)} more" if len(paths) > 1 else ""
        yield f"{paths[0]}{more}: {printable(hint, 400)}"
