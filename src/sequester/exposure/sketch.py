"""Which pieces of text other episodes' reward inputs hold too: a fixed-size count of windows.

A window is WINDOW normalised bytes from a selected seed on. It counts where it stands in a reward input outside every private run of
that episode's own reasoning: because the reasoning lacks it, or because it is public there. What other inputs hold in that way is
rubric, reference or the topic's wording. An input that may itself be a leak counts nothing.

The table has 8-byte slots in neighbourhoods of eight: a 24-bit tag, the ordinal of the last episode, a count up to 255. Tags collide
by chance (about one window in two million per occupied neighbourhood), so a count may be too high, and a full neighbourhood forgets
windows that were seen once, so it may be too low: it is a hint for severity, never a reason to drop a finding.
"""

from __future__ import annotations

import threading

from sequester.errors import UsageError

try:
    from sequester.exposure import _kernel
except ImportError:  # no compiler at installation
    _kernel = None

SLOTS = 1 << 22
NEIGHBOURS = 8
WINDOW = 32
"""Normalised bytes of a window. It begins where the matcher selected a seed, so every run of WINDOW + W - 1 = 40 bytes holds one."""
EXPOSED_RUN = 40
"""A reward call with a run of so many private bytes may be a leak; what stands in it is no evidence of being shared."""
_MOST = 255
_ORDINALS = (1 << 32) - 1


class Sketch:
    """The table; filled by `screen`. Memory: 8 bytes per slot. May be shared between threads.

    `table` of 8 * slots bytes is used in place; `first` keeps the ordinals of processes that share one apart.
    """

    def __init__(self, slots: int = SLOTS, table: bytearray | memoryview | None = None, first: int = 0) -> None:
        if slots < NEIGHBOURS or slots & (slots - 1):
            raise UsageError(f"a sketch of {slots} slots", hint=f"use a power of two of at least {NEIGHBOURS}")
        self.table = bytearray(8 * slots) if table is None else table
        """The slots, little-endian; the kernel writes into it. May lie in memory that several processes share."""
        self._entries = memoryview(self.table).cast("Q")
        self._shift = 64 - slots.bit_length() + 1
        self._episodes = first
        self._lock = threading.Lock()

    def reserve(self, episodes: int) -> int:
        """The first of so many fresh episode ordinals."""
        with self._lock:
            first = self._episodes + 1
            self._episodes += episodes
        return first & _ORDINALS

    def count(self, window: int) -> int:
        """In how many episodes the window was seen; 0 if never, or forgotten."""
        base = self._base(window)
        for entry in self._entries[base : base + NEIGHBOURS]:
            if entry and entry >> 40 == _tag(window):
                return entry & _MOST
        return 0

    def add(self, window: int, ordinal: int) -> None:
        """Count one episode for the window, unless its last one was the same."""
        self._put(self._base(window), _tag(window), ordinal & _ORDINALS, 1, distinct=True)

    def merge(self, other: bytes | bytearray | memoryview) -> None:
        """Add the counts of a sketch that another process filled from other episodes, given as its bytes.

        Raises UsageError if it has another size.
        """
        if memoryview(other).nbytes != len(self.table):
            raise UsageError("sketches of different sizes cannot be merged", hint="create all with the same number of slots")
        with self._lock:
            if _kernel:
                _kernel.merge(self.table, other)
            else:
                self._merge(other)

    def _merge(self, other: bytes | bytearray | memoryview) -> None:
        """What the kernel does, in plain Python."""
        for slot, entry in enumerate(memoryview(other).cast("B").cast("Q")):
            if entry:
                self._put(slot & -NEIGHBOURS, entry >> 40, entry >> 8 & _ORDINALS, entry & _MOST, distinct=False)

    def __bytes__(self) -> bytes:
        return bytes(self.table)

    def _base(self, window: int) -> int:
        return (window >> self._shift) & -NEIGHBOURS

    def _put(self, base: int, tag: int, ordinal: int, count: int, *, distinct: bool) -> None:
        entries, victim = self._entries, -1
        for slot in range(base, base + NEIGHBOURS):
            entry = entries[slot]
            if entry and entry >> 40 == tag:
                if distinct and entry >> 8 & _ORDINALS == ordinal:
                    return
                entries[slot] = tag << 40 | ordinal << 8 | min(_MOST, (entry & _MOST) + count)
                return
            if not entry:
                entries[slot] = tag << 40 | ordinal << 8 | count
                return
            if entry & _MOST == 1 and (victim < 0 or entry >> 8 & _ORDINALS < entries[victim] >> 8 & _ORDINALS):
                victim = slot
        if victim >= 0:
            entries[victim] = tag << 40 | ordinal << 8 | count


def _tag(window: int) -> int:
    return window >> 17 & 0xFFFFFF
