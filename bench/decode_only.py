"""Decode floors: reading the corpus and nothing else, one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from bench.corpora import Corpus
from bench.engines import parse_with_simdjson
from sequester.episodes.bundle.schema import PART_FOLDERS

BATCH = 250


class _Call(msgspec.Struct):
    reward_path: str
    inputs: dict[str, str]
    score: float


class _Line(msgspec.Struct):
    """Every key of the corpus, typed: what a reader has to decode at the least."""

    episode_id: str
    environment: str
    step: int
    group: str
    prompt: str
    reasoning: str
    answer: str
    reward_calls: list[_Call]


def parquet(bundle: Path) -> int:
    """All rows of the three folders, in batches of 250, memory-mapped; returns the decoded bytes."""
    total = 0
    for folder in PART_FOLDERS:
        for path in sorted((bundle / folder).glob("*.parquet")):
            with pq.ParquetFile(path, memory_map=True) as file:
                total += sum(batch.nbytes for batch in file.iter_batches(BATCH, use_threads=False))
    return total


def jsonl_typed(lines: Path) -> int:
    """msgspec into typed records, line by line."""
    decoder, count = msgspec.json.Decoder(_Line), 0
    with lines.open("rb") as file:
        for line in file:
            decoder.decode(line)
            count += 1
    return count


def jsonl_simdjson(lines: Path) -> int:
    """pysimdjson, parse and access."""
    with lines.open("rb") as file:
        return parse_with_simdjson(file)


def floors(corpus: Corpus) -> dict[str, Callable[[], int]]:
    """Name -> work."""
    return {
        "Parquet, iter_batches": lambda: parquet(corpus.bundle),
        "JSONL, msgspec typed": lambda: jsonl_typed(corpus.lines),
        "JSONL, pysimdjson": lambda: jsonl_simdjson(corpus.lines),
    }
