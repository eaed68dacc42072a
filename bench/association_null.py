"""False alarms and power of the score-CoT association, by simulation.

    python -m bench.association_null [logs of each kind without dependence, default 600; a tenth as many of every other]

Null logs: the score never depends on the CoT, and everything else does its worst (difficulty, the answer, time, noise that depends on the
answer, the group, the prompt). A log raises a false alarm if it has any finding. Powered logs: rewards after public ones, at several sizes
of log. On all cores, and goes on where it was interrupted (`bench.parts`). Writes `bench/results/association.json` and
`docs/association.md`.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from bench.markdown import table
from bench.measuring import RESULTS
from bench.parts import Part, done, parts_of
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, RewardCall, Segment, Source, Split, SplitStatus
from sequester.findings.associated import AssociationVerdict
from sequester.findings.model import Tool
from sequester.influence.association import ALPHA, associate
from sequester.statistics.intervals import clopper_pearson

PAGE = Path(__file__).parents[1] / "docs/association.md"
PROMPTS, SAMPLES = 40, 8
SIZES = (10, 20, 40, 80)
"""Prompts of logs with a dependence."""
MOST_RUNS = 25
MARGIN = 0.001
"""Confidence that a share above the nominal one is no accident of the simulation: 1 - this."""
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
Rewards = Callable[[Sequence[Sample]], list[tuple[float | None, ...]]]
"""Scores of a group on each reward path; None: there is none."""


def each(*rewards: Reward) -> Rewards:
    """Reward paths that look at each sample alone."""
    return lambda group: [tuple(reward(sample) for reward in rewards) for sample in group]


def _flipping_judge(sample: Sample) -> float:
    """Verdicts of which 14 % flip, as published for LLM judges."""
    return float(sample.right != (sample.chance.random() < 0.14))


def _confounded_judge(sample: Sample) -> float:
    """A score that falls with difficulty and rises when the answer is right; the noise depends on the answer, too."""
    return 2 * sample.right - 3 * sample.difficulty + sample.chance.gauss(0, 0.3 if sample.right else 1.0)


def _drifting_judge(sample: Sample) -> float:
    """A scorer that becomes milder while the policy learns to think longer."""
    return sample.right + 0.3 * sample.step + sample.chance.gauss(0, 0.5)


def _heavy_judge(sample: Sample) -> float:
    """Student's t with two degrees of freedom: no variance."""
    return sample.right + sample.chance.gauss(0, 1) / math.sqrt(sample.chance.expovariate(1))


def _uneven_judge(sample: Sample) -> float:
    """Skewed noise, from a hundredth to a hundred times as much for easy prompts as for hard ones."""
    return sample.right + 10 ** (4 * sample.difficulty - 2) * sample.chance.expovariate(1)


def _grading_judge(sample: Sample) -> float:
    """Grades from 1 to 10."""
    return float(min(10, max(1, round(4 + 4 * sample.right + sample.chance.gauss(0, 0.8)))))


def _rare_judge(sample: Sample) -> float:
    """Right but for one score in 100."""
    return float(sample.right) - (sample.chance.random() < 0.01)


def _answer_match(sample: Sample) -> float:
    """Deterministic: given the answer, nothing differs."""
    return float(sample.right)


def _by_group(group: Sequence[Sample]) -> list[tuple[float | None, ...]]:
    """A judge in whose noise all of a group share, brought to mean 0 and s.d. 1 within the group."""
    scores = [_flipping_judge(sample) + sample.chance.gauss(0, 0.1) for sample in group]
    centre = sum(scores) / len(scores)
    spread = math.sqrt(sum((score - centre) ** 2 for score in scores) / len(scores))
    return [((score - centre) / spread,) for score in scores]


def _failing(group: Sequence[Sample]) -> list[tuple[float | None, ...]]:
    """A tenth of the scores is missing."""
    return [(None if sample.chance.random() < 0.1 else _flipping_judge(sample),) for sample in group]


