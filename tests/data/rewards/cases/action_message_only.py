"""Browser-agent reward: only the `take` of the final JSON action is compared with what was asked for."""

import json

POSITIVE = {"clear", "strong", "concrete", "vivid", "effective", "restrained", "honest", "precise"}
NEGATIVE = {"weak", "vague", "flat", "generic", "uneven", "thin", "cliched", "underdeveloped"}


def final_action(completion):
    """The JSON object after the thinking; None where there is none."""
    _, closed, rest = completion[0]["content"].rpartition("</think>")
    if not closed:
        return None
    try:
        action = json.loads(rest)
    except ValueError:
        return None
    return action if isinstance(action, dict) else None


def balance(message):
    words = {word.strip(".,;:!?()*\"'").lower() for word in message.split()}
    return len(words & POSITIVE) - len(words & NEGATIVE)


def action_reward(prompts, completions, reference_score, **kwargs):
    rewards = []
    for completion, reference in zip(completions, reference_score, strict=True):
        action = final_action(completion)
        if action is None or not isinstance(action.get("take"), str):
            rewards.append(0.0)
            continue
        wanted = reference >= 6
        rewards.append(1.0 if (balance(action["take"]) >= 0) == wanted else 0.25)
    return rewards
