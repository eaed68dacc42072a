"""A row of verifiers' legacy `results.jsonl` as an episode.

Its contract: a reward function gets named arguments from the state, `completion` among them, whose messages carry
`reasoning_content`. Every function of the rubric leaves its value in `metrics`, those of weight zero too; the weights are not
logged. A judge rubric keeps its exchanges in the state column `judge_response`, if the run saved it: its keys are the prompts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from sequester.episodes.assembly import Assembled, from_completion
from sequester.episodes.flatten import flatten
from sequester.episodes.model import Episode, Evidence, Reason, RewardCall, Skipped, Source

HANDED_OVER = "completion"
_JUDGE = "judge"
_WHOLE = "reward"


class Run(Struct, frozen=True):
    """What `metadata.json` says about all rows."""

    env_id: str | None = None
    model: str | None = None


class Row(Struct, frozen=True):
    """The columns that say something about the policy or its scorers."""

    example_id: int | str | None = None
    prompt: str | list[dict[str, Any]] | None = None
    completion: str | list[dict[str, Any]] | None = None
    answer: Any = None
    info: Any = None
    reward: float | None = None
    metrics: dict[str, Any] | None = None
    is_truncated: bool | None = None
    judge_response: Any = None


def row_episode(row: Row, source: Source, run: Run, template: str) -> Episode | Skipped:
    """A row as an episode. Raises LimitExceeded for one with too many leaves."""
    if row.completion is None or row.prompt is None:
        return Skipped(source, Reason.MALFORMED, "`prompt` or `completion` is null: the rollout failed before the model answered")
    assembled: Assembled = from_completion(row.prompt, row.completion, template, truncated=row.is_truncated)
    columns = {key: value for key, value in (("answer", row.answer), ("info", row.info)) if value is not None}
    return Episode(
        episode_id=f"{run.env_id or 'rollout'}/{row.example_id}/{source.record}",
        segments=assembled.segments,
        split=assembled.split,
        source=source,
        calls=tuple(_calls(row)),
        environment=run.env_id,
        group=None if row.example_id is None else str(row.example_id),
        columns=flatten("", columns),
        model=run.model,
        visibility=assembled.visibility,
    )


def _calls(row: Row) -> Iterator[RewardCall]:
    scores = row.metrics or {_WHOLE: row.reward}
    for name, score in scores.items():
        yield RewardCall(name, Evidence.CONTRACT, score=_number(score), hands_over=HANDED_OVER)
    if isinstance(row.judge_response, dict):
        yield RewardCall(_JUDGE, Evidence.RECORDED, flatten("judge_response", list(row.judge_response)))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
