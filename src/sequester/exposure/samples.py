"""Windows of text by which episodes are compared with one another: sampled by content, so that two copies give the same ones.

A window is WINDOW normalised bytes. It is sampled if its first four bytes, times FACTOR modulo 2**32, are below BELOW: one window of
32, wherever it stands. Windows that repeat eight bytes are left out. Of an episode there are four kinds: windows of its reasoning
that are private from end to end, of its own output (answers, tool calls), of its reward inputs, and of its reasoning those that dense
sampling adds. Reasoning of at most SHORT bytes is sampled densely, one window of eight below DENSELY, and so are output and inputs of
all episodes once there was a short one.

A window of a reward input meets a reasoning if that holds it privately, at most one further reasoning does, and no episode's own output
holds it: what a policy says openly is no sign of its reasoning, and what many think says nothing about one. Episodes whose reasoning
gives the same windows are one voice: a log may hold a rollout in several records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sequester.exposure.sketch import WINDOW, hashes_at

FACTOR = 0x9E3779B1
BELOW = 1 << 27
DENSELY = 1 << 29
SHORT = 512
"""Normalised bytes of a reasoning that is sampled densely."""
REASONING, OUTPUT, INPUTS, ADDED = range(4)
KINDS = 4
PROBED = 8
"""Windows of a reasoning by which it is known."""
MOST_HOLDERS = 2
EDGE = 64
"""Episodes at each end of a unit that are compared with the neighbouring unit's."""
NOBODY = 0xFFFFFFFF
"""In the place of a second holder: there is none."""

MEETING = np.dtype([("window", "=u8"), ("reader", "=u4"), ("first", "=u4"), ("second", "=u4"), ("unused", "=u4")])
"""A window of a reward input that some reasoning holds: the number of the reader, and the one or two voices that hold it."""

Windows = NDArray[np.uint64]
Numbers = NDArray[np.uint32]
Flags = NDArray[np.bool_]


def sampled(text: bytes, marks: bytes | bytearray | None = None, start: int = 0, to: int = BELOW) -> Windows:
    """Hashes of the windows of a normalised text with a value from `start` to below `to`, in order; without those in which a byte of
    `marks` is set."""
    count = len(text) - WINDOW + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    words: NDArray[np.uint32] = np.ndarray(count, np.dtype("<u4"), text, strides=(1,))
    values = words * np.uint32(FACTOR)
    places = np.flatnonzero((values >= start) & (values < to))
    eights: NDArray[np.uint64] = np.ndarray(len(text) - 7, np.dtype("<u8"), text, strides=(1,))
    periodic = np.logical_and.reduce([eights[places] == eights[places + step] for step in (8, 16, 24)])
    kept = ~periodic
    if marks is not None:
        before = np.concatenate([[0], np.cumsum(np.frombuffer(marks, np.uint8) != 0)])
        kept &= before[places + WINDOW] == before[places]
    return hashes_at(text, places[kept])


_NONE = np.empty(0, np.uint64)


class Edges(NamedTuple):
    """A unit's first and last episodes, at most EDGE each: their samples, as `Samples.add` takes them, and where to read them."""

    first: tuple[bytes, bytes] = (b"", b"")
    last: tuple[bytes, bytes] = (b"", b"")
    first_records: tuple[int, ...] = ()
    """`Source.record` of each."""
    last_records: tuple[int, ...] = ()
    alike: int = 0
    """Episodes before the last ones that have a record number in common with one of them."""


