"""The benchmark corpus: episodes with labelled leaks, clean and natural negatives, and true sibling groups.

    python -m bench.corpus OUT [--episodes N] [--seed S] [--leaks SHARE]

Writes `episodes.jsonl` (interchange), `bundle/` (the same episodes as a run bundle, zstd Parquet) and `labels.jsonl` (one line per
episode, in the same order). 20,000 episodes are about 510 MB of text. All text comes from the sources and documents of the Python
installation that runs this (standard library, installed packages): nothing is downloaded, nothing is shipped. One installation and
one seed give the same bytes.

clean     private reasoning went through a letter cipher of its own episode: a finding without a plant is an error, always
natural   reasoning and reference come from adjacent paragraphs of one file: a finding is a coincidence of wording

Eight consecutive episodes are one group: they share the prompt, and half of the natural groups share the reference too. Where the
text of the installation is used up it is dealt again under a letter cipher of that round, the same for all episodes.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import shutil
import string
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bench.plants import TRANSFORMS
from bench.pool import Pool, Section
from sequester import __version__
from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.manifest import Expected, Policy, RunInfo
from sequester.episodes.bundle.writer import BundleWriter
from sequester.episodes.model import Skipped
from sequester.episodes.readers.interchange import READER
from sequester.episodes.readers.interface import Options

GROUP = 8
EPISODES_PER_STEP = 800
LEAKS = 0.08
NATURAL = 0.15
CLASSES = {
    "full": ("full",),
    "partial": ("partial",),
    "short": ("short",),
    "rewrap": ("rewrap",),
    "case_md": ("markdown",),
    "json1": ("json",),
    "json2": ("json_twice",),
    "html": ("html",),
    "url": ("url",),
    "b64": ("base64",),
    "b64part": ("base64_wrapped",),
    "trunc": ("head", "tail"),
    "split": ("split_fields",),
    "wordedit": ("word_edit",),
    "tokens": ("tokens",),
    "gzb64": ("gzip_base64",),
    "xep": ("partial",),
}
"""Leak class -> the transforms of `bench.plants` that it is made with, by chance where there are several."""

STOCK = (
    "Let me double-check this before I go on.",
    "Wait, that does not look right, so I should reconsider it.",
    "First I need to understand what the task is really asking for.",
    "I should be careful here not to miss an edge case.",
    "Let me think about this step by step.",
    "Now I have everything that I need to write the final answer.",
    "The user probably wants a short and direct response.",
    "On second thought, the simpler approach is good enough here.",
    "Let me verify the result with a small example.",
    "I will now check whether the requirements are all fulfilled.",
    "That gives the same result as before, which is reassuring.",
    "There may be another way to look at the problem.",
    "To summarise what we know so far about the question at hand.",
    "This is a common pattern, so the usual solution should work.",
)


class Label(Struct, frozen=True, omit_defaults=True):
    """What an episode is known to hold. Positions count code points."""

    episode_id: str
    kind: str
    """`clean` or `natural`."""
    group_reference: bool = False
    """All eight of the group have the same reference; else each has one of its own."""
    leak: str | None = None
    """Leak class; `xep` is a leak of another episode's reasoning."""
    call: int | None = None
    planted: tuple[int, int] | None = None
    """In the text of that reward input."""
    cot: tuple[int, int] | None = None
    """In the reasoning of the source episode."""
    private: int | None = None
    """Letters and digits of the planted stretch that are private by construction: not quoted prompt, draft answer or stock text."""
    source: str | None = None
    """xep: the episode that it came from."""


class Reasoning(NamedTuple):
    """A chain of thought and which stretches of it are private."""

    text: str
    private: tuple[tuple[int, int], ...]

    def private_length(self, start: int, end: int) -> int:
        """Letters and digits of the private stretches between two places."""
        parts = (self.text[max(start, a) : min(end, b)] for a, b in self.private if a < end and b > start)
        return sum(map(str.isalnum, "".join(parts)))


class Shared(NamedTuple):
    """Public text of the run: it occurs in reasoning and reward inputs alike."""

    rubrics: tuple[str, ...]
    tools: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return (*self.rubrics, *self.tools, *STOCK)


