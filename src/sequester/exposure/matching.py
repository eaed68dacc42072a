"""The matcher: which private stretches of an episode's reasoning stand in its reward inputs, and where.

Two implementations give identical results: the C kernel (`_kernel`) and the oracle in plain Python (`oracle`, which describes the
algorithm; `normaliser` describes what the matcher sees of a text). The environment variable SEQUESTER_KERNEL
(`avx512`, `avx2`, `scalar` or `python`) forces one. Lengths and positions count bytes of normalised UTF-8 unless said otherwise.

What is certain: a private stretch of at least GUARANTEE (24) normalised bytes that stands in a reward input is found, unless it is of
low entropy (`oracle.low_entropy`). Shorter ones, from 16 bytes on, are found mostly, and by chaining.
"""

from __future__ import annotations

import codecs
import os
import secrets
from array import array
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from itertools import compress
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from sequester.errors import LimitExceeded, UsageError
from sequester.exposure import folding, oracle
from sequester.exposure.normaliser import normalise as normalise_plainly
from sequester.exposure.normaliser import places as plain_places
from sequester.exposure.oracle import GUARANTEE, RawChain
from sequester.exposure.samples import EDGE, MEETING, Meetings, Samples, Windows, voices
from sequester.exposure.samples import meetings as meet_plainly
from sequester.exposure.sketch import Sketch, holds_run
from sequester.exposure.sketch import windows_of as plain_windows
from sequester.exposure.stock import Stock, stock_texts


def _compiled() -> ModuleType | None:
    """The C kernel; None where there was no compiler at installation."""
    try:
        return import_module("sequester.exposure._kernel")
    except ImportError:
        return None


_kernel: Any = _compiled()

__all__ = [
    "GUARANTEE",
    "Chain",
    "Episode",
    "Hit",
    "Pattern",
    "Run",
    "Samples",
    "Screening",
    "Sketch",
    "Text",
    "Windows",
    "held",
    "implementation",
    "low_entropy",
    "meetings",
    "normalise",
    "screen",
    "spans",
    "stock_length",
    "windows_of",
]

Text = str | bytes | bytearray | memoryview
"""A text: a str (lone surrogates vanish), or UTF-8 in any contiguous buffer, which is not copied."""

Episode = tuple[Sequence[Text] | None, Sequence[tuple[Text, int]], Sequence[Sequence[Text]]]
"""Reasoning segments; public texts, each with the first segment it is subtracted from; reward calls as sequences of fields.

Without reasoning that is known (None) an episode is sampled, and its calls are not searched.
"""


class Run(NamedTuple):
    """An exact match of `length` normalised bytes."""

    field: int
    """Index of the field in its reward call."""
    cot_start: int
    """In the reasoning: the segments one after the other with one byte between them."""
    input_start: int
    """In the field."""
    length: int
    private: int
    """Bytes of it that are not public."""


class Chain(NamedTuple):
    """Runs that advance together in reasoning and input; one finding."""

    private: int
    runs: tuple[Run, ...]


class Hit(NamedTuple):
    """A reward call in which there is something to look at."""

    episode: int
    call: int
    chains: tuple[Chain, ...]
    flags: tuple[int, ...]
    """Per field: the bits of `flags`."""
    private: int
    """Private bytes of the episode's reasoning."""


class Screening(NamedTuple):
    """What `screen` says about a batch."""

    lengths: array[int]
    """Per episode: length of its reasoning."""
    privates: array[int]
    """Per episode: private bytes of its reasoning."""
    marked: array[int]
    """Per public text, over all episodes in order: bytes of the reasoning that it was the first to mark."""
    hits: list[Hit]
    """In order of episode and call; calls without chains and flags are left out."""


def _chosen() -> str:
    wanted = os.environ.get("SEQUESTER_KERNEL", "")
    available = (*_kernel.levels(), "python") if _kernel else ("python",)
    if wanted and wanted not in available:
        raise UsageError(f"SEQUESTER_KERNEL names {wanted!r}", hint=f"this machine has: {', '.join(available)}")
    return wanted or available[0]


implementation: str = _chosen()
"""`avx512`, `avx2`, `scalar` or `python`."""


_HASH_KEY = secrets.randbits(64)
"""One for the whole process: a pattern is of no use under another."""


def configure_kernel(level: str) -> None:
    """Hand the hash's key and the folding tables to the kernel and choose its instruction set. At import, and for tests."""
    tables = (folding.BMP, folding.ASTRAL, folding.EXPANSIONS, folding.packed_entities(), folding.packed_tags())
    _kernel.configure(level, _HASH_KEY, *tables)


if implementation != "python":
    configure_kernel(implementation)


class Pattern:
    """The reasoning of one episode, ready to be searched for in reward inputs.

    `reasoning` holds the text of each reasoning segment; no run crosses from one to the next. A public text `(text, first)` is
    subtracted from the segments with index >= first.
    """

    def __init__(self, reasoning: Sequence[Text], public: Sequence[tuple[Text, int]] = ()) -> None:
        self._matcher: Any
        if implementation == "python":
            self._matcher = oracle.Pattern([_utf8(text) for text in reasoning], [(_utf8(text), first) for text, first in public])
        else:
            with _Bounded():
                self._matcher = _kernel.Pattern(reasoning, public)
        self.length: int = self._matcher.length
        """Of the reasoning, without what is between segments."""
        self.private: int = self._matcher.private
        """Bytes of it that are not public."""

    def scan(self, text: Text) -> list[Chain]:
        """The chains in one text, in order."""
        return self.scan_many((text,))

    def flags(self, text: Text, known: int = 0) -> int:
        """What may be wrapped in one text, as bits of `flags`: also where, put together again, it holds a chain of more than `known`
        private bytes."""
        found: int
        if implementation == "python":
            found = self._matcher.flags(_utf8(text), known)
        else:
            with _Bounded():
                found = self._matcher.flags(text, known)
        return found

    def scan_many(self, fields: Sequence[Text]) -> list[Chain]:
        """The chains in the fields of one reward call; a chain may go on from one field into the next."""
        if implementation == "python":
            return _chains(self._matcher.scan([_utf8(field) for field in fields]))
        with _Bounded():
            return _chains(self._matcher.scan(fields))


