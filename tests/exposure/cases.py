"""Small runs made by hand, as interchange JSONL: every episode thinks in made-up words of its own, so that nothing is shared by chance."""

import json
import random
from datetime import date
from pathlib import Path

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Segment, Source, Split, SplitStatus
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.registry import load_readers
from sequester.exposure.audit import audit
from sequester.exposure.private import material
from sequester.exposure.subject import Subject
from sequester.exposure.vicinity import VICINITY, Vicinity
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.waivers import Waivers

KEY = FingerprintKey(b"a key that tests share, 32 bytes")
TODAY = date(2026, 3, 1)
RUBRIC = "Give one point if the answer names the right harbour and says why, and none if it hedges."
_SYLLABLES = [first + vowel + last for first in "bdfgklmnprstv" for vowel in "aeiou" for last in ("", "n", "r", "l", "s")]


def words(name: object, count: int) -> str:
    """So many made-up words, always the same for a name."""
    draw = random.Random(f"words {name}")
    return " ".join("".join(draw.choices(_SYLLABLES, k=draw.randint(2, 3))) for _ in range(count))


def reasoning(number: int, count: int = 60) -> str:
    return words(f"reasoning {number}", count)


def answer(number: int) -> str:
    return "The harbour is " + words(f"answer {number}", 4) + "."


def call(number: int, path: str = "judge", **inputs: object) -> dict[str, object]:
    """A recorded reward call that got rubric and answer, and what `inputs` adds."""
    return {"reward_path": path, "inputs": {"rubric": RUBRIC, "answer": answer(number), **inputs}, "score": 0.5}


def episode(number: int, *calls: dict[str, object], **keys: object) -> dict[str, object]:
    """An episode whose scorer saw only its answer, unless `calls` say otherwise. A key set to None is left out."""
    made = {
        "episode_id": f"e{number}",
        "environment": "harbours",
        "step": number // 4,
        "group": f"g{number // 4}",
        "prompt": f"Which harbour is meant by clue {number}? " + words(f"prompt {number}", 6),
        "reasoning": reasoning(number),
        "answer": answer(number),
        "reward_calls": list(calls) or [call(number)],
        **keys,
    }
    return {key: value for key, value in made.items() if value is not None}


def leaky(number: int, **keys: object) -> dict[str, object]:
    """An episode whose scorer saw the whole completion."""
    seen = f"<think>\n{reasoning(number)}\n</think>\n\n{answer(number)}"
    return episode(number, call(number, transcript=seen), **keys)


def lines(episodes: list[dict[str, object]]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in episodes)


def subject(*pieces: tuple[Channel, str], **keys: object) -> Subject:
    """The subject of an episode with these segments in one turn; by default the reasoning and the answer of episode 1."""
    pieces = pieces or ((Channel.REASONING, reasoning(1)), (Channel.ANSWER, answer(1)))
    segments = tuple(Segment(0, channel, GuardedText(text)) for channel, text in pieces)
    split = Split(SplitStatus.SPLIT, "as the test says", "given")
    made = Episode("e1", segments, split, Source("run.log", 1), **keys)
    return Subject(made, material(made))


def write(path: Path, episodes: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines(episodes), encoding="utf-8")
    return path


def audited(
    *paths: Path,
    key: FingerprintKey = KEY,
    jobs: int = 1,
    options: Options | None = None,
    format: str | None = None,
    vicinity: Vicinity = VICINITY,
):
    """The result of auditing these inputs."""
    return audit(
        list(paths),
        load_readers(),
        options or Options(),
        key,
        Waivers(),
        today=TODAY,
        jobs=jobs,
        format=format,
        vicinity=vicinity,
    )


def result_of(folder: Path, *episodes: dict[str, object], **options: object):
    """The result of auditing these episodes in one file."""
    return audited(write(folder / "run.jsonl", list(episodes)), **options)


def facts(result) -> dict[str, object]:
    """What a result says, without the paths at which the inputs stood."""
    return {
        "verdict": result.verdict,
        "episodes": result.episodes,
        "reward_calls": result.reward_calls,
        "by": result.by,
        "rates": result.rates,
        "affected": result.affected,
        "echo": result.echo,
        "ids": sorted((one.id, one.severity, one.episode_id, one.spans) for one in result.findings),
    }