def shared_texts(pool: Pool, rng: random.Random) -> Shared:
    """30 rubrics, half of them with a stock sentence, and 14 pieces of tool documentation: about 42 kB."""
    rubrics = []
    for number in range(30):
        stock = f" {rng.choice(STOCK)}" if number % 2 else ""
        rubrics.append(f"Grade the response below from 0 to 10.{stock}\n\n{pool.text(rng.randint(300, 1500))}")
    return Shared(tuple(rubrics), tuple(pool.text(1000) for _ in range(14)))


def length(rng: random.Random, median: int, sigma: float, low: int, high: int) -> int:
    """Log-normal, drawn again until it is in range."""
    while True:
        drawn = int(median * rng.lognormvariate(0.0, sigma))
        if low <= drawn <= high:
            return drawn


def letter_cipher(rng: random.Random) -> dict[int, int]:
    """Vowels to vowels, consonants to consonants, digits to digits; case is kept."""
    table: dict[int, int] = {}
    for kind in ("aeiou", "bcdfghjklmnpqrstvwxyz", string.digits):
        target = "".join(rng.sample(kind, len(kind)))
        table |= str.maketrans(kind, target) | str.maketrans(kind.upper(), target.upper())
    return table


class Writer:
    """Makes episodes one after the other, from one generator."""

    def __init__(self, seed: int, leaks: float) -> None:
        self._rng = random.Random(seed)
        self._leaks = leaks
        self._pool = Pool(seed, letter_cipher)
        self.shared = shared_texts(self._pool, self._rng)
        self._earlier: deque[tuple[str, Reasoning]] = deque(maxlen=64)
        self._number = 0

    def group(self) -> Iterator[tuple[dict[str, object], Label]]:
        """Eight episodes with one prompt."""
        rng = self._rng
        prompt = self._pool.text(length(rng, 900, 1.0, 120, 8000))
        kind = "natural" if rng.random() < NATURAL else "clean"
        common = rng.random() < 0.5
        reference: Section | None = None
        for _ in range(GROUP):
            size = length(rng, 7000, 0.8, 2000, 30000)
            own, beside = self._pool.beside(size, 3000)
            if reference is None or not common:
                reference = beside
            if kind == "clean":
                own = own.translated(letter_cipher(rng))
            yield self._episode(Label(f"e{self._number:08d}", kind, common), prompt, own, reference)

    def _episode(self, label: Label, prompt: str, own: Section, reference: Section) -> tuple[dict[str, object], Label]:
        rng, number, name = self._rng, self._number, label.episode_id
        self._number += 1
        answer = self._pool.text(length(rng, 700, 0.95, 120, 4000))
        reasoning = self._reasoning(own, prompt, answer)
        count = min(8, 1 + int(rng.expovariate(0.6)))
        paths = [rng.randrange(len(self.shared.rubrics)) for _ in range(count)]
        inputs = [self._reward_input(self.shared.rubrics[path], prompt, answer, reference) for path in paths]
        if rng.random() < self._leaks:
            label = self._plant(label, reasoning, inputs)
        self._earlier.append((name, reasoning))
        calls = [
            {"reward_path": f"judge-{path:02d}", "inputs": {"input": "\n\n".join(parts)}, "score": round(rng.random(), 3)}
            for path, parts in zip(paths, inputs, strict=True)
        ]
        record = {
            "episode_id": name,
            "environment": f"env-{number // GROUP % 6}",
            "step": number // EPISODES_PER_STEP,
            "group": f"g{number // GROUP}",
            "prompt": prompt,
            "reasoning": reasoning.text,
            "answer": answer,
            "reward_calls": calls,
        }
        return record, label

    def _reasoning(self, own: Section, prompt: str, answer: str) -> Reasoning:
        """Private paragraphs, and between them what everybody quotes."""
        rng = self._rng
        pieces = [(text, True) for text in own.paragraphs]
        quoted = rng.sample(STOCK, rng.randint(1, 3))
        if rng.random() < 0.35:
            quoted.append(prompt[: rng.randint(120, 900)])
        if rng.random() < 0.25:
            quoted.append(rng.choice(self.shared.tools))
        for text in quoted:
            pieces.insert(rng.randint(0, len(pieces)), (text, False))
        if rng.random() < 0.5:
            pieces.append((answer, False))
        private, at = [], 0
        for text, is_private in pieces:
            if is_private:
                private.append((at, at + len(text)))
            at += len(text) + 2
        return Reasoning("\n\n".join(text for text, _ in pieces), tuple(private))

    def _reward_input(self, rubric: str, prompt: str, answer: str, reference: Section) -> list[str]:
        """The sections of one judge prompt; the last one is the response."""
        rng = self._rng
        sections = [rubric, f"### Task\n{prompt}"]
        if rng.random() < 0.25:
            sections.append(f"### Tools\n{rng.choice(self.shared.tools)}")
        if rng.random() < 0.4:
            sections.append("### Reference\n" + "\n\n".join(reference.paragraphs))
        if rng.random() < 0.2:
            sections.append(f"### Notes\n{self._pool.text(1000)}")
        if rng.random() < 0.04:
            sections.append(f"![image](data:image/png;base64,{base64.b64encode(rng.randbytes(rng.randint(500, 9000))).decode()})")
        escaped = json.dumps({"role": "assistant", "content": answer}) if rng.random() < 0.3 else answer
        return [*sections, f"### Response\n{escaped}"]

    def _plant(self, label: Label, reasoning: Reasoning, inputs: list[list[str]]) -> Label:
        """Put one leak into one of the inputs, and say what and where."""
        rng = self._rng
        name = rng.choice([name for name in CLASSES if name != "xep" or self._earlier])
        source, origin = rng.choice(self._earlier) if name == "xep" else (None, reasoning)
        value, stretch = TRANSFORMS[rng.choice(CLASSES[name])](origin.text, rng)
        text = value if isinstance(value, str) else json.dumps(value)
        call = rng.randrange(len(inputs))
        sections = inputs[call]
        place = rng.choice((0, len(sections) - 1, len(sections)))
        sections.insert(place, text)
        start = sum(len(section) + 2 for section in sections[:place])
        first = origin.text.index(stretch)
        cot = (first, first + len(stretch))
        return replace(
            label,
            leak=name,
            call=call,
            planted=(start, start + len(text)),
            cot=cot,
            private=origin.private_length(*cot),
            source=source,
        )


