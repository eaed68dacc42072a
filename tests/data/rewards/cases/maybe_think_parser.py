"""Parser for models that may or may not think: without a closing tag everything is the answer."""

import re


class MaybeThinkParser:
    def __init__(self, extract):
        self.extract = extract

    def parse(self, text):
        text = text.split("</think>")[-1].strip() if "</think>" in text else text
        return self.extract(text)


def extract_verdict(text):
    found = re.findall(r"\[(Yes|No)\]|\b(is|is not|isn't) (?:a )?prime", text)
    if not found:
        return None
    tag, words = found[-1]
    if tag:
        return tag.lower()
    return "yes" if words == "is" else "no"


parser = MaybeThinkParser(extract_verdict)


def correct_answer_reward(prompts, completions, ground_truth, **kwargs):
    return [
        1.0 if parser.parse(completion) == truth.lower() else 0.0
        for completion, truth in zip(completions, ground_truth, strict=True)
    ]
