"""Which pieces of text other episodes' reward inputs hold too: a fixed-size note of windows.

A window is WINDOW normalised bytes. Those at every NOTE_STRIDE-th position of a reward input are noted where they touch no private run of
that episode's own reasoning: because the reasoning lacks them, or because they are public there. What other inputs hold in that way is
rubric, reference or the topic's wording. An input that may itself be a leak notes nothing.

A run is looked up at all its positions. An input that holds it whole has noted one of every NOTE_STRIDE consecutive windows of it,
wherever it stands there. So a run counts as held if no NOTE_STRIDE consecutive windows of it are missing.

A note is a sequence of blocks, each a table of lines of LINE slots of 4 bytes: one block is filled at a time, so that what is written
to stays in the processor's cache. A block is filled by half: then one window in a thousand meets a full line and costs another its place
(at three quarters one in fifty, and a run of forty bytes hangs on a single one). So a block holds some 33,000 different windows (half a
MB of reward inputs). Which blocks a run is looked up in, `sharing` says. Two windows are told apart by 43 bits.
"""

from __future__ import annotations

import mmap
import struct
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sequester.errors import UsageError

SLOTS = 1 << 23
LINE = 16
BLOCK = 1 << 16
"""Slots of a block; a quarter of all in small sketches. The first block's place holds the number of blocks begun."""
WINDOW = 32
"""Normalised bytes of a window."""
NOTE_STRIDE = 8
"""So every run of WINDOW + NOTE_STRIDE - 1 = 39 bytes can be looked up."""
EXPOSED_RUN = 64
"""A reward call with a run of so many private bytes may be a leak; what stands in it is no evidence of being shared."""

_PARTS = 4
"""Parts that stand for a long run, evenly from its beginning to its end."""
_PART = 14 * NOTE_STRIDE
"""Windows of such a part."""
_MASK = (1 << 64) - 1
_LOW_FACTOR = 0x9E3779B97F4A7C15
_HIGH_FACTOR = 0xC2B2AE3D27D4EB4F
_WORDS = struct.Struct("<4Q")


def window_hash(text: bytes, at: int) -> int:
    """Hash of the WINDOW bytes at an offset."""
    words: tuple[int, int, int, int] = _WORDS.unpack_from(text, at)
    first, second = words[0] * _LOW_FACTOR + words[1] * _HIGH_FACTOR, words[2] * _LOW_FACTOR + words[3] * _HIGH_FACTOR & _MASK
    return (first ^ (second << 31 | second >> 33)) & _MASK


def hashes_at(text: bytes, places: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Hashes of the windows at some offsets."""
    words: NDArray[np.uint64] = np.ndarray(max(0, len(text) - 7), np.dtype("<u8"), text, strides=(1,))
    low, high = np.uint64(_LOW_FACTOR), np.uint64(_HIGH_FACTOR)
    first: NDArray[np.uint64] = words[places] * low + words[places + 8] * high
    second: NDArray[np.uint64] = words[places + 16] * low + words[places + 24] * high
    return first ^ (second << np.uint64(31) | second >> np.uint64(33))


def windows_of(run: bytes) -> bytes:
    """Hashes of the windows of a run, in order, 8 bytes each; none of a run too short to be looked up. Of a long run some parts stand for
    the whole: more than its ends, because a leaked reasoning may begin and end with what everybody quotes."""
    count = len(run) - WINDOW + 1
    if count < NOTE_STRIDE:
        return b""
    starts, last = [], 0
    if count > _PARTS * _PART:
        # Each part begins at the remainder at which the one before stops, so that all together are like one.
        *starts, last = (part * (count - _PART) // (_PARTS - 1) // NOTE_STRIDE * NOTE_STRIDE for part in range(_PARTS))
    parts = (*(range(start, start + _PART) for start in starts), range(last, count))
    return array("Q", [window_hash(run, at) for part in parts for at in part]).tobytes()


class Sketch:
    """The block that is being filled, and those filled since they were last taken; filled by `screen`. Memory: 4 bytes per slot used.

    Where more blocks are begun than there is room for, the one begun first is forgotten.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        if slots < 4 * LINE or slots & (slots - 1):
            raise UsageError(f"a sketch of {slots} slots", hint=f"use a power of two of at least {4 * LINE}")
        self.table = memoryview(mmap.mmap(-1, 4 * slots))
        """The slots, in the machine's byte order; the kernel writes into it."""
        self._size = min(BLOCK, slots // 4)
        self.place = array("I", [0, 0])
        """The block that is being filled, 0 for none yet, and how many windows went into it; the kernel writes into it."""
        self._slots = np.frombuffer(self.table, np.uint32, slots)
        self._lines = self._slots.reshape(-1, self._size // LINE, LINE)

    @property
    def begun(self) -> int:
        """Blocks that are held: the last of them is being filled."""
        return min(int(self._slots[0]), len(self._lines) - 1)

    @property
    def blocks(self) -> list[bytes]:
        """A copy of every block, in the order in which they were begun."""
        room = len(self._lines) - 1
        begun = int(self._slots[0])
        return [self._lines[1 + number % room].tobytes() for number in range(begun - self.begun, begun)]

    def take(self) -> list[bytes]:
        """The blocks, which the sketch then holds no more."""
        blocks = self.blocks
        self._slots[0] = 0
        self.place[:] = array("I", [0, 0])
        return blocks

    def note(self, window: int) -> None:
        """Note a window: where it stands in the block already, else in the first empty slot of its line, else over one the hash picks."""
        block, filled = self.place
        if block == 0 or filled >= self._size // 2:  # more would crowd the lines
            block, filled = self._next_block(), 0
        line = self._lines[block, _line(window, self._size)]
        if not (line == _tag(window)).any():
            used = np.count_nonzero(line)
            line[used if used < LINE else (window >> 32) % LINE] = _tag(window)
            filled += 1
        self.place[:] = array("I", [block, filled])

    def _next_block(self) -> int:
        block = 1 + int(self._slots[0]) % (len(self._lines) - 1)
        self._slots[0] += 1
        self._lines[block] = 0
        return block


def holds(blocks: Sequence[bytes], window: int) -> bool:
    """Whether some blocks hold a window."""
    for block in blocks:
        slots = np.frombuffer(block, np.uint32)
        if (slots.reshape(-1, LINE)[_line(window, len(slots))] == _tag(window)).any():
            return True
    return False


def holds_run(blocks: Sequence[bytes], run: bytes) -> bool:
    """Whether some blocks hold a run with these windows (`windows_of`): False for none, since nothing was looked up."""
    windows, last = memoryview(run).cast("Q"), -1
    while last + NOTE_STRIDE < len(windows):
        # Backwards: an input that holds the run has noted every NOTE_STRIDE-th, so the farthest one follows the one before.
        ahead = range(last + NOTE_STRIDE, last, -1)
        farthest = next((at for at in ahead if holds(blocks, windows[at])), None)
        if farthest is None:
            return False
        last = farthest
    return last >= 0


def _line(window: int, slots: int) -> int:
    """The line of a window in a block of so many slots."""
    return window * (slots // LINE) >> 64


def _tag(window: int) -> int:
    """Never 0, which is an empty slot."""
    return window & 0xFFFFFFFF | 1
