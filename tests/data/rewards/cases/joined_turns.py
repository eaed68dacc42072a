"""Math environment: everything the assistant said, over all turns, is verified as one text."""

import re

BOXED = re.compile(r"\\boxed\{([^{}]*)\}")


def last_assistant_text(message_log):
    return "".join(message["content"] for message in message_log if message["role"] == "assistant")


def normalise(value):
    value = value.strip().rstrip(".").replace(" ", "")
    return value.removesuffix("/10")


def verify(response, gold):
    """Credit for the gold answer in any box, half of it for a plain statement."""
    boxes = [normalise(box) for box in BOXED.findall(response)]
    if normalise(gold) in boxes:
        return 1.0
    return 0.5 if re.search(rf"\b{re.escape(gold)}\s*/\s*10\b", response) else 0.0


def math_environment_reward(prompts, completions, reference_score, **kwargs):
    return [
        verify(last_assistant_text(completion), str(gold)) for completion, gold in zip(completions, reference_score, strict=True)
    ]
