"""Which pieces of text other episodes' reward inputs hold too: a fixed-size note of windows.

A window is WINDOW normalised bytes from a selected seed on. It is noted where it stands in a reward input outside every private run of
that episode's own reasoning: because the reasoning lacks it, or because it is public there. What other inputs hold in that way is rubric,
reference or the topic's wording. An input that may itself be a leak notes nothing.

Slots of 4 bytes in lines of LINE. A line that is full loses an old window for a new one, so the note reaches back over about as many
windows as there are slots (some 200 MB of reward inputs): siblings that were sampled together see each other, in both directions because
severity is settled last. What is forgotten can only leave a severity higher. Two windows of a line are told apart by 31 bits.
"""

from __future__ import annotations

import contextlib
import mmap

from sequester.errors import UsageError

SLOTS = 1 << 23
LINE = 16
WINDOW = 32
"""Normalised bytes of a window. It begins where the matcher selected a seed, so every run of WINDOW + W - 1 = 40 bytes holds one."""
EXPOSED_RUN = 64
"""A reward call with a run of so many private bytes may be a leak; what stands in it is no evidence of being shared."""


class Sketch:
    """The slots; filled by `screen`. Memory: 4 bytes per slot. May be shared between threads and processes.

    `table` of 4 * slots bytes is used in place, for memory that several processes share.
    """

    def __init__(self, slots: int = SLOTS, table: memoryview | None = None) -> None:
        if slots < LINE or slots & (slots - 1):
            raise UsageError(f"a sketch of {slots} slots", hint=f"use a power of two of at least {LINE}")
        self.table = _fresh(4 * slots) if table is None else table
        """The slots, in the machine's byte order; the kernel writes into it."""
        self._slots = self.table.cast("I")
        self._shift = 64 - slots.bit_length() + 1

    def note(self, window: int) -> None:
        """Note a window: where it stands already, else in the first empty slot of its line, else over one that the hash picks."""
        line = self._line(window)
        if _tag(window) not in line:
            used = LINE - line.tolist().count(0)
            line[used if used < LINE else (window >> 32) % LINE] = _tag(window)

    def holds(self, window: int) -> bool:
        """Whether the window was noted, and not forgotten."""
        return _tag(window) in self._line(window)

    def _line(self, window: int) -> memoryview:
        first = (window >> self._shift) & -LINE
        return self._slots[first : first + LINE]


def _fresh(size: int) -> memoryview:
    """Zeroed memory, in huge pages where the system has them: windows fall all over it, and small pages would cost a page walk each."""
    memory = mmap.mmap(-1, size)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)


def _tag(window: int) -> int:
    """Never 0, which is an empty slot."""
    return window & 0xFFFFFFFF | 1
