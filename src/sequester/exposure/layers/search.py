"""The breadth-first search through the layers of a text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from sequester.episodes.guarded import GuardedText
from sequester.exposure.layers import armour, charset, digits, structure
from sequester.exposure.layers.archives import unpack
from sequester.exposure.layers.hints import Hint
from sequester.exposure.layers.piece import Budget, Decoder, Piece, RegionDecoder


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


# Each decoder runs only on texts that hint at what it undoes. Those of the second list rearrange a whole text; nearly all of
# them apply to noise, in any order, so that a few in a row is where the search stops.
_ARMOURS: tuple[tuple[int, RegionDecoder], ...] = (
    (Hint.BASE64, armour.base64_regions),
    (Hint.BASE32, armour.base32_regions),
    (Hint.BASE85, armour.base85_regions),
)
_DECODERS: tuple[tuple[int, Decoder], ...] = (
    (Hint.UU, armour.uuencoded),
    (Hint.BASE85, armour.binary_patches),
    (Hint.BASE64 | Hint.DIGITS | Hint.DISGUISE | Hint.SOFT_BREAKS, structure.encoded_words),
    (Hint.DIGITS, digits.numbers),
    (Hint.STRINGS, digits.records),
    (Hint.BYTES | Hint.FOREIGN, charset.wide_text),
    (Hint.FOREIGN, charset.smuggled),
)
_UNESCAPERS: tuple[tuple[int, str, Decoder], ...] = (
    (Hint.BACKSLASHES, "\\", structure.unescape),
    (Hint.PERCENTS, "%", structure.percent),
    (Hint.ENTITIES, "&", structure.entities),
)
_REARRANGERS: tuple[tuple[int, Decoder], ...] = (
    (Hint.DISGUISE, structure.undisguise),
    (Hint.SOFT_BREAKS, structure.quoted_printable),
    (Hint.FOREIGN, charset.mojibake),
    (Hint.FOREIGN, charset.byte_tokens),
    (Hint.MARKUP, structure.markup),
    (Hint.LINKS, structure.links),
    (Hint.DIFF, structure.diff),
    (Hint.PREFIXES, structure.line_prefixes),
    (Hint.TABLES, structure.columns),
    (Hint.STRINGS, structure.strings),
    (Hint.CIPHER, structure.ciphers),
)
# What a decoder leaves of its own work is debris; and where a table or the beginnings of lines are gone, the strings are the same.
_LINEWISE = frozenset({structure.line_prefixes, structure.columns, structure.strings})
_NOT_AFTER: dict[str, frozenset[Decoder]] = {
    "markup": frozenset({structure.markup}),
    "links": frozenset({structure.links}),
    "line-prefixes": frozenset({structure.line_prefixes}),
    "column": _LINEWISE,
    # A text was misread in one way or in the other.
    "mojibake": frozenset({charset.byte_tokens}),
    "byte-level-tokens": frozenset({charset.mojibake, charset.byte_tokens}),
}
_MOST_REARRANGEMENTS = 2
_REARRANGEMENT_COST = 4  # in code points of budget per code point: the search of such a text is the slow part
_FEWEST_ESCAPES = 4
_SHORTEST = 12  # shorter texts hold nothing that the matcher would report


class Step(NamedTuple):
    """How a text came out of another one."""

    name: str
    before: str
    """The other one."""
    hints: int
    """What was looked for there."""
    from_bytes: bool


Look = Callable[[str, Step | None], int]
"""Which kinds of wrapping a text may hold, as bits of `Hint`. Asked once of the text that is unfolded, and of every text behind it."""


def unfold(text: str, budget: Budget, look: Look) -> Iterator[Layer]:
    """Yield every different text that stands behind the wrappings of `text`, breadth first.

    `text` itself is not yielded. `look` says where it is worth going on. `budget` bounds the search; `budget.exhausted` says afterwards
    which limits were hit: when it is not empty, part of the text was not searched.
    """
    budget.begin(len(text))
    seen = _Seen(budget)
    seen.add(text)
    queue = deque([_Node(text, look(text, None))])
    while queue:
        node = queue.popleft()
        for piece, names, decoded in _decoded(node, budget, seen):
            if decoded in seen or len(decoded) < _SHORTEST:
                continue
            if node.level >= budget.depth:
                if isinstance(piece.content, bytes) or piece.undone_by_normaliser:
                    budget.hit("depth")
                    return
                continue  # a mere rearrangement so deep down is the decoders' own debris
            seen.add(decoded)
            if not budget.admit(len(decoded) * (_REARRANGEMENT_COST if isinstance(piece.content, str) else 1)):
                return
            transforms = (*node.transforms, *names)
            region = node.region or (piece.start, piece.end)
            step = Step(transforms[-1], node.text, node.hints, isinstance(piece.content, bytes))
            found = look(decoded, step) & ~_settled(step)
            yield Layer(transforms, GuardedText(decoded), region)
            if found:
                rearranged = _rearranged(node, piece)
                queue.append(_Node(decoded, found, transforms, region, node.level + 1, rearranged))


def retrace(text: str, transforms: tuple[str, ...]) -> Iterator[Layer]:
    """Yield every text that stands behind just these wrappings of `text`, outermost first."""
    budget = Budget()
    budget.begin(len(text))
    queue = deque([_Node(text, Hint.ALL)])
    while queue:
        node = queue.popleft()
        done = len(node.transforms)
        for piece, names, decoded in _decoded(node, budget, _Seen(budget)):
            if names != transforms[done : done + len(names)] or not budget.admit(len(decoded)):
                continue
            region = node.region or (piece.start, piece.end)
            if done + len(names) == len(transforms):
                yield Layer(transforms, GuardedText(decoded), region)
            else:
                queue.append(_Node(decoded, Hint.ALL, (*node.transforms, *names), region))


class _Seen:
    """The texts and bytes that the search has met, by type, hash and length: a hash alone sees only memory, so that ASCII, the same
    as bytes, and both misread as UTF-16 hash alike. Regions are kept by what decoded them, too."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._keys: set[tuple[object, int, int]] = set()

    def __contains__(self, content: str | bytes) -> bool:
        return (type(content), hash(content), len(content)) in self._keys

    def add(self, content: str | bytes) -> bool:
        """Whether it is new."""
        return self._is_new((type(content), hash(content), len(content)))

    def attempt(self, decode: RegionDecoder, region: str) -> bool:
        """Whether `decode` may be tried on a region: never before, and within the budget."""
        return self._is_new((decode, hash(region), len(region))) and self._budget.attempt(0)

    def _is_new(self, key: tuple[object, int, int]) -> bool:
        known = len(self._keys)
        self._keys.add(key)
        return len(self._keys) > known


