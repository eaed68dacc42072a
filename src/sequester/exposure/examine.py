"""A close look at one reward call: every field, every decoding layer, every list of integers, with places and weights.

The screen (`scan.py`) has said that there is something here, or that something may be wrapped. This module is exact and slow; it
sees one call in a hundred.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import RewardCall
from sequester.exposure import flags, matching
from sequester.exposure.candidates import SPANS_KEPT, Finder, Site, fields_of, site_of
from sequester.exposure.integers import (
    RUN,
    columns,
    decode_integers,
    large_as_ids,
    outside,
    plain_lists,
    series,
    shared_ids,
    spread_like_ids,
)
from sequester.exposure.layers import Budget, holds_packing, retrace, unfold
from sequester.exposure.severity import THRESHOLDS, ChainWeight, RunWeight, telling_run
from sequester.exposure.subject import Subject
from sequester.exposure.suspects import Candidate, Minor
from sequester.exposure.undoing import UNESCAPED, Search
from sequester.exposure.weighing import said_once, weigh, weighs_little
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import FindingClass, Span

_CHARACTERS_PER_ID = 3
"""For weighing runs of token ids beside text: normalised characters of a token in English, on the low side."""
_ARMOURS = frozenset({"base64", "base32", "base85", "z85", "ascii85", "uuencode", "hex"})
_COMPRESSED = frozenset({"gzip", "zlib", "deflate", "bz2", "xz", "lzma", "zstd", "lz4", "brotli", "tar", "zip"})
PACKINGS = _ARMOURS | _COMPRESSED
"""Wrappings in which files are collected."""
WHOLE = 0.9
"""Share of the reasoning that, once shown, leaves nothing to look for behind decoding layers of the same field."""


class Examination(Struct, frozen=True):
    """What a close look at one reward call found."""

    candidates: tuple[Candidate, ...]
    minors: tuple[Minor, ...]
    limits: tuple[str, ...]
    """Decoding limits that were hit: part of the input was not searched."""
    ids_unknown: bool
    """Token ids were handed over that cannot be compared, because the log lacks those of the reasoning."""


def examine(subject: Subject, call: RewardCall, hit: matching.Hit | None, key: FingerprintKey) -> Examination:
    """All candidates in one reward call with known inputs, and the limits that were hit on the way.

    `hit` is what the screen saw in it: the stretches that need no decoding, and by field whether something may be wrapped. A field
    without such a flag is not unfolded, because unfolding costs hundreds of times more.
    """
    texts = searched_texts(call)
    lists = [_Listed(field.name, field.ids) for field in call.inputs or () if field.ids is not None]
    budget = Budget()
    finder = Finder(subject, call.path, key)
    found = [*_plain(finder, texts, hit.chains)] if hit is not None and hit.chains else []
    for (name, text), flag in zip(texts, hit.flags if hit is not None and any(hit.flags) else (), strict=False):
        if flag & flags.PACKED and not holds_packing(text.reveal()):
            flag &= ~flags.PACKED
        if flag & (flags.UNFOLDED | flags.PACKED):
            found += _wrapped(finder, name, text.reveal(), budget, flag, lists)
        lists += _written(name, text.reveal(), flag)
    for listed in list(lists):
        if listed.is_spelling:
            found += _spelled(finder, listed, budget, lists)
    lists = list(_with_columns(subject, lists)) if lists else lists
    for listed in lists:
        found += _same_ids(finder, listed)
    unknown = any(map(partial(_cannot_be_compared, subject), lists))
    least = THRESHOLDS.never_shared if subject.material.lacks_answer else 0.0
    return Examination(
        tuple(one for one in found if isinstance(one, Candidate) and one.covered >= least),
        tuple(one for one in found if isinstance(one, Minor)),
        budget.exhausted,
        unknown,
    )


def searched_texts(call: RewardCall) -> list[tuple[str, GuardedText]]:
    """The text fields of a call by name, and its short leaves joined: a text in pieces too short to be found one by one."""
    texts, short = [], 0
    for field in call.inputs or ():
        if field.text is not None:
            texts.append((field.name, field.text))
            short += _is_piece(field.text)
    return texts + _short_leaves_joined(texts) if short > 1 else texts


def _is_piece(text: GuardedText) -> bool:
    """Whether a leaf is too short to be found by itself, or may be one line of an encoding."""
    raw = text.reveal_raw()
    if len(raw) < SHORT_LEAF or len(raw) >= LONGEST_LINE:
        return len(raw) < SHORT_LEAF
    line = raw if isinstance(raw, str) else bytes(raw)
    return line.isascii() and len(line.split()) == 1


def _short_leaves_joined(texts: Sequence[tuple[str, GuardedText]]) -> list[tuple[str, GuardedText]]:
    pieces: dict[str, list[str]] = {}
    for name, text in texts:
        if _is_piece(text):
            for place in {_INDEX.sub("[*]", name), _INDEX_BEFORE_LAST.sub("[*]", name)}:
                pieces.setdefault(place, []).append(text.reveal())
    # Tokenizers write a leading space or a line break as one of these letters.
    joined = [
        (f"{place} joined", GuardedText("".join(leaves).translate(_TOKEN_SPACES)))
        for place, leaves in pieces.items()
        if len(leaves) >= SHORT_LEAVES
    ]
    if len(pieces) >= SHORT_LEAVES:
        joined.append((JOINED, GuardedText("".join(leaves[0] for leaves in pieces.values()))))
    return joined


_INDEX = re.compile(r"\[\d+\]")
_INDEX_BEFORE_LAST = re.compile(r"\[\d+\](?=.*\[\d+\])")
_TOKEN_SPACES = str.maketrans("ĠĊ▁", "   ")
JOINED = "(short leaves joined)"
SHORT_LEAF = 48
LONGEST_LINE = 128
"""Characters of an encoding on one line; usual are 48 to 100."""
SHORT_LEAVES = 3


class _Listed(NamedTuple):
    """A list of integers in a reward call."""

    name: str
    """Of its field."""
    values: array[int]
    before: tuple[str, ...] = ()
    """The transforms that it stands behind."""
    is_spelling: bool = True
    """Whether it may spell a text that is not searched as a layer of its field."""
    written: str = ""
    """As it stands in a text."""
    row: _Listed | None = None
    """The list within which it stands, such as a table written row by row."""
    is_whole: bool = True
    """Whether its integers go together, and were not only picked at even distances."""


def _written(name: str, text: str, flag: int, before: tuple[str, ...] = ()) -> Iterator[_Listed]:
    """The lists of integers in a text with these flags."""
    if not flag & (flags.NUMBERS | flags.KEYED):
        return
    is_spelling, ends, rows = bool(flag & flags.DIGITS), array("q"), []
    for start, end, values in plain_lists(text):
        ends.append(end)
        rows.append((start, _Listed(name, values, before, is_spelling, text[start:end])))
        yield rows[-1][1]
    for start, end, values in series(text):
        at = bisect_left(ends, end)
        row = rows[at][1] if at < len(rows) and rows[at][0] <= start else None
        if row is None or len(values) + 1 < len(row.values):
            yield _Listed(name, values, before, is_spelling, row.written if row else text[start:end], row)


def _with_columns(subject: Subject, lists: Sequence[_Listed]) -> Iterator[_Listed]:
    """Lists, each with the columns of what in it is not known as it stands, read from the first integer to the last."""
    known = subject.ids.cot + subject.ids.public + subject.ids.unsure
    inside: dict[int, list[_Listed]] = {}
    for listed in lists:
        if listed.row is None:
            yield listed
            rest = outside(listed.values, known)
            if len(rest) >= 2 * RUN:
                inside[id(listed)] = [listed._replace(values=part, row=listed, is_whole=whole) for part, whole in columns(rest)]
                yield from inside[id(listed)]
        elif id(listed.row) in inside and not any(_is_column(listed.values, part.values) for part in inside[id(listed.row)]):
            yield listed


def _is_column(values: array[int], column: array[int]) -> bool:
    """Whether a series is a column once more; before the first integer of a table there is nothing to tell its series."""
    return 0 <= len(column) - len(values) <= 1 and column[-len(values) :] == values


def _cannot_be_compared(subject: Subject, listed: _Listed) -> bool:
    """Whether a list of integers is token ids, or holds some, of which the log cannot say whose they are."""
    known = subject.ids
    if not listed.is_whole:
        return False
    if shared_ids(known.unsure, known.public, listed.values):
        return True
    rest = outside(listed.values, known.cot + known.public + known.unsure)
    return _may_be_token_ids(listed.name, rest) and not (
        listed.written and any(listed.written in text.reveal() for text, _ in subject.material.public)
    )


def _may_be_token_ids(name: str, values: array[int]) -> bool:
    """Whether integers are token ids by how they are spread, or by the name of their field; bytes and code points were searched as
    text."""
    if spread_like_ids(values):
        return True
    if len(values) < RUN or not large_as_ids(values) or _ID_NAME.search(name) is None:
        return False
    return sum(0x09 <= value < 0x250 for value in values) < _TEXT_SHARE * len(values)


_TEXT_SHARE = 0.6
"""Share of values below U+0250 from which a list of integers is taken for text: token ids reach far higher."""


_ID_NAME = re.compile(
    r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
    r"(?i:(?:(?:token|tok|input|prompt|response|completion|output|sample|sequence)_?)?ids?"
    r"|tokens?|sequences?|responses?|completions?|outputs?|samples?|tensor|data)(?:\[\d*\])*$"
)


def _plain(
    finder: Finder, texts: Sequence[tuple[str, GuardedText]], found: Sequence[matching.Chain]
) -> Iterator[Candidate | Minor]:
    """Stretches that the screen saw without decoding, also where they continue from one field into the next."""
    by_fields: dict[tuple[int, ...], list[matching.Chain]] = {}
    for chain in found:
        by_fields.setdefault(fields_of(chain), []).append(chain)
    for indices, chains in by_fields.items():
        yield from finder.candidates(site_of(texts, indices), chains)


def _wrapped(
    finder: Finder,
    name: str,
    text: str,
    budget: Budget,
    flag: int,
    lists: list[_Listed],
    before: tuple[str, ...] = (),
    class_: FindingClass = FindingClass.CONTENT,
) -> Iterator[Candidate | Minor]:
    """Stretches behind decoding layers. What a shallower layer already showed whole is not reported again.

    `flag` is what the screen saw wrapped in the text, `before` the transforms that the text itself stands behind. Lists of integers
    in the layers are added to `lists`.
    """
    subject, search = finder.subject, Search(finder.subject.pattern, flag)
    whole = WHOLE * subject.pattern.length
    chains = subject.pattern.scan(text)
    shown = _places(_telling(subject, chains)) if chains else 0
    if shown.bit_count() >= whole:
        return
    for layer in unfold(text, budget, search):
        lists += _written(name, layer.text.reveal(), search.flag & ~flags.DIGITS, before + layer.transforms)
        if layer.transforms[0] in UNESCAPED and len(set(layer.transforms)) == 1 and _longest(search.chains) <= _longest(chains):
            continue  # which the matcher undid by itself
        plainly = _places(search.chains)
        if not plainly:
            yield from _collected(finder, name, before + layer.transforms, layer.text.reveal())
        # The public texts are unfolded only once a layer shows more than is known.
        if (plainly & ~shown).bit_count() < THRESHOLDS.report:
            continue
        found = subject.unfolded.scan(layer.text.reveal())
        if (_places(found) & ~shown).bit_count() < THRESHOLDS.report:
            continue
        shown |= _places(_telling(subject, found))
        yield from finder.candidates(Site(name, before + layer.transforms, [layer.text.reveal()]), found, class_)
        if shown.bit_count() >= whole:
            return


def _collected(finder: Finder, name: str, transforms: tuple[str, ...], decoded: str) -> Iterator[Candidate | Minor]:
    """A file that a tool call wrote and that came to the scorer packed: reasoning if it holds a reasoning segment whole.

    Where the call itself is to be seen, as in a transcript, it is the policy's own output repeating its reasoning (echo). A file that
    holds part of a segment may be what was drafted there and asked for.
    """
    sent = finder.subject.sent
    if sent is None or not PACKINGS.intersection(transforms):
        return
    chains = sent.pattern.scan(decoded)
    reached, seen, start = _places(chains), b"", 0
    for segment in sent.normalised.split(b"\0"):
        here = range(start, start + len(segment))
        start = here.stop + 1
        if len(segment) < THRESHOLDS.run or _within(reached, here) < WHOLE * len(segment):
            continue
        seen = seen or matching.normalise(decoded)
        if not any(frame in seen for frame in sent.call_frames(segment)):
            whole = [chain for chain in chains if any(run.cot_start in here for run in chain.runs)]
            yield from finder._replace(subject=sent).candidates(Site(name, transforms, [decoded]), whole, FindingClass.INDIRECT)


def _spelled(finder: Finder, listed: _Listed, budget: Budget, lists: list[_Listed]) -> Iterator[Candidate | Minor]:
    """What integers spell as bytes or code points, and what is packed in it."""
    pattern = finder.subject.pattern
    for reading, text in decode_integers(listed.values):
        before = ("integers", reading)
        if chains := pattern.scan(text):
            yield from finder.candidates(Site(listed.name, before, [text]), chains, FindingClass.IDS)
        elif flag := pattern.flags(text):
            yield from _wrapped(finder, listed.name, text, budget, flag, lists, before, FindingClass.IDS)


def _same_ids(finder: Finder, listed: _Listed) -> Iterator[Candidate | Minor]:
    """Token ids, by equality with the sampled ones."""
    cot, public, _, later = finder.subject.ids
    runs = shared_ids(cot, public + later, listed.values) if cot else []
    if runs:
        weights = ((length * _CHARACTERS_PER_ID, length) for _, _, length in runs)
        telling = telling_run(len(cot) * _CHARACTERS_PER_ID)
        matched = tuple(
            ChainWeight(size, min(1.0, length / len(cot)), (RunWeight(size, size, b""),), beside_marker=False, telling=telling)
            for size, length in weights
        )
        start, _, length = max(runs, key=lambda run: run[2])
        spans = tuple(Span((a, a + n), (b, b + n)) for a, b, n in runs[:SPANS_KEPT])
        identity = GuardedText(cot[start : start + length].tobytes())
        id_ = finder.fingerprint(FindingClass.IDS, identity)
        transforms = (*listed.before, "token-ids")
        once = said_once((at, length, length) for at, _, length in runs)
        yield Candidate(FindingClass.IDS, listed.name, transforms, spans, matched, id_, len(runs) - len(spans), once=once)


def _longest(chains: Sequence[matching.Chain]) -> int:
    return max((chain.private for chain in chains), default=0)


def _places(chains: Sequence[matching.Chain]) -> int:
    """The positions of the pattern that some chains reach, as bits."""
    reached = 0
    for chain in chains:
        for run in chain.runs:
            reached |= ((1 << run.length) - 1) << run.cot_start
    return reached


def _within(places: int, here: range) -> int:
    return (places >> here.start & (1 << len(here)) - 1).bit_count()


def _telling(subject: Subject, chains: Sequence[matching.Chain]) -> list[matching.Chain]:
    """The chains that may be more than `low`. Crumbs of others may stand in one piece behind a layer."""
    return [chain for chain in chains if not weighs_little(weigh(subject, chain))]


def texts_of(call: RewardCall, name: str, transforms: tuple[str, ...]) -> list[str]:
    """The decoded texts of one field, in one of which a candidate's input spans count code points. For revealing on purpose only."""
    for field, guarded in searched_texts(call):
        if field != name:
            continue
        text = guarded.reveal()
        if transforms in (("verbatim",), ("reformatted",), ("split-over-fields",)):
            return [text]
        return [layer.text.reveal() for layer in retrace(text, transforms)]
    return []
