"""A reward inside a package."""

from .words import WORTH


def worth(completions, **kwargs):
    return [WORTH for _ in completions]
