"""False alarms and power of the score-CoT association, by simulation.

    python -m bench.association_null [--runs N]        writes bench/results/association.json and docs/association.md

Null logs: the score never depends on the CoT, and everything else does its worst (difficulty, the answer, time, noise that depends on the
answer). A log raises a false alarm if it has any finding. Powered logs: rewards after public ones, at several sizes of log.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.markdown import table
from bench.measuring import RESULTS
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, RewardCall, Segment, Source, Split, SplitStatus
from sequester.findings.associated import AssociationVerdict
from sequester.findings.model import Tool
from sequester.influence.association import ALPHA, associate
from sequester.statistics.intervals import clopper_pearson

PAGE = Path(__file__).parents[1] / "docs/association.md"
_TOOL = Tool("bench", "association", {})


class Sample(NamedTuple):
    """What a reward of the simulation may look at."""

    difficulty: float
    """Of the prompt, from 0 to 1."""
    step: int
    words: int
    """Of the CoT."""
    headings: int
    right: bool
    chance: random.Random


Reward = Callable[[Sample], float]


def _flipping_judge(sample: Sample) -> float:
    """Verdicts of which 14 % flip, as published for LLM judges."""
    return float(sample.right != (sample.chance.random() < 0.14))


def _confounded_judge(sample: Sample) -> float:
    """A score that falls with difficulty and rises when the answer is right; the noise depends on the answer, too."""
    return 2 * sample.right - 3 * sample.difficulty + sample.chance.gauss(0, 0.3 if sample.right else 1.0)


def _drifting_judge(sample: Sample) -> float:
    """A scorer that becomes milder while the policy learns to think longer."""
    return sample.right + 0.3 * sample.step + sample.chance.gauss(0, 0.5)


def _answer_match(sample: Sample) -> float:
    """Deterministic: given the answer, nothing differs."""
    return float(sample.right)


NULLS: Mapping[str, Reward] = {
    "judge with 14 % flips": _flipping_judge,
    "noisy judge, confounded by difficulty and answer": _confounded_judge,
    "judge that drifts with the step, as length does": _drifting_judge,
    "exact match": _answer_match,
}


def _overlong(sample: Sample) -> float:
    """DAPO: minus one for each buffer of 300 words above 250."""
    return sample.right + min(0.0, -(sample.words - 250) / 300)


def _word_count(sample: Sample) -> float:
    return 2.0 * sample.right + min(sample.words / 512, 1.0)


def _noisy_word_count(sample: Sample) -> float:
    """The same beside a judge whose noise is twice the s.d. of what the words pay."""
    return _word_count(sample) + sample.chance.gauss(0, 0.3)


def _headings(sample: Sample) -> float:
    return sample.right + 0.1 * min(sample.headings, 3) + sample.chance.gauss(0, 0.1)


EFFECTS: Mapping[str, tuple[Reward, str]] = {
    "overlong penalty (DAPO)": (_overlong, "SQ321"),
    "word count (ToolRL)": (_word_count, "SQ321"),
    "word count beside a noisy judge": (_noisy_word_count, "SQ321"),
    "pay for headings": (_headings, "SQ322"),
}


def log(reward: Reward, prompts: int, samples: int, seed: int) -> Iterator[Episode]:
    """A GRPO-like log: harder prompts are thought about longer and solved less often, wrong answers take longer, length grows."""
    chance = random.Random(seed)
    for prompt in range(prompts):
        difficulty, step = chance.random(), prompt // 8
        for number in range(samples):
            right = chance.random() > difficulty
            words = max(5, round(chance.gauss(120 + 120 * difficulty + 40 * (not right) + 5 * step, 60)))
            headings = chance.randrange(4) if chance.random() < 0.5 else 0
            sample = Sample(difficulty, step, words, headings, right, chance)
            answer = "42" if right else chance.choice(("41", "43"))
            cot = "## part\n" * headings + f"{number} " + "word " * words
            yield _episode(f"{prompt}-{number}", f"prompt {prompt}", cot, answer, step, reward(sample))


def _episode(name: str, prompt: str, cot: str, answer: str, step: int, score: float) -> Episode:
    spoken = ((Channel.PROMPT, prompt), (Channel.REASONING, cot), (Channel.ANSWER, answer))
    segments = tuple(Segment(int(channel is not Channel.PROMPT), channel, GuardedText(text)) for channel, text in spoken)
    call = RewardCall("reward", Evidence.RECORDED, score=score)
    return Episode(name, segments, Split(SplitStatus.SPLIT, "", "given"), Source("simulated", 1), (call,), step=step)


def run(reward: Reward, prompts: int, samples: int, seed: int) -> tuple[AssociationVerdict, tuple[str, ...]]:
    """The verdict on one simulated log, and the rules found."""
    result = associate(log(reward, prompts, samples, seed), _TOOL)
    return result.verdict, tuple(finding.rule for finding in result.findings)


def nulls(runs: int) -> Iterator[dict[str, object]]:
    for name, reward in NULLS.items():
        seen = [run(reward, 40, 8, seed) for seed in range(runs)]
        alarms = sum(bool(rules) for _, rules in seen)
        low, high = clopper_pearson(alarms, runs) or (0.0, 1.0)
        absent = sum(verdict is AssociationVerdict.NONE_FOUND for verdict, _ in seen)
        yield {"name": name, "runs": runs, "alarms": alarms, "low": low, "high": high, "none_found": absent}


def powers(runs: int) -> Iterator[dict[str, object]]:
    for name, (reward, rule) in EFFECTS.items():
        for prompts in (10, 20, 40, 80):
            seen = [run(reward, prompts, 8, 100_000 + seed) for seed in range(runs)]
            found = sum(rule in rules for _, rules in seen)
            other = sum(any(one != rule for one in rules) for _, rules in seen)
            absent = sum(verdict is AssociationVerdict.NONE_FOUND for verdict, _ in seen)
            row = {"name": name, "rule": rule, "episodes": prompts * 8, "runs": runs}
            yield row | {"found": found, "other_rule": other, "none_found": absent}


def page(report: Mapping[str, list[dict[str, object]]]) -> str:
    """The figures as Markdown."""
    alarms = (
        (row["name"], f"{row['alarms']} of {row['runs']}", f"{row['low']:.2%} to {row['high']:.2%}", row["none_found"])
        for row in report["nulls"]
    )
    found = (
        (row["name"], row["rule"], row["episodes"], f"{row['found']} of {row['runs']}", row["other_rule"], row["none_found"])
        for row in report["powers"]
    )
    return "\n".join(
        [
            "# Score-CoT association",
            "",
            "Written by `python -m bench.association_null`. `sequester swap --logged` compares only samples that share prompt, step and",
            "every visible word; what it assumes, it prints. Simulated logs: 8 samples a prompt, harder prompts are thought about longer",
            "and solved less often, wrong answers take longer, and length grows with the step.",
            "",
            "## False alarms",
            "",
            f"The score does not depend on the CoT. Nominal: {ALPHA:.0%} of logs. 320 episodes each; intervals are Clopper-Pearson, 95 %.",
            "`none_found` is claimed only where an association of the size of interest would have been seen.",
            "",
            table(("scorer", "logs with a finding", "interval", "none_found"), alarms),
            "",
            "## Power",
            "",
            "Logs in which the rule was found; in the last columns logs with the other rule (length and markup go together), and logs that",
            "were wrongly called `none_found`.",
            "",
            table(("reward", "rule", "episodes", "found", "other rule", "none_found"), found),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    report = {"nulls": list(nulls(runs)), "powers": list(powers(max(1, runs // 10)))}
    (RESULTS / "association.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(report), encoding="utf-8")
    print(page(report))


if __name__ == "__main__":
    main()
