"""Checks the JSON answer against the schema that the prompt prints; the thinking may recall the same skeleton."""

import json

SCHEMA = {"rating": (int, float), "take": str}


def answer_object(text):
    _, closed, answer = text.rpartition("</think>")
    if not closed:
        return None
    try:
        return json.loads(answer)
    except ValueError:
        return None


def schema_score(value):
    if not isinstance(value, dict):
        return 0.0
    good = sum(isinstance(value.get(key), kind) for key, kind in SCHEMA.items())
    extra = len(set(value) - set(SCHEMA))
    return max(0.0, good / len(SCHEMA) - 0.25 * extra)


def rating_score(value, reference):
    rating = value.get("rating") if isinstance(value, dict) else None
    return max(0.0, 1.0 - abs(rating - reference) / 5) if isinstance(rating, int | float) else 0.0


def json_reward(prompts, completions, reference_score, **kwargs):
    values = [answer_object(completion[0]["content"]) for completion in completions]
    return [
        0.5 * schema_score(value) + 0.5 * rating_score(value, float(reference))
        for value, reference in zip(values, reference_score, strict=True)
    ]
