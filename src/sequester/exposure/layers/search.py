"""The breadth-first search through the layers of a text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from sequester.episodes.guarded import GuardedText
from sequester.exposure.layers import armour, charset, digits, structure
from sequester.exposure.layers.archives import unpack
from sequester.exposure.layers.hints import Hint, hints
from sequester.exposure.layers.piece import Budget, Decoder, Piece


class Layer(Struct, frozen=True):
    """A text that stands behind one or more wrappings."""

    transforms: tuple[str, ...]
    """Names of the wrappings, outermost first, such as `("base64", "gzip", "strings")`."""
    text: GuardedText
    region: tuple[int, int]
    """Where the outermost wrapping stood in the original text, in code points."""


class _Node(NamedTuple):
    text: str
    hints: int
    transforms: tuple[str, ...] = ()
    region: tuple[int, int] | None = None
    level: int = 0
    rearranged: int = 0
    """How many of the last steps only rearranged the text."""


_ANY = -1

# Each decoder runs only on texts that hint at what it undoes. Those of the second list rearrange a whole text; nearly all of
# them apply to noise, in any order, so that a few in a row is where the search stops.
_DECODERS: tuple[tuple[int, Decoder], ...] = (
    (Hint.UNBROKEN, armour.base64_regions),
    (Hint.UNBROKEN, armour.base32_regions),
    (Hint.UNBROKEN, armour.base85_regions),
    (Hint.UNBROKEN, armour.uuencoded),
    (Hint.DIGITS, digits.numbers),
    (Hint.STRINGS, digits.records),
    (Hint.BYTES | Hint.FOREIGN, charset.wide_text),
    (Hint.FOREIGN, charset.smuggled),
    (_ANY, structure.unescape),
    (_ANY, structure.percent),
    (_ANY, structure.entities),
)
_REARRANGERS: tuple[tuple[int, Decoder], ...] = (
    (Hint.SOFT_BREAKS, structure.quoted_printable),
    (Hint.FOREIGN, charset.mojibake),
    (Hint.MARKUP, structure.markup),
    (Hint.LINKS, structure.links),
    (Hint.LINES, structure.diff),
    (Hint.LINES, structure.line_prefixes),
    (Hint.LINES, structure.columns),
    (Hint.STRINGS, structure.strings),
    (Hint.CIPHER, structure.ciphers),
)
_ONCE = frozenset({"markup", "links", "line-prefixes", "column"})
_MOST_REARRANGEMENTS = 2
_REARRANGEMENT_COST = 4  # in code points of budget per code point: the search of such a text is the slow part
_SHORTEST = 12  # shorter texts hold nothing that the matcher would report


def unfold(text: str, budget: Budget | None = None) -> Iterator[Layer]:
    """Yield every different text that stands behind the wrappings of `text`, breadth first.

    `text` itself is not yielded. Wrappings that the matcher's normalisation undoes by itself (a level of escapes, of entities)
    are not yielded either while nothing else was undone on the way. `budget` bounds the search; `budget.exhausted` says
    afterwards which limits were hit: when it is not empty, part of the text was not searched.
    """
    budget = budget or Budget()
    seen = {_key(text)}
    queue = deque([_Node(text, hints(text))])
    while queue:
        node = queue.popleft()
        for piece, names, decoded in _decoded(node, budget):
            key = _key(decoded)
            if key in seen or len(decoded) < _SHORTEST:
                continue
            if node.level >= budget.depth:
                if isinstance(piece.content, bytes) or piece.undone_by_normaliser:
                    budget.hit("depth")
                    return
                continue  # a mere rearrangement so deep down is the decoders' own debris
            seen.add(key)
            if not budget.admit(len(decoded) * (_REARRANGEMENT_COST if isinstance(piece.content, str) else 1)):
                return
            transforms = (*node.transforms, *names)
            region = node.region or (piece.start, piece.end)
            if not piece.undone_by_normaliser or len(set(transforms)) > 1:
                yield Layer(transforms, GuardedText(decoded), region)
            found = hints(decoded) & ~_settled(node, transforms[-1], piece)
            if found:
                rearranged = _rearranged(node, piece)
                queue.append(_Node(decoded, found, transforms, region, node.level + 1, rearranged))


def _key(text: str) -> tuple[int, int]:
    """Tells texts apart. With the length, because a hash sees only memory: ASCII and its bytes misread as UTF-16 hash alike."""
    return hash(text), len(text)


def _rearranged(node: _Node, piece: Piece) -> int:
    if isinstance(piece.content, bytes):
        return 0
    return node.rearranged + (not piece.undone_by_normaliser)


def _settled(node: _Node, last: str, piece: Piece) -> int:
    """Hints that need not be followed after a step, because it was or the step before it."""
    if last.startswith("utf-"):
        return Hint.BYTES | Hint.FOREIGN
    if last == "escapes" and structure.has_strings(node.text):
        return (
            Hint.STRINGS
        )  # with their escapes gone, inner quotes would be taken for outer ones; `strings` goes inwards by itself
    return Hint.BYTES if isinstance(piece.content, bytes) else 0


def _decoded(node: _Node, budget: Budget) -> Iterator[tuple[Piece, tuple[str, ...], str]]:
    """All texts one decoding below `node`: packed bytes are opened on the way, charsets read."""
    rearrangers = _REARRANGERS if node.rearranged < _MOST_REARRANGEMENTS else ()
    for needed, decode in (*_DECODERS, *rearrangers):
        if not node.hints & needed:
            continue
        for piece in decode(node.text):
            if isinstance(piece.content, str):
                if piece.name in _ONCE and piece.name in node.transforms[-1:]:
                    continue  # what a decoder leaves of its own work is debris
                yield piece, (piece.name,), piece.content
            else:
                yield from _texts(piece, piece.content, (piece.name,), budget)
    if node.hints & Hint.BYTES:
        whole = Piece(0, len(node.text), "", b"")
        yield from _unpacked(whole, charset.as_bytes(node.text), (), budget)


def _texts(piece: Piece, data: bytes, names: tuple[str, ...], budget: Budget) -> Iterator[tuple[Piece, tuple[str, ...], str]]:
    for name, decoded in charset.readings(data):
        yield piece, (*names, name) if name else names, decoded
    yield from _unpacked(piece, data, names, budget)


def _unpacked(piece: Piece, data: bytes, names: tuple[str, ...], budget: Budget) -> Iterator[tuple[Piece, tuple[str, ...], str]]:
    for packings, content in unpack(data, budget):
        for name, decoded in charset.readings(content):
            yield piece, (*names, *packings, name) if name else (*names, *packings), decoded