def screen(
    episodes: Sequence[Episode],
    sketch: Sketch | None = None,
    samples: Samples | None = None,
    own: Sequence[int] = (),
    densely: bool = False,
) -> Screening:
    """Search the reward inputs of many episodes for their own private reasoning; counts what else stands there in `sketch`.

    `samples` takes windows of every episode, by which others are compared with it; `own` says of each episode how many of its last
    public texts are the policy's own output, `densely` that there is short reasoning about (`samples.SHORT`). The interpreter lock is
    free during the work. The buffers given must not change meanwhile.
    """
    if implementation == "python":
        lengths, privates, marked, hits = oracle.screen(
            [_raw_episode(episode) for episode in episodes], sketch, samples, own, densely
        )
    else:
        tables = (sketch.table, sketch.place) if sketch else (None, None)
        with _Bounded():
            if samples is None:
                *counts, hits = _kernel.screen(episodes, *tables)
            else:
                *counts, hits, windows, numbers = _kernel.screen(episodes, *tables, array("I", own), densely)
                samples.add(windows, numbers)
        lengths, privates, marked = (array("Q", count) for count in counts)
    return Screening(
        lengths,
        privates,
        marked,
        [Hit(number, call, tuple(_chains(chains)), flags, privates[number]) for number, call, chains, flags in hits],
    )


def meetings(samples: Samples) -> Meetings:
    """Where the windows of some episodes meet."""
    windows, counts = samples.windows, samples.counts
    speaking = voices(windows, counts)
    if implementation == "python":
        return meet_plainly(windows, counts, speaking)
    met, common = _kernel.meetings(windows, counts, speaking, EDGE)
    return Meetings(np.frombuffer(met, MEETING), np.frombuffer(common, np.bool_), speaking)


def windows_of(run: bytes) -> bytes:
    """The windows by which a normalised run is looked up in a sketch: `sketch.windows_of`."""
    if implementation == "python":
        return plain_windows(run)
    found: bytes = _kernel.windows(run)
    return found


def held(blocks: Sequence[bytes], runs: Sequence[bytes]) -> frozenset[bytes]:
    """Those of some runs, given by their windows, that blocks of a sketch hold: `sketch.holds_run`. All at once: blocks are many."""
    if implementation == "python":
        return frozenset(run for run in runs if holds_run(blocks, run))
    return frozenset(compress(runs, _kernel.held(blocks, runs)))


def normalise(text: Text) -> bytes:
    """What the matcher sees of a text."""
    if implementation == "python":
        return normalise_plainly(_utf8(text))[0]
    with _Bounded():
        found: bytes = _kernel.normalise(text)[0]
        return found


def low_entropy(text: bytes) -> bool:
    """Whether a normalised text says too little to be evidence: `oracle.low_entropy`."""
    if implementation == "python":
        return oracle.low_entropy(text)
    found: bool = _kernel.low_entropy(text)
    return found


def stock_length(text: bytes) -> int:
    """How many bytes of a normalised text are stock text: `stock.Stock.length`."""
    length: int = _stock().length(text)
    return length


@cache
def _stock() -> Any:
    texts = b"\0".join(map(normalise, stock_texts()))
    return Stock(texts) if implementation == "python" else _kernel.Stock(texts)


def spans(text: Text, stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The code points [start, end) of stretches [start, end) of the normalised text, of at least one byte each.

    Bytes that are no UTF-8 count as `str(text, "utf-8", "replace")` counts them.
    """
    raw = _utf8(text)
    asked = sorted({at for start, end in stretches for at in (start, end - 1)})
    if implementation == "python":
        firsts, lasts = (found[asked].tolist() for found in plain_places(raw))
    else:
        with _Bounded():
            units = array("I", _kernel.units(raw, array("I", asked)))
        firsts, lasts = units[::2], units[1::2]
    points = _code_points(raw, sorted({*firsts, *lasts}))
    of = {at: (points[first], points[last]) for at, first, last in zip(asked, firsts, lasts, strict=True)}
    return [(of[start][0], of[end - 1][1]) for start, end in stretches]


def _code_points(raw: bytes, places: Sequence[int]) -> dict[int, int]:
    """How many code points begin before each of some bytes, in ascending order."""
    if raw.isascii():
        return dict(zip(places, places, strict=True))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    points, begun, done = {}, 0, 0
    for at in places:
        begun += len(decoder.decode(raw[done:at]))
        points[at] = begun + bool(decoder.getstate()[0])
        done = at
    return points


def _utf8(text: Text) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "replace")
    return text if isinstance(text, bytes) else bytes(memoryview(text))  # bytes(7) would be seven NULs


def _raw_episode(episode: Episode) -> oracle.RawEpisode:
    reasoning, public, calls = episode
    return (
        [_utf8(text) for text in reasoning] if reasoning is not None else None,
        [(_utf8(text), first) for text, first in public],
        [[_utf8(field) for field in fields] for fields in calls],
    )


def _chains(raw: Sequence[RawChain]) -> list[Chain]:
    return [Chain(private, tuple(map(Run._make, runs))) for private, runs in raw]


class _Bounded:
    """The kernel counts positions in 32 bits and says OverflowError beyond."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OverflowError):
            raise LimitExceeded("one episode holds over 4 GB of text", hint="split the record or leave the episode out") from None
