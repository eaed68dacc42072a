"""Language consistency: the share of the thinking that is in the language of the prompt, added to correctness."""

import re
import unicodedata


def script_of(character):
    name = unicodedata.name(character, "")
    for script in ("LATIN", "CJK", "HANGUL", "CYRILLIC", "ARABIC", "HIRAGANA", "KATAKANA"):
        if name.startswith(script):
            return script
    return "OTHER"


def main_script(text):
    letters = [script_of(character) for character in text if character.isalpha()]
    return max(set(letters), key=letters.count) if letters else "LATIN"


def consistency(thinking, script):
    letters = [character for character in thinking if character.isalpha()]
    return sum(script_of(character) == script for character in letters) / len(letters) if letters else 1.0


def reward(prompts, completions, ground_truth, **kwargs):
    rewards = []
    for prompt, completion, truth in zip(prompts, completions, ground_truth, strict=True):
        thinking = re.split(r"</think>", completion)[0]
        answer = re.split(r"</think>", completion)[-1]
        correct = f"[{truth.lower()}]" in answer.lower()
        rewards.append(correct + 0.2 * consistency(thinking, main_script(prompt)))
    return rewards
