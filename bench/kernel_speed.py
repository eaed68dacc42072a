"""Speed of the matching kernel against parsing the same text as JSON, in one run on one core.

    python -m bench.kernel_speed [episodes]

Text: paragraphs of the standard library's sources, dealt into episodes of about 25 KB (reasoning 10, reward inputs 12.6, prompt 1.6,
answer 1.2). Inputs hold prompt and answer; half the reasonings quote the prompt; one episode in twelve leaks. Medians of five runs, in
processor time, because a shared machine makes wall time meaningless. Arrow buffers are borrowed; str costs the encoding as well.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from sequester.exposure import matching
from sequester.exposure.matching import Episode, Sketch, Text

try:
    import simdjson
except ImportError:  # the yardstick is optional: pip install pysimdjson
    simdjson = None

ROUNDS = 5


def paragraphs() -> list[str]:
    """Paragraphs of at least 90 characters of the standard library."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    text = "\n\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sources)
    return [part for part in text.split("\n\n") if len(part) >= 90]


class Dealer:
    """Deals unused paragraphs, again from the start when they are used up."""

    def __init__(self, pool: list[str], rng: random.Random) -> None:
        self._pool, self._rng, self._left = pool, rng, list[str]()

    def text(self, size: int) -> str:
        parts, total = [], 0
        while total < size:
            if not self._left:
                self._left = self._rng.sample(self._pool, len(self._pool))
            parts.append(self._left.pop()[: size - total + 40])
            total += len(parts[-1])
        return "\n\n".join(parts)


def records(count: int) -> Iterator[dict[str, str]]:
    rng = random.Random(7)
    dealer = Dealer(paragraphs(), rng)
    for number in range(count):
        prompt, answer = dealer.text(1600), dealer.text(1200)
        reasoning = dealer.text(8400) + (prompt if number % 2 else dealer.text(1600))
        leak = reasoning[1000:1800] if number % 12 == 0 else ""
        escaped = json.dumps(answer) if number % 3 == 0 else answer
        given = f"{dealer.text(9800)}\n{prompt}\n{escaped}\n{leak}"
        yield {"prompt": prompt, "answer": answer, "reasoning": reasoning, "input": given}


def columns(rows: list[dict[str, str]]) -> dict[str, list[memoryview]]:
    """Each text as a view into one Arrow buffer per column."""
    views = {}
    for name in rows[0]:
        column = pa.array([row[name] for row in rows], pa.large_string())
        _, offsets, data = column.buffers()
        bounds = memoryview(offsets).cast("q")
        whole = memoryview(data)
        views[name] = [whole[start:end] for start, end in pairwise(bounds)]
    return views


def episodes(texts: dict[str, list[Text]]) -> list[Episode]:
    rows = zip(texts["prompt"], texts["answer"], texts["reasoning"], texts["input"], strict=True)
    return [((reasoning,), ((prompt, 0), (answer, 0)), ((given,),)) for prompt, answer, reasoning, given in rows]


def median_seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def simdjson_work(lines: list[bytes]) -> Callable[[], object] | None:
    if simdjson is None:
        return None
    parser = simdjson.Parser()

    def parse() -> int:
        total = 0
        for line in lines:
            record = parser.parse(line)
            total += len(record["prompt"]) + len(record["answer"]) + len(record["reasoning"]) + len(record["input"])
            del record
        return total

    return parse


def main() -> None:
    rows = list(records(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
    size = sum(len(text.encode()) for row in rows for text in row.values())
    views = columns(rows)
    borrowed = episodes(views)
    strings = episodes({name: [row[name] for row in rows] for name in rows[0]})
    sketch = Sketch()
    works = {
        "screen, Arrow buffers": lambda: matching.screen(borrowed),
        "screen, str": lambda: matching.screen(strings),
        "screen, Arrow buffers, sketch": lambda: matching.screen(borrowed, sketch),
        "normalise all": lambda: [matching.normalise(view) for column in views.values() for view in column],
    }
    parse = simdjson_work([json.dumps(row).encode() for row in rows])
    if parse:
        works["simdjson, parse and access"] = parse
    found = sum(bool(hit.chains) for hit in matching.screen(borrowed).hits)
    print(f"{matching.implementation}: {len(rows)} episodes, {size / 1e6:.1f} MB, {found} calls with chains")
    for name, work in works.items():
        print(f"{name:32} {size / median_seconds(work) / 1e9:6.2f} GB/s")


if __name__ == "__main__":
    main()
