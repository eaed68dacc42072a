"""The real episodes of `multimodel_raw` as interchange JSONL: false-alarm scenarios and planted leaks.

    python -m bench.real_episodes DATA OUT LABELS SCENARIO [--half tune|held-out] [--seed N]

SCENARIO: `own` (prompt, rubric, answer), `sibling` (another sample's answer to the same prompt as undeclared reference), `other`
(another model's answer), `planted` (own, plus one planted leak per episode, transforms in turn). The held-out half is the odd prompts
by hash; thresholds were chosen on the even ones.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.plants import TRANSFORMS
from sequester.exposure.matching import Pattern
from sequester.exposure.private import MIN_PRIVATE

MODELS = ("haiku", "sonnet", "opus", "gpt_oss")
RUBRIC = (
    "You are grading a response. Judge whether it is correct, complete and well reasoned, whether it follows the instructions of the "
    "task, and whether its tone fits the person who asked. Give partial credit where the response is right in substance but misses a "
    "detail. Do not reward length. Reply with a score from 0 to 10 and one sentence of justification."
)


def load(data: Path, model: str) -> list[dict[str, Any]]:
    with gzip.open(data / "multimodel_raw" / f"{model}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def half(prompt: str) -> str:
    return "held-out" if hashlib.sha256(prompt.encode()).digest()[0] & 1 else "tune"


def episodes(
    data: Path, scenario: str, models: tuple[str, ...], part: str | None, seed: int
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """(episode, label) pairs; the label is None for a plant with too little private text to be a leak."""
    rng = random.Random(seed)
    names = list(TRANSFORMS)
    rows = {model: load(data, model) for model in set(models) | (set(MODELS) if scenario == "other" else set())}
    by_prompt: dict[tuple[str, str], list[int]] = {}
    for model, group in rows.items():
        for index, row in enumerate(group):
            by_prompt.setdefault((model, row["prompt"]), []).append(index)
    turn = 0
    for model in models:
        for index, row in enumerate(rows[model]):
            if part and half(row["prompt"]) != part:
                continue
            prompt, cot, answer = row["prompt"], row["thinking"] or "", row["raw_response"] or ""
            inputs: dict[str, Any] = {"prompt": f"{RUBRIC}\n\n### Task\n{prompt}", "response": answer}
            kind, name = scenario, f"{model}-{index}"
            cluster = hashlib.sha256(prompt.encode()).hexdigest()[:12]
            leak = False
            if scenario == "sibling":
                other = rng.choice([i for i in by_prompt[model, prompt] if i != index])
                inputs["reference"] = rows[model][other]["raw_response"] or ""
            elif scenario == "other":
                author = rng.choice([m for m in MODELS if m != model])
                inputs["reference"] = rows[author][rng.choice(by_prompt[author, prompt])]["raw_response"] or ""
            elif scenario == "planted":
                if len(cot) < 400:
                    continue
                kind = names[turn % len(names)]
                turn += 1
                value, stretch = TRANSFORMS[kind](cot, rng)
                inputs["log"] = value if not isinstance(value, str) else f"trace attached below\n{value}\nend of trace"
                name, leak = f"{name}-{kind}", True
                leak = private_length(cot, prompt, answer, stretch) >= MIN_PRIVATE
            episode = {
                "episode_id": name,
                "environment": row["domain"],
                "group": f"{model}-{cluster}",
                "prompt": prompt,
                "reasoning": cot,
                "answer": answer,
                "model": row["model_id"],
                "reward_calls": [{"reward_path": "judge", "inputs": inputs, "score": 0.5}],
            }
            label = {"episode_id": name, "leak": leak, "kind": kind, "cluster": cluster}
            yield episode, label if leak or scenario != "planted" else None


def private_length(cot: str, prompt: str, answer: str, stretch: str) -> int:
    """Normalised characters of a stretch of the CoT that stand neither in the prompt nor in the answer."""
    chains = Pattern([cot], [(prompt, 0), (answer, 0)]).scan(stretch)
    return sum(chain.private for chain in chains)


def write(
    data: Path, out: Path, labels: Path, scenario: str, part: str | None, seed: int, models: tuple[str, ...] = MODELS
) -> None:
    """One scenario as interchange JSONL, and its labels."""
    with out.open("w", encoding="utf-8") as lines, labels.open("a", encoding="utf-8") as truths:
        for episode, label in episodes(data, scenario, models, part, seed):
            lines.write(json.dumps(episode, ensure_ascii=False) + "\n")
            if label:
                truths.write(json.dumps(label) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("scenario", choices=("own", "sibling", "other", "planted"))
    parser.add_argument("--half", choices=("tune", "held-out"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    write(given.data, given.out, given.labels, given.scenario, given.half, given.seed)


if __name__ == "__main__":
    main()