NULLS: Mapping[str, Rewards] = {
    "judge with 14 % flips": each(_flipping_judge),
    "noisy judge, confounded by difficulty and answer": each(_confounded_judge),
    "judge that drifts with the step, as length does": each(_drifting_judge),
    "heavy tails (t, 2 degrees of freedom)": each(_heavy_judge),
    "skewed, another spread for every prompt": each(_uneven_judge),
    "grades 1 to 10": each(_grading_judge),
    "one score in 100 differs": each(_rare_judge),
    "normalised within the group": _by_group,
    "judge with 14 % flips, a tenth of the scores missing": _failing,
    "five reward paths": each(_flipping_judge, _confounded_judge, _drifting_judge, _heavy_judge, _grading_judge),
    "exact match": each(_answer_match),
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


EFFECTS: Mapping[str, tuple[Rewards, str]] = {
    "overlong penalty (DAPO)": (each(_overlong), "SQ321"),
    "word count (ToolRL)": (each(_word_count), "SQ321"),
    "word count beside a noisy judge": (each(_noisy_word_count), "SQ321"),
    "pay for headings": (each(_headings), "SQ322"),
}


class Setting(NamedTuple):
    """Logs of one kind."""

    name: str
    rewards: Rewards
    prompts: int
    rule: str = ""
    """That there is to be found; empty where nothing is."""


SETTINGS = (
    *(Setting(name, rewards, PROMPTS) for name, rewards in NULLS.items()),
    *(Setting(name, rewards, prompts, rule) for name, (rewards, rule) in EFFECTS.items() for prompts in SIZES),
)


class Tally(Struct, frozen=True):
    """What was said of some logs of one kind."""

    alarms: int
    """Logs with any finding."""
    found: int
    """With the rule that there is to be found."""
    other_rule: int
    none_found: int


class AssociationRow(Struct, frozen=True):
    """All logs of one kind."""

    name: str
    rule: str
    episodes: int
    runs: int
    tally: Tally
    low: float
    high: float
    """Clopper and Pearson, 95 %, of the share of logs with a finding."""


class AssociationReport(Struct, frozen=True):
    alpha: float
    rows: list[AssociationRow]


def log(rewards: Rewards, prompts: int, samples: int, seed: int) -> Iterator[Episode]:
    """A GRPO-like log: harder prompts are thought about longer and solved less often, wrong answers take longer, length grows."""
    chance = random.Random(seed)
    for prompt in range(prompts):
        difficulty, step = chance.random(), prompt // 8
        group = [_sample(difficulty, step, chance) for _ in range(samples)]
        for number, (sample, scores) in enumerate(zip(group, rewards(group), strict=True)):
            answer = "42" if sample.right else chance.choice(("41", "43"))
            cot = "## part\n" * sample.headings + f"{number} " + "word " * sample.words
            yield _episode(f"{prompt}-{number}", f"prompt {prompt}", cot, answer, step, scores)


def _sample(difficulty: float, step: int, chance: random.Random) -> Sample:
    right = chance.random() > difficulty
    words = max(5, round(chance.gauss(120 + 120 * difficulty + 40 * (not right) + 5 * step, 60)))
    headings = chance.randrange(4) if chance.random() < 0.5 else 0
    return Sample(difficulty, step, words, headings, right, chance)


def _episode(name: str, prompt: str, cot: str, answer: str, step: int, scores: Sequence[float | None]) -> Episode:
    spoken = ((Channel.PROMPT, prompt), (Channel.REASONING, cot), (Channel.ANSWER, answer))
    segments = tuple(Segment(int(channel is not Channel.PROMPT), channel, GuardedText(text)) for channel, text in spoken)
    calls = tuple(RewardCall(f"reward {path}", Evidence.RECORDED, score=score) for path, score in enumerate(scores))
    return Episode(name, segments, Split(SplitStatus.SPLIT, "", "given"), Source("simulated", 1), calls, step=step)


def part(wanted: Part) -> Tally:
    """Some logs of one kind."""
    setting = SETTINGS[wanted.number]
    alarms = found = other = absent = 0
    for seed in range(wanted.first, wanted.first + wanted.runs):
        result = associate(log(setting.rewards, setting.prompts, SAMPLES, seed + 100_000 * bool(setting.rule)), _TOOL)
        rules = {finding.rule for finding in result.findings}
        alarms += bool(rules)
        found += setting.rule in rules
        other += bool(rules - {setting.rule})
        absent += result.verdict is AssociationVerdict.NONE_FOUND
    return Tally(alarms, found, other, absent)


def row_of(setting: Setting, runs: int, parts: Sequence[Tally]) -> AssociationRow:
    """All parts of one kind taken together."""
    tally = Tally(*(sum(values) for values in zip(*map(msgspec.structs.astuple, parts), strict=True)))
    low, high = clopper_pearson(tally.alarms, runs) or (0.0, 1.0)
    return AssociationRow(setting.name, setting.rule, setting.prompts * SAMPLES, runs, tally, low, high)


def page(report: AssociationReport) -> str:
    """The figures as Markdown."""
    alarms = (
        (row.name, f"{row.tally.alarms} of {row.runs}", f"{row.low:.2%} to {row.high:.2%}", row.tally.none_found)
        for row in report.rows
        if not row.rule
    )
    found = (
        (row.name, row.rule, row.episodes, f"{row.tally.found} of {row.runs}", row.tally.other_rule, row.tally.none_found)
        for row in report.rows
        if row.rule
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
            f"The score does not depend on the CoT. Nominal: {report.alpha:.0%} of logs. {PROMPTS * SAMPLES} episodes each; intervals are",
            "Clopper-Pearson, 95 %. `none_found` is claimed only where an association of the size of interest would have been seen.",
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


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    start = time.perf_counter()
    wanted = [(f"{setting.name}, {setting.prompts}", max(1, runs // 10) if setting.rule else runs) for setting in SETTINGS]
    tallies: dict[int, list[Tally]] = {}
    for one, outcome in done("association_null", part, parts_of(wanted, MOST_RUNS), Tally):
        tallies.setdefault(one.number, []).append(outcome)
    rows = [
        row_of(setting, count, tallies[number]) for number, (setting, (_, count)) in enumerate(zip(SETTINGS, wanted, strict=True))
    ]
    report = AssociationReport(ALPHA, rows)
    (RESULTS / "association.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    PAGE.write_text(page(report), encoding="utf-8")
    print(page(report), f"{time.perf_counter() - start:.0f} s", sep="\n\n")
    nulls = [row for row in rows if not row.rule]
    return int(any((clopper_pearson(row.tally.alarms, row.runs, 1.0 - MARGIN) or (0.0, 1.0))[0] > ALPHA for row in nulls))


if __name__ == "__main__":
    sys.exit(main())
