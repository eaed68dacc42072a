"""Stub until the real module is merged."""

from __future__ import annotations

from collections.abc import Sequence

from sequester.influence.model import Case, Rendition


def render(case: Case, reasoning: Sequence[str]) -> Rendition:
    completion = f"<think>{''.join(reasoning)}</think>{case.answer}"
    return Rendition(case.episode_id, case.prompt, completion, case.columns, tuple(completion.encode()), case.answer)


def with_answer(case: Case, answer: str) -> Rendition | None:
    completion = f"<think>{''.join(case.reasoning)}</think>{answer}"
    return Rendition(case.episode_id, case.prompt, completion, case.columns, tuple(completion.encode()), answer)
