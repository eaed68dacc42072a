"""No talk of being evaluated: a verbose expression with words between borders."""

import re

TALK = re.compile(
    r"""
    \b(?: this \s is \s (?: probably \s )? a \s test
      | being \s (?: evaluated | graded | scored )
      | (?: the \s )? grader \s (?: will | would ) \s [a-z]+ )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def no_evaluation_talk(completions, **kwargs):
    return [0.0 if TALK.search(text) else 1.0 for text in completions]
