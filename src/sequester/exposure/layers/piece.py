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


class Budget:
    """What the search of one text may cost, and which of its limits were hit.

    `depth`     text-to-text decodings on one chain; also the number of compressions and archives inside each other per decoding
    `regions`   decoded regions, over all chains
    `inflated`  bytes that decompression may produce in all, whatever the ratio
    `decoded`   code points of decoded text in all

    A text for which `exhausted` is not empty was not searched to the end and must not be taken as searched.
    """

    __slots__ = ("_exhausted", "decoded", "depth", "inflated", "regions")

    def __init__(self, *, depth: int = 6, regions: int = 4096, inflated: int = 64 << 20, decoded: int = 64 << 20) -> None:
        self.depth = depth
        self.regions = regions
        self.inflated = inflated
        self.decoded = decoded
        self._exhausted: set[str] = set()

    @property
    def exhausted(self) -> tuple[str, ...]:
        """Names of the limits that were hit, sorted; empty when everything was searched."""
        return tuple(sorted(self._exhausted))

    def hit(self, limit: str) -> None:
        """Record that a limit stopped the search."""
        self._exhausted.add(limit)

    def admit(self, characters: int) -> bool:
        """Account for one decoded region; False when a limit forbids it."""
        if self.regions <= 0:
            self.hit("regions")
            return False
        if characters > self.decoded:
            self.hit("decoded")
            return False
        self.regions -= 1
        self.decoded -= characters
        return True
