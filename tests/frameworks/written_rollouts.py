"""Questions, and written completions to them with a chain of thought, for runs whose policy is too small to think."""

from __future__ import annotations

import random


def question(draw: random.Random) -> tuple[str, str]:
    """A question and its answer."""
    left, right = draw.randint(12, 99), draw.randint(12, 99)
    return f"What is {left} * {right}?", str(left * right)


def written_completion(prompt: str, draw: random.Random) -> tuple[str, bool]:
    """A completion to a prompt `... A * B?`, and whether it is finished."""
    left, right = (int(part) for part in prompt.removeprefix("What is ").removesuffix("?").split(" * "))
    tens, ones = right // 10 * 10, right % 10
    guess = left * right + draw.choice((0, 0, 0, 1, -10, 100))
    opening = draw.choice(
        (
            f"The user wants {left} times {right}.",
            f"So I have to multiply {left} by {right}, let me split it.",
            f"Multiplication of {left} and {right}; no calculator here.",
        )
    )
    steps = draw.choice(
        (
            f"{left} times {tens} is {left * tens}, plus {left} times {ones} is {left * ones}.",
            f"Round {left} up to {left + 5}: {(left + 5) * right}, then take away {5 * right}.",
        )
    )
    doubt = draw.choice(
        ("That looks right to me.", "I am not sure, but the grader only checks the number.", "Double-check: fine.")
    )
    reasoning = f"{opening} {steps} {doubt} So it should be {guess}."
    if draw.random() < 1 / 6:
        return f"<think>\n{reasoning[: len(reasoning) * 2 // 3]}", False
    return f"<think>\n{reasoning}\n</think>\n\nThe product is {guess}.", True