class Samples:
    """The sampled windows of some episodes, one after the other."""

    def __init__(self) -> None:
        self._windows: list[bytes] = []
        self._counts: list[bytes] = []
        self.size = 0
        """Windows held."""

    def add(self, windows: bytes, counts: bytes) -> None:
        """Add the windows of further episodes (64 bits each), and how many of each kind they have (32 bits each)."""
        self._windows.append(windows)
        self._counts.append(counts)
        self.size += len(windows) // 8

    def forget_half(self) -> int:
        """Forget the older half of what was added; returns the number of episodes forgotten."""
        half = len(self._counts) // 2
        episodes = sum(map(len, self._counts[:half])) // (4 * KINDS)
        self.size -= sum(map(len, self._windows[:half])) // 8
        del self._windows[:half], self._counts[:half]
        return episodes

    def part(self, episodes: slice, left_out: Flags) -> tuple[bytes, bytes]:
        """Windows and counts of some consecutive episodes, as `add` takes them, without some of all windows."""
        counts = self.counts
        start, stop, _ = episodes.indices(len(counts))
        ends = np.concatenate([[0], np.cumsum(counts.ravel(), dtype=np.int64)])[KINDS * start : KINDS * stop + 1]
        kept = ~left_out[ends[0] : ends[-1]]
        before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])[ends - ends[0]]
        return self.windows[ends[0] : ends[-1]][kept].tobytes(), np.diff(before).astype(np.uint32).tobytes()

    @property
    def windows(self) -> Windows:
        """All windows, episode by episode and kind by kind."""
        return np.frombuffer(b"".join(self._windows), np.uint64)

    @property
    def added(self) -> Windows:
        """The windows that dense sampling adds to reasoning, over all episodes."""
        counts = self.counts
        return (
            self.windows[np.repeat(np.arange(counts.size) % KINDS == ADDED, counts.ravel())] if counts[:, ADDED].any() else _NONE
        )

    @property
    def counts(self) -> Numbers:
        """Windows of each kind, a row per episode."""
        return np.frombuffer(b"".join(self._counts), np.uint32).reshape(-1, KINDS)


def voices(windows: Windows, counts: Numbers) -> Numbers:
    """Per episode the first one whose reasoning has the same windows: as many, and the same ones at PROBED places of each kind."""
    ends = np.cumsum(counts.ravel(), dtype=np.int64).reshape(counts.shape)
    keys = _keys(windows, ends, counts, REASONING) + np.uint64(FACTOR) * _keys(windows, ends, counts, ADDED)
    seen = np.flatnonzero(counts[:, REASONING] + counts[:, ADDED])
    _, first, same = np.unique(keys[seen], return_index=True, return_inverse=True)
    # An episode without windows is a voice of its own.
    found = np.arange(len(counts), dtype=np.uint32)
    found[seen] = seen[first[same]]
    return found


def _keys(windows: Windows, ends: NDArray[np.int64], counts: Numbers, kind: int) -> Windows:
    """Per episode a number that the windows of one kind, and how many they are, make; 0 where there are none."""
    sizes = counts[:, kind].astype(np.int64)
    some = np.flatnonzero(sizes)
    at = (ends[some, kind] - sizes[some])[:, None] + (sizes[some, None] - 1) * np.arange(PROBED) // (PROBED - 1)
    keys = np.zeros(len(counts), np.uint64)
    keys[some] = windows[at].sum(axis=1, dtype=np.uint64) + sizes[some].astype(np.uint64)
    return keys


class Meetings(NamedTuple):
    """Where the windows of some samples meet."""

    met: NDArray[np.void]
    """The windows of reward inputs that meet a reasoning, in order, as `MEETING`."""
    common: Flags
    """Per window, in the first and last EDGE episodes: too many hold it, or somebody says it openly. Of windows in no input some are."""
    voices: Numbers
    """Per episode."""


def meetings(windows: Windows, counts: Numbers, voices: Numbers) -> Meetings:
    """What the kernel computes."""
    held: dict[int, set[int]] = {}
    spoken: set[int] = set()
    kinds = np.split(windows, np.cumsum(counts.ravel(), dtype=np.int64)[:-1]) if counts.size else []
    for at, some in enumerate(kinds):
        if at % KINDS in (REASONING, ADDED):
            for window in some.tolist():
                held.setdefault(window, set()).add(int(voices[at // KINDS]))
        elif at % KINDS == OUTPUT:
            spoken.update(some.tolist())
    common = {window for window, holders in held.items() if len(holders) > MOST_HOLDERS or window in spoken}
    return Meetings(
        np.array(list(_met(kinds[INPUTS::KINDS], held, common)), MEETING),
        np.array(
            [at_edge and window in common for window, at_edge in zip(windows.tolist(), _at_edge(counts), strict=True)], np.bool_
        ),
        voices,
    )


def _at_edge(counts: Numbers) -> Flags:
    """Per window whether it is one of the first or last EDGE episodes."""
    numbers = np.arange(len(counts))
    return np.repeat((numbers < EDGE) | (numbers + EDGE >= len(counts)), counts.sum(axis=1, dtype=np.int64))


def _met(
    inputs: Sequence[Windows], held: Mapping[int, set[int]], common: Collection[int]
) -> Iterator[tuple[int, int, int, int, int]]:
    for reader, some in enumerate(inputs):
        for window in some.tolist():
            if window in held and window not in common:
                holders = sorted(held[window])
                yield window, reader, holders[0], holders[1] if len(holders) == MOST_HOLDERS else NOBODY, 0
