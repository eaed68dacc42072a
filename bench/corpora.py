"""A written corpus, read back for measuring: its facts, its labels, and its texts in the forms in which engines take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

import msgspec
import pyarrow as pa
from msgspec import Struct

from bench.baselines import Texts
from bench.corpus import Label
from sequester.exposure.matching import Episode, Text


class Facts(Struct, frozen=True):
    """`corpus.json`."""

    episodes: int
    seed: int
    leaks: float
    text_bytes: int
    public: tuple[str, ...]
    """Rubrics, tool documentation and stock sentences of the run."""


class _Call(Struct):
    inputs: dict[str, str]


class _Record(Struct):
    prompt: str
    reasoning: str
    answer: str
    reward_calls: list[_Call]


class Corpus:
    """A directory that `bench.corpus` wrote."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lines = directory / "episodes.jsonl"
        self.bundle = directory / "bundle"
        self.facts = msgspec.json.decode((directory / "corpus.json").read_bytes(), type=Facts)
        self.labels = [msgspec.json.decode(line, type=Label) for line in (directory / "labels.jsonl").read_bytes().splitlines()]

    @property
    def made_by(self) -> str:
        """The command that writes this corpus."""
        facts = self.facts
        return f"python -m bench.corpus {self.directory} --episodes {facts.episodes} --seed {facts.seed} --leaks {facts.leaks:g}"

    def raw_lines(self, count: int) -> list[bytes]:
        """The first lines as they stand in the file."""
        with self.lines.open("rb") as file:
            return list(islice(file, count))

    def sample(self, per_class: int, negatives: int) -> list[tuple[Label, bytes]]:
        """So many plants of each in-episode class and so many clean negatives, interleaved as they stand in the file."""
        left: dict[str | None, int] = {None: negatives}
        chosen = []
        with self.lines.open("rb") as file:
            for label, line in zip(self.labels, file, strict=True):
                name = label.leak
                if name == "xep" or (name is None and label.kind != "clean") or (name and not is_leak(label)):
                    continue
                if left.setdefault(name, per_class) > 0:
                    left[name] -= 1
                    chosen.append((label, line))
        return chosen


def is_leak(label: Label) -> bool:
    """Whether the plant counts as one: of the episode's own reasoning, with at least as many private characters as are looked for."""
    return label.leak not in (None, "xep") and (label.private or 0) >= MIN_PRIVATE


MIN_PRIVATE = 31


def parsed(lines: Sequence[bytes]) -> Iterator[Texts]:
    decoder = msgspec.json.Decoder(_Record)
    for line in lines:
        record = decoder.decode(line)
        inputs = tuple(text for call in record.reward_calls for text in call.inputs.values())
        yield Texts(record.prompt, record.reasoning, record.answer, inputs)


def size_of(episodes: Sequence[Texts]) -> int:
    """Bytes of all texts."""
    return sum(len(text.encode()) for texts in episodes for text in (*texts[:3], *texts.inputs))


def as_strings(episodes: Sequence[Texts]) -> list[Episode]:
    return [((one.reasoning,), ((one.prompt, 0), (one.answer, 0)), tuple((text,) for text in one.inputs)) for one in episodes]


def as_buffers(episodes: Sequence[Texts]) -> list[Episode]:
    """The same as views into one Arrow buffer per column."""
    prompts, reasonings, answers = (iter(_views([one[at] for one in episodes])) for at in range(3))
    inputs = iter(_views([text for one in episodes for text in one.inputs]))
    return [
        (
            (next(reasonings),),
            ((next(prompts), 0), (next(answers), 0)),
            tuple((next(inputs),) for _ in one.inputs),
        )
        for one in episodes
    ]


def _views(texts: Sequence[str]) -> list[Text]:
    _, offsets, data = pa.array(texts, pa.large_string()).buffers()
    bounds, whole = memoryview(offsets).cast("q"), memoryview(data)
    return [whole[start:end] for start, end in pairwise(bounds)]
