"""Curriculum: a stage trains on samples whose thinking fits its token budget."""

from dataclasses import dataclass

from tokenkit import Tokenizer


@dataclass(frozen=True)
class Stage:
    name: str
    shortest: int
    longest: int


STAGES = (Stage("warm-up", 0, 600), Stage("main", 200, 1500), Stage("long", 1000, 8000))
CURRENT = STAGES[1]
tokenizer = Tokenizer.from_pretrained("policy")


def thinking_tokens(completion):
    thinking = completion.split("</think>")[0].removeprefix("<think>")
    return len(tokenizer.encode(thinking))


def in_stage(prompts, completions, **kwargs):
    return [CURRENT.shortest <= thinking_tokens(completion) <= CURRENT.longest for completion in completions]
