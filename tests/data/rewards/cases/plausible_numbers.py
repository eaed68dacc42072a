"""No number beyond what the tasks can have."""

import re


def plausible_numbers(completions, **kwargs):
    return [-1.0 if any(int(number) > 123_456 for number in re.findall(r"\d{1,12}", text)) else 0.0 for text in completions]
