"""Speed and recall of the matcher beside other engines, on the same episodes, core and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import simdjson
from msgspec import Struct

from bench.baselines import Engine, Texts, aho_corasick, rolling_hash, word_ngrams
from bench.corpora import Corpus, as_buffers, as_strings, is_leak, parsed, size_of
from bench.corpus import Label
from bench.measuring import medians
from sequester.exposure import matching
from sequester.exposure.oracle import PIECE

PER_CLASS = 12
NEGATIVES = 400
FALSE_ALARMS = 0.01
"""Share of the clean negatives that an engine's threshold may flag."""


class EngineRow(Struct, frozen=True):
    """One engine on the sample. Recall is at the lowest threshold that flags at most 1 % of the clean negatives."""

    engine: str
    input: str
    mb_per_s: float
    recall: float
    threshold: int
    clean_flagged: int
    missed: dict[str, int]
    """Plants not found, by class."""


class Sample(Struct, frozen=True):
    plants: int
    negatives: int
    per_class: int
    rows: list[EngineRow]


class Floor(Struct, frozen=True):
    """The kernel against parsing the same text, over a larger part of the corpus."""

    episodes: int
    text_bytes: int
    mb_per_s: dict[str, float]


def compare_engines(corpus: Corpus) -> Sample:
    """Every engine on the same plants and clean negatives."""
    chosen = corpus.sample(PER_CLASS, NEGATIVES)
    labels = [label for label, _ in chosen]
    texts = list(parsed([line for _, line in chosen]))
    buffers, strings, size = as_buffers(texts), as_strings(texts), size_of(texts)
    public = corpus.facts.public
    kernel = kernel_scorer(public)
    rivals = {
        "word 8-gram sets": word_ngrams(8, public),
        "word 13-gram sets": word_ngrams(13, public),
        "pyahocorasick, automaton per episode": aho_corasick(public),
        "numba rolling hash, K = 32": rolling_hash(public),
    }
    works: dict[tuple[str, str], Callable[[], list[int]]] = {
        ("kernel", "Arrow buffers"): partial(kernel, buffers),
        ("kernel", "Python strings"): partial(kernel, strings),
    }
    works |= {(name, "Python strings"): partial(_scores, engine, texts) for name, engine in rivals.items()}
    seconds = medians({"|".join(key): work for key, work in works.items()})
    rows = []
    for (name, form), work in works.items():
        threshold, flagged = _operating_point(work(), labels)
        rows.append(_row(name, form, size / seconds[f"{name}|{form}"] / 1e6, threshold, flagged, labels))
    negatives = sum(label.leak is None for label in labels)
    return Sample(len(labels) - negatives, negatives, PER_CLASS, rows)


def kernel_scorer(public: Sequence[str]) -> Callable[[Sequence[matching.Episode]], list[int]]:
    """Per episode the private characters of its best chain: the kernel alone, without decoding layers and severity.

    Runs that stand in the run's public text count nothing, as for the other engines; as there, it is prepared beforehand.
    """
    known = matching.normalise("\n".join(public))
    starts = frozenset(known[at : at + PIECE] for at in range(len(known)))

    def is_known(run: bytes) -> bool:
        return run[:PIECE] in starts and run in known

    def scores(episodes: Sequence[matching.Episode]) -> list[int]:
        best = [0] * len(episodes)
        reasoning, last = b"", -1
        for hit in matching.screen(episodes).hits:
            if hit.chains and hit.episode != last:
                reasoning, last = matching.normalise(episodes[hit.episode][0][0]), hit.episode
            for chain in hit.chains:
                own = (run.private for run in chain.runs if not is_known(reasoning[run.cot_start : run.cot_start + run.length]))
                best[hit.episode] = max(best[hit.episode], sum(own))
        return best

    return scores


def kernel_against_parsing(corpus: Corpus, episodes: int) -> Floor:
    """The screen alone, with nothing after it, beside pysimdjson parsing the same lines and reaching every text."""
    lines = corpus.raw_lines(episodes)
    texts = list(parsed(lines))
    buffers, strings, size = as_buffers(texts), as_strings(texts), size_of(texts)
    del texts
    works: dict[str, Callable[[], object]] = {
        "kernel, Arrow buffers": lambda: matching.screen(buffers),
        "kernel, Arrow buffers, counting shared text": lambda: matching.screen(buffers, matching.Sketch()),
        "kernel, Python strings": lambda: matching.screen(strings),
        "pysimdjson, parse and access": lambda: parse_with_simdjson(lines),
    }
    return Floor(len(lines), size, {name: size / seconds / 1e6 for name, seconds in medians(works).items()})


def parse_with_simdjson(lines: Iterable[bytes]) -> int:
    """Parse every line and reach its texts; returns their code points."""
    parser, total = simdjson.Parser(), 0
    for line in lines:
        record = parser.parse(line)
        total += len(record["prompt"]) + len(record["reasoning"]) + len(record["answer"])
        for call in record["reward_calls"]:
            total += len(call["inputs"]["input"])
        del record, call
    return total


def _scores(engine: Engine, episodes: Sequence[Texts]) -> list[int]:
    return list(map(engine, episodes))


def _operating_point(scores: Sequence[int], labels: Sequence[Label]) -> tuple[int, list[bool]]:
    """The lowest threshold with at most 1 % of the clean negatives at or above it, and which episodes it flags."""
    clean = sorted((score for score, label in zip(scores, labels, strict=True) if label.leak is None), reverse=True)
    threshold = clean[int(FALSE_ALARMS * len(clean))] + 1
    return threshold, [score >= threshold for score in scores]


def _row(name: str, form: str, speed: float, threshold: int, flagged: Sequence[bool], labels: Sequence[Label]) -> EngineRow:
    missed: dict[str, int] = {}
    for label, found in zip(labels, flagged, strict=True):
        if is_leak(label) and not found:
            missed[str(label.leak)] = missed.get(str(label.leak), 0) + 1
    plants = sum(map(is_leak, labels))
    alarms = sum(found for label, found in zip(labels, flagged, strict=True) if label.leak is None)
    return EngineRow(
        name, form, speed, 1 - sum(missed.values()) / max(1, plants), threshold, alarms, dict(sorted(missed.items()))
    )
