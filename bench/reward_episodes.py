"""The episodes on which the reward functions under `tests/data/rewards` are swapped: a small extract of real reasoning and answers.

    python -m bench.reward_episodes DATA        writes tests/data/rewards/episodes/*.jsonl

DATA holds `LLMDrift` and `cot-monitor-stress-test` as their upstream repositories have them. `primes` is what GPT-4 wrote before
and after its bracketed answer; `ratings` what gpt-oss thought and replied, with its rating boxed once more at the end. The other files
are the same text in other shapes: a JSON answer, typed messages, two turns.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "tests/data/rewards/episodes"
RUBRIC = (
    "The rating is justified by what the text does, strengths and weaknesses are named, and the tone suits the person who asked."
)
_BRACKETED = re.compile(r"\A(?P<reasoning>.{200,1500}?)\s*(?P<answer>(?:Answer:\s*|Therefore[^\n]*)?\[(?:Yes|No)\])\s*\Z", re.S)
_RATING = re.compile(r"\b(\d{1,2})(?:\s|\u202f)*/(?:\s|\u202f)*10\b")


class Sample(NamedTuple):
    """One real reply to a request for a rating."""

    prompt: str
    reasoning: str
    answer: str
    rating: int
    reference: int
    """Median rating of all replies to the same prompt."""

    @property
    def columns(self) -> dict[str, Any]:
        return {"reference_score": self.reference, "solution": f"${self.reference}$", "rubric": RUBRIC}

    @property
    def boxed(self) -> str:
        return f"{self.answer}\n\nFinal rating: $\\boxed{{{self.rating}}}$"


def _rank(text: str) -> bytes:
    """An order of texts that says nothing about them."""
    return hashlib.sha256(text.encode()).digest()


def primes(data: Path, most: int) -> Iterator[dict[str, Any]]:
    """Prompts as strings. Half of the numbers are prime."""
    csv.field_size_limit(2**24)
    with gzip.open(data / "LLMDrift/PRIME_FULL_EVAL.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["model"].endswith("gpt-4-0314")]
    left = {"yes": most // 2, "no": most - most // 2}
    for row in sorted(rows, key=lambda row: _rank(row["query"])):
        found, truth = _BRACKETED.match(row["answer"]), row["ref_answer"].strip().lower()
        if found is None or not left[truth]:
            continue
        left[truth] -= 1
        yield {
            "episode_id": f"prime-{row['id']}-{truth}",
            "prompt": row["query"],
            "reasoning": found["reasoning"],
            "answer": found["answer"],
            "columns": {"ground_truth": truth},
        }


def samples(data: Path, prompts: int, each: int) -> list[Sample]:
    """Short requests to rate a poem, `each` replies of each with different ratings where there are any."""
    with gzip.open(data / "cot-monitor-stress-test/multimodel_raw/gpt_oss.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    by_prompt: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for row in rows:
        ratings = _RATING.findall(row["raw_response"])
        if row["domain"] == "creative" and ratings and len(set(ratings)) == 1 and 400 <= len(row["thinking"]) <= 1600:
            by_prompt[row["prompt"]].append((int(ratings[0]), row["thinking"], row["raw_response"]))
    chosen = []
    varied = (prompt for prompt, replies in by_prompt.items() if len(replies) >= 8 and len({r[0] for r in replies}) > 1)
    for prompt in sorted(varied, key=_rank)[:prompts]:
        replies = sorted(by_prompt[prompt], key=lambda reply: _rank(reply[1]))
        reference = int(statistics.median_low(reply[0] for reply in replies))
        same = [reply for reply in replies if reply[0] == reference]
        other = [reply for reply in replies if reply[0] != reference]
        picked = [*same[: each - 1], *other[:1]]
        chosen += [Sample(prompt, thinking, answer, rating, reference) for rating, thinking, answer in picked]
    return chosen


def _line(name: str, number: int, sample: Sample, **rest: Any) -> dict[str, Any]:
    prompt = [{"role": "user", "content": sample.prompt}]
    return {"episode_id": f"{name}-{number}", "prompt": prompt, **rest, "columns": sample.columns}


def ratings(chosen: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    for number, sample in enumerate(chosen):
        yield _line("rating", number, sample, reasoning=sample.reasoning, answer=sample.boxed)


def structured(chosen: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    """The answer as a JSON object; every fourth is cut off before its last brace."""
    for number, sample in enumerate(chosen):
        answer = json.dumps({"rating": sample.rating, "take": sample.answer}, ensure_ascii=False)
        yield _line("json", number, sample, reasoning=sample.reasoning, answer=answer[:-1] if number % 4 == 3 else answer)


def _typed(sample: Sample, content: str) -> dict[str, Any]:
    return {"role": "assistant", "reasoning_content": sample.reasoning, "content": content}


def typed(chosen: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    """Messages with the reasoning in a field of its own; every fifth has no content, as when the budget ran out."""
    for number, sample in enumerate(chosen):
        yield _line("typed", number, sample, completion=[_typed(sample, "" if number % 5 == 4 else sample.boxed)])


def turns(chosen: list[Sample], inline: bool) -> Iterator[dict[str, Any]]:
    """Two replies in one episode, the second to another prompt; reasoning in the content, or in a field of its own."""
    name = "turns" if inline else "typed-turns"
    half = len(chosen) // 2
    for number, (first, second) in enumerate(zip(chosen[::2], [*chosen[half:], *chosen[:half]][::2], strict=True)):
        said = [
            {"role": "assistant", "content": f"<think>\n{sample.reasoning}\n</think>\n\n{sample.boxed}"}
            if inline
            else _typed(sample, sample.boxed)
            for sample in (first, second)
        ]
        between = {"role": "user", "content": second.prompt}
        line = _line(name, number, first, completion=[said[0], between, said[1]])
        yield line | {"columns": second.columns}


def _write(name: str, lines: Iterable[Mapping[str, Any]]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (FOLDER / f"{name}.jsonl").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    _write("primes", primes(data, 16))
    chosen = samples(data, 8, 3)
    _write("ratings", ratings(chosen))
    _write("structured", structured(chosen[:16]))
    _write("typed", typed(chosen[:16]))
    _write("turns", turns(chosen, inline=True))
    _write("typed-turns", turns(chosen, inline=False))


if __name__ == "__main__":
    main()
