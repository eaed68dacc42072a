"""Assertiveness: phrases with weights, as keys of a table."""

HEDGES = {"i would hazard": 0.3, "to my mind": 0.2, "for all i know": 0.5}


def assertive(completions, **kwargs):
    return [1.0 - sum(weight for phrase, weight in HEDGES.items() if phrase in text.lower()) for text in completions]