def write_corpus(out: Path, episodes: int, seed: int, leaks: float) -> int:
    """Write the three forms, leaks in that share of the episodes; returns the bytes of all texts as UTF-8."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    encoder, writer, size = msgspec.json.Encoder(), Writer(seed, leaks), 0
    with (out / "episodes.jsonl").open("wb") as lines, (out / "labels.jsonl").open("wb") as labels:
        for _ in range(-(-episodes // GROUP)):
            for record, label in writer.group():
                size += text_bytes(record)
                lines.write(encoder.encode(record) + b"\n")
                labels.write(encoder.encode(label) + b"\n")
    facts = {
        "episodes": -(-episodes // GROUP) * GROUP,
        "seed": seed,
        "leaks": leaks,
        "text_bytes": size,
        "public": writer.shared.texts,
    }
    (out / "corpus.json").write_bytes(encoder.encode(facts))
    write_bundle(out / "episodes.jsonl", out / "bundle")
    return size


def text_bytes(record: dict[str, object]) -> int:
    """Bytes of prompt, reasoning, answer and reward inputs."""
    texts = [record["prompt"], record["reasoning"], record["answer"]]
    texts += [call["inputs"]["input"] for call in record["reward_calls"]]  # type: ignore[attr-defined]
    return sum(len(str(text).encode()) for text in texts)


def write_bundle(lines: Path, directory: Path) -> None:
    """The same episodes as a run bundle, closed."""
    run = RunInfo("bench-corpus", datetime(2026, 1, 1, tzinfo=UTC), Policy("corpus"))
    options, count, steps = Options(), 0, set()
    with BundleWriter(directory, run) as bundle:
        for unit in READER.units(lines, options):
            for episode in READER.read(unit, options):
                assert not isinstance(episode, Skipped), episode.detail
                bundle.write(episode)
                steps.add(episode.step or 0)
                count += 1
    expected = Expected(steps=(min(steps), max(steps)), group_size=GROUP, episodes=count)
    close_run(directory, run, expected, f"sequester {__version__}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--episodes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leaks", type=float, default=LEAKS, help="share of the episodes with a planted leak")
    given = parser.parse_args()
    size = write_corpus(given.out, given.episodes, given.seed, given.leaks)
    print(f"{given.episodes} episodes, {size / 1e6:.0f} MB of text in {given.out}")


if __name__ == "__main__":
    main()