def _rearranged(node: _Node, piece: Piece) -> int:
    if isinstance(piece.content, bytes):
        return 0
    return node.rearranged + (not piece.undone_by_normaliser and piece.name != "disguise")


def _settled(step: Step) -> int:
    """Hints that need not be followed after a step, because it was or the step before it."""
    if step.name.startswith("utf-"):
        return Hint.BYTES | Hint.FOREIGN
    if step.name == "escapes":
        # With their escapes gone, inner quotes would be taken for outer ones; `strings` goes inwards by itself.
        quotes = Hint.STRINGS if structure.has_strings(step.before) else 0
        return quotes | (Hint.LINES if step.before.count("\\n") < _FEWEST_ESCAPES else 0)
    return Hint.BYTES if step.from_bytes else 0


def _decoded(node: _Node, budget: Budget, seen: _Seen) -> Iterator[tuple[Piece, tuple[str, ...], str]]:
    """All texts one decoding below `node`: packed bytes are opened on the way, charsets read. Ends early where a limit is hit."""
    for decode in _decoders(node, seen):
        for piece in decode(node.text):
            if not budget.attempt(len(piece.content)):
                return
            if isinstance(piece.content, str):
                yield piece, (piece.name,), piece.content
            elif seen.add(piece.content):
                yield from _texts(piece, piece.content, (piece.name,), budget, seen)
    if node.hints & Hint.BYTES:
        whole = Piece(0, len(node.text), "", b"")
        yield from _unpacked(whole, charset.as_bytes(node.text), (), budget, seen)


def _decoders(node: _Node, seen: _Seen) -> Iterator[Decoder]:
    for needed, regions in _ARMOURS:
        if node.hints & needed:
            yield _on_fresh(regions, seen)
    yield from (decode for needed, decode in _DECODERS if node.hints & needed)
    # A few escapes in a program hide nothing; one inside an encoded region does.
    fewest = 1 if node.hints & (Hint.ENCODED & ~Hint.BYTES) else _FEWEST_ESCAPES
    yield from (decode for needed, mark, decode in _UNESCAPERS if node.hints & needed and node.text.count(mark) >= fewest)
    if node.rearranged < _MOST_REARRANGEMENTS:
        useless = _NOT_AFTER.get(node.transforms[-1], frozenset()) if node.transforms else ()
        yield from (decode for needed, decode in _REARRANGERS if node.hints & needed and decode not in useless)


def _on_fresh(decode: RegionDecoder, seen: _Seen) -> Decoder:
    return lambda text: decode(text, partial(seen.attempt, decode))


def _texts(
    piece: Piece, data: bytes, names: tuple[str, ...], budget: Budget, seen: _Seen
) -> Iterator[tuple[Piece, tuple[str, ...], str]]:
    for name, decoded in charset.readings(data):
        yield piece, (*names, name) if name else names, decoded
    yield from _unpacked(piece, data, names, budget, seen)


def _unpacked(
    piece: Piece, data: bytes, names: tuple[str, ...], budget: Budget, seen: _Seen
) -> Iterator[tuple[Piece, tuple[str, ...], str]]:
    for packings, content in unpack(data, budget, seen.add):
        for name, decoded in charset.readings(content):
            yield piece, (*names, *packings, name) if name else (*names, *packings), decoded
