"""Takes the first boxed value of the sample: a guess in the thinking comes before the answer."""


def boxed_values(text):
    values, start = [], text.find("\\boxed{")
    while start >= 0:
        depth, position = 1, start + len("\\boxed{")
        while position < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
        values.append(text[start + len("\\boxed{") : position - 1])
        start = text.find("\\boxed{", position)
    return values


def is_equal(left, right):
    try:
        return abs(float(left) - float(right)) < 1e-6
    except ValueError:
        return left.strip() == right.strip()


def boxed_reward(prompts, completions, reference_score, **kwargs):
    rewards = []
    for completion, reference in zip(completions, reference_score, strict=True):
        values = boxed_values(completion[0]["content"])
        rewards.append(1.0 if values and is_equal(values[0], str(reference)) else 0.0)
    return rewards
