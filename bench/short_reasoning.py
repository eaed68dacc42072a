"""False alarms and recall by the length of the reasoning, on the real episodes of `multimodel_raw`.

    python -m bench.short_reasoning DATA [--half tune|held-out] [--seed N]

The reasoning of every episode is cut to so many characters, at a word. The scorer's input is prompt, rubric and answer, and an answer
that the episode's model did not write: a sibling's or another model's. Each number stands for all episodes in one file and, in brackets,
for each in a file of its own, where nothing is known of what other inputs hold. A plant is one stretch of the reasoning beside a
sibling's answer, in every fourth episode; it counts if 31 of its normalised characters are private. Thresholds were chosen on the
tuning half.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from bench.real_episodes import MODELS, RUBRIC, half, load, private_length
from sequester.episodes.readers.interchange import READER
from sequester.episodes.readers.interface import Options
from sequester.exposure.inputs import chunks, find_jobs, tasks
from sequester.exposure.private import MIN_PRIVATE
from sequester.exposure.severity import ChainWeight, grade, stretch_of
from sequester.exposure.tally import Suspect
from sequester.exposure.workers import Scanner, scanned
from sequester.findings.fingerprint import ephemeral_key
from sequester.findings.model import Severity

LENGTHS = (100, 250, 500, 1000, None)
SPANS = (40, 70, 120, 300)
EVERY = 4


class Setting(NamedTuple):
    """One way to make the episodes."""

    length: int | None
    """Characters of reasoning; None for all of it."""
    beside: str
    """`sibling` or `other`: whose answer the input holds too."""
    span: int | None = None
    """Characters of a planted stretch."""


class Maker:
    """The real episodes of one half, and what they are made into."""

    def __init__(self, data: Path, part: str, seed: int) -> None:
        self._rows = {model: [row for row in load(data, model) if half(row["prompt"]) == part] for model in MODELS}
        self._seed = seed
        self._answers: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for model, rows in self._rows.items():
            for at, row in enumerate(rows):
                self._answers.setdefault((model, row["prompt"]), []).append((at, row["raw_response"] or ""))

    def episodes(self, how: Setting) -> Iterator[dict[str, Any]]:
        rng = random.Random(self._seed)
        for model, rows in self._rows.items():
            for at, row in enumerate(rows[:: EVERY if how.span else 1]):
                thought = row["thinking"] or ""
                if len(thought) < (how.length or how.span or 0) + 1:
                    continue
                thought = _cut(thought, how.length)
                author = model if how.beside == "sibling" else rng.choice([other for other in MODELS if other != model])
                place = at * (EVERY if how.span else 1)
                others = [text for number, text in self._answers[author, row["prompt"]] if (author, number) != (model, place)]
                prompt, answer = row["prompt"], row["raw_response"] or ""
                inputs = {"prompt": f"{RUBRIC}\n\n### Task\n{prompt}", "response": answer, "reference": rng.choice(others)}
                if how.span:
                    start = rng.randrange(len(thought) - how.span + 1) if len(thought) > how.span else 0
                    stretch = thought[start : start + how.span]
                    if private_length(thought, prompt, answer, stretch) < MIN_PRIVATE:
                        continue
                    inputs["log"] = f"trace attached below\n{stretch}\nend of trace"
                yield {
                    "episode_id": f"{model}-{place}",
                    "prompt": prompt,
                    "reasoning": thought,
                    "answer": answer,
                    "reward_calls": [{"reward_path": "judge", "inputs": inputs, "score": 0.5}],
                }


def _cut(text: str, length: int | None) -> str:
    if length is None:
        return text
    return text[: text.rfind(" ", length * 3 // 5, length + 1)] if " " in text[length * 3 // 5 : length + 1] else text[:length]


class Row(NamedTuple):
    """Episodes at `medium` or above."""

    together: int
    apart: int
    """Each in a file of its own."""
    of: int


def measure(maker: Maker, how: Setting) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.jsonl")
        with path.open("w", encoding="utf-8") as lines:
            count = sum(bool(lines.write(json.dumps(one, ensure_ascii=False) + "\n")) for one in maker.episodes(how))
        options = Options()
        scanner = Scanner({READER.name: READER}, options, ephemeral_key())
        found = find_jobs([path], [READER], options, None)
        units = chunks(tasks(found, [READER], options), scanner.vicinity.together)
        suspects = [one for _, tally in scanned(units, scanner) for one in tally.suspects]
    return Row(sum(_is_exposed(one, True) for one in suspects), sum(_is_exposed(one, False) for one in suspects), count)


def _is_exposed(suspect: Suspect, together: bool) -> bool:
    chains = (chain for call in suspect.calls for one in call.candidates for chain in one.chains)
    grades = (grade(stretch_of(chain if together else _alone(chain))) for chain in chains)
    return any(found is not None and found.at_least(Severity.MEDIUM) for found in grades)


def _alone(chain: ChainWeight) -> ChainWeight:
    """The chain as though nothing were known of other inputs."""
    return replace(chain, runs=tuple(replace(run, is_shared=False) for run in chain.runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=("tune", "held-out"), default="held-out")
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    maker = Maker(given.data, given.half, given.seed)
    print(
        "| characters of reasoning | sibling's answer | other model's answer | of | plants missed: " + ", ".join(map(str, SPANS))
    )
    for length in LENGTHS:
        sibling, other = (measure(maker, Setting(length, beside)) for beside in ("sibling", "other"))
        spans = [span for span in SPANS if length is None or span < length]
        missed = [
            f"{row.of - row.together} ({row.of - row.apart}) of {row.of}"
            for row in (measure(maker, Setting(length, "sibling", span)) for span in spans)
        ]
        alarms = f"{sibling.together} ({sibling.apart}) | {other.together} ({other.apart}) | {sibling.of}"
        print(f"| {length or 'all'} | {alarms} | {', '.join(missed)} |", flush=True)


if __name__ == "__main__":
    main()
