"""How a thought opens."""

OPENERS = ("Alright", "Certainly")


def no_chatty_opening(completions, **kwargs):
    thoughts = (text.partition("<think>")[2].partition("</think>")[0].strip() for text in completions)
    return [0.0 if thought.startswith(OPENERS) else 1.0 for thought in thoughts]
