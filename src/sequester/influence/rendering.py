"""Stub until the real module is merged."""

from __future__ import annotations

from sequester.influence.model import Case, Rendition


def with_answer(case: Case, answer: str) -> Rendition:
    completion = f"<think>\n{''.join(case.reasoning)}\n</think>\n\n{answer}"
    return Rendition(case.episode_id, case.prompt, completion, case.columns, tuple(completion.encode()), answer)
