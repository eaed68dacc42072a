"""How many episodes' reward inputs share a piece of text: a fixed-size count of sampled seeds.

A seed counts where it stands in a reward input outside every private run of that episode's own reasoning. What many episodes' inputs
hold in that way is rubric or boilerplate, and finding it says little.

The table has 8-byte slots in neighbourhoods of eight: a 24-bit tag, the ordinal of the last episode, a count up to 255. Tags collide
by chance (about one seed in two million per occupied neighbourhood), so a count may be too high, and a full neighbourhood forgets
seeds that were seen once, so it may be too low: it is a hint for severity, never a reason to drop a finding.
"""

from __future__ import annotations

import threading

from sequester.errors import UsageError

try:
    from sequester.exposure import _kernel
except ImportError:  # no compiler at installation
    _kernel = None

SLOTS = 1 << 21
NEIGHBOURS = 8
_MOST = 255
_SAMPLED_BIT = 1 << 41
_ORDINALS = (1 << 32) - 1


def sampled(seed: int) -> bool:
    """Whether a seed is among the half that is counted."""
    return bool(seed & _SAMPLED_BIT)


class Sketch:
    """The table; filled by `screen`. Memory: 8 bytes per slot. May be shared between threads."""

    def __init__(self, slots: int = SLOTS) -> None:
        if slots < NEIGHBOURS or slots & (slots - 1):
            raise UsageError(f"a sketch of {slots} slots", hint=f"use a power of two of at least {NEIGHBOURS}")
        self.table = bytearray(8 * slots)
        """The slots, little-endian; the kernel writes into it."""
        self._entries = memoryview(self.table).cast("Q")
        self._shift = 64 - slots.bit_length() + 1
        self._episodes = 0
        self._lock = threading.Lock()

    def reserve(self, episodes: int) -> int:
        """The first of so many fresh episode ordinals."""
        with self._lock:
            first = self._episodes + 1
            self._episodes += episodes
        return first & _ORDINALS

    def count(self, seed: int) -> int:
        """In how many episodes the seed was seen; 0 if never, or forgotten."""
        base = self._base(seed)
        for entry in self._entries[base : base + NEIGHBOURS]:
            if entry and entry >> 40 == _tag(seed):
                return entry & _MOST
        return 0

    def add(self, seed: int, ordinal: int) -> None:
        """Count one episode for the seed, unless its last one was the same."""
        self._put(self._base(seed), _tag(seed), ordinal & _ORDINALS, 1, distinct=True)

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

    def _base(self, seed: int) -> int:
        return (seed >> self._shift) & -NEIGHBOURS

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


def _tag(seed: int) -> int:
    return seed >> 17 & 0xFFFFFF
