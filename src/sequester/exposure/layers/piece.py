"""What decoders hand over, and what they may spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Piece(NamedTuple):
    """A decoded stretch of a text."""

    start: int
    """Code-point offset of the encoded region in the text it was found in."""
    end: int
    name: str
    content: str | bytes
    undone_by_normaliser: bool = False
    """The matcher sees through this wrapping by itself; it is decoded only to reach what stands behind it."""


Decoder = Callable[[str], Iterator[Piece]]
Fresh = Callable[[str], bool]
"""Whether a region is still to be decoded: it was not before, and the budget has attempts left."""
RegionDecoder = Callable[[str, Fresh], Iterator[Piece]]
"""A decoder of regions of a text. The same region often stands in many of the texts that one text is unfolded to."""


_PER_CHARACTER = 32
_PER_TEXT = 4 << 20
"""What one text may be unfolded to: so much for each of its characters, and so much besides."""


class Budget:
    """What the search of the texts of one reward call may cost, and which of its limits were hit.

    `depth`     text-to-text decodings on one chain; also the number of compressions and archives inside each other per decoding
    `regions`   different texts found, over all chains
    `attempts`  regions decoded and packings opened, whether anything came of it or not
    `inflated`  bytes that decompression may produce in all, whatever the ratio
    `decoded`   characters and bytes that decoders may produce in all, whether kept or not

    Of one text, neither `inflated` nor `decoded` may exceed 4 Mi and 32 for each of its code points. A text for which `exhausted`
    is not empty was not searched to the end and must not be taken as searched.
    """

    __slots__ = ("_decoded_here", "_exhausted", "_inflated_here", "attempts", "decoded", "depth", "inflated", "regions")

    def __init__(
        self,
        *,
        depth: int = 6,
        regions: int = 4096,
        attempts: int = 1 << 16,
        inflated: int = 64 << 20,
        decoded: int = 64 << 20,
    ) -> None:
        self.depth = depth
        self.regions = regions
        self.attempts = attempts
        self.inflated = inflated
        self.decoded = decoded
        self._inflated_here = inflated
        self._decoded_here = decoded
        self._exhausted: set[str] = set()

    def begin(self, characters: int) -> None:
        """The search of a text of so many code points begins."""
        self._inflated_here = self._decoded_here = _PER_CHARACTER * characters + _PER_TEXT

    @property
    def exhausted(self) -> tuple[str, ...]:
        """Names of the limits that were hit, sorted; empty when everything was searched."""
        return tuple(sorted(self._exhausted))

    def hit(self, limit: str) -> None:
        """Record that a limit stopped the search."""
        self._exhausted.add(limit)

    @property
    def room(self) -> int:
        """Bytes that may still be inflated."""
        return min(self.inflated, self._inflated_here)

    def inflate(self, size: int) -> None:
        """Account for so many inflated bytes, at most `room`."""
        self.inflated -= size
        self._inflated_here -= size
        if self.room <= 0:
            self.hit("inflated")

    def attempt(self, characters: int) -> bool:
        """Account for one region that a decoder was tried on and what it produced; False when a limit forbids to go on."""
        if self.attempts <= 0:
            self.hit("attempts")
            return False
        self.attempts -= 1
        return self._decode(characters)

    def admit(self, characters: int) -> bool:
        """Account for one more text to search; False when a limit forbids it."""
        if self.regions <= 0:
            self.hit("regions")
            return False
        self.regions -= 1
        return self._decode(characters)

    def _decode(self, characters: int) -> bool:
        if characters > min(self.decoded, self._decoded_here):
            self.hit("decoded")
            return False
        self.decoded -= characters
        self._decoded_here -= characters
        return True
