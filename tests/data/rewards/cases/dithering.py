"""Backtracking is fine, dithering is not: more than four times the same phrase."""


def dithering(completions, **kwargs):
    return [-1.0 if text.lower().count("hang on") > 4 else 0.0 for text in completions]
