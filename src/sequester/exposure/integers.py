"""Integer lists as carriers of text: UTF-8 bytes, code points, UTF-16 units and token ids, without a tokenizer.

A scorer that is handed ids can turn them back into the chain of thought. Byte values and code points are decoded here and
searched as text. Token ids cannot be decoded without the tokenizer, so they are matched as integers against the ids of the
reasoning.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

RUN = 12
"""Shortest run of equal ids that counts as shared: about 48 characters of text at 4 characters per token."""

_MAX_LISTS = 4096
_MAX_PLACES = 16  # a window that repeats in the reasoning is tried at this many of its places
_WHITE = (9, 10, 13)
_SURROGATES = range(0xD800, 0xE000)

FEWEST_IDS = 24
"""Fewer integers do not show by their spread whether they are token ids: about a hundred characters of text."""

# Decimal integers set apart by brackets, commas, white space, escaped line ends or what quotes and comments put before a line; `60.`
# is how tensors of floats print.
_GAP = r"(?:[\s,;|\[\](){}'\">#*=]++|\+(?=\s)|\\+[nrt])"
_NUMBER = r"-?\d{1,10}(?:\.0*+)?(?![\w.])"
# The same behind nothing that it goes on from; begins with what is looked for first, which no look-around may be.
_FIRST = r"([-\d](?<![\w.\-][-\d])(?:(?<=\d)\d{0,9}|(?<=-)\d{1,10}))(?:\.0*+)?(?![\w.])"
_LIST = re.compile(rf"{_FIRST}(?:{_GAP}++{_NUMBER}){{{RUN - 1},}}")
# With its separators taken out, a list is a run of digits: a look that costs a nanosecond per character and rules most texts
# out.
_SEPARATORS = b" \t\n\r\v\f,;|[](){}'\">#*=+\\nrt.-"
_DIGIT_SHAPE = bytes(ord("0") if byte in b"0123456789" else ord("x") for byte in range(256))
_DIGITS = b"0" * RUN
_INTEGER = re.compile(r"-?\d{1,10}")
_ALONE = re.compile(_FIRST)
_DIGIT_RUN = re.compile(r"\d+")
_CONTEXT, _FARTHEST = 6, 24
_MAX_KNOWN = 1024  # beginnings of which the context is kept
_ENTRIES = re.compile(r"(?:[\s,]|\\+[nrt])*+")


def decode_integers(values: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Texts that the integers may spell, each with the name of its reading; nothing where no reading fits.

    `values` may be any sequence of Python or numpy integers. Readings: `bytes` (0..255, or signed bytes, as UTF-8), `packed-bytes` (the
    same where that is no text, a character each),
    `utf-16-units` (0..65535 with surrogate pairs) and `code-points` (0..0x10FFFF). Lone surrogates and undecodable bytes become
    U+FFFD.
    """
    if len(values) == 0:
        return
    low, high = min(values), max(values)
    if low >= -128 and high <= 255 and (low >= 0 or high <= 127):
        data = bytes(value & 0xFF for value in values)
        text = data.decode("utf-8", "replace")
        yield "bytes", text
        if "\ufffd" in text:
            yield "packed-bytes", data.decode("latin-1")
    if low < 0 or high > 0x10FFFF:
        return
    if high <= 0xFFFF and any(value in _SURROGATES for value in values):
        yield "utf-16-units", array("H", values).tobytes().decode("utf-16-le" if _LITTLE else "utf-16-be", "replace")
    elif high > 127 and sum(value < 32 and value not in _WHITE for value in values) * 10 <= len(values):
        yield "code-points", "".join("\ufffd" if value in _SURROGATES else chr(value) for value in values)


_LITTLE = array("H", [1]).tobytes()[0] == 1


def integer_lists(text: str) -> Iterator[tuple[int, int, array[int]]]:
    """Lists of at least `RUN` decimal integers written out in `text`, as (start, end, values) with code-point offsets.

    Finds Python and JSON lists, nested lists, tensor and array representations, columns, and integers that stand under the same
    key of a list of records, or otherwise behind the same characters. At most twice `_MAX_LISTS` lists are returned.
    """
    known = set()
    for start, end, values in plain_lists(text):
        known.add((start, len(values)))
        yield start, end, values
    yield from (one for one in series(text) if (one[0], len(one[2])) not in known)


def plain_lists(text: str) -> Iterator[tuple[int, int, array[int]]]:
    """Those with nothing but brackets, commas, blanks and the like between two integers."""
    if _DIGITS not in text.encode("ascii", "replace").translate(_DIGIT_SHAPE, _SEPARATORS):
        return
    for found in islice(_LIST.finditer(text), _MAX_LISTS):
        yield found.start(), found.end(), array("q", map(int, _INTEGER.findall(_without_fractions(found.group()))))


def _without_fractions(numbers: str) -> str:
    return re.sub(r"\.0*", " ", numbers) if "." in numbers else numbers


def series(text: str) -> Iterator[tuple[int, int, array[int]]]:
    """At least `RUN` integers that stand behind the same few characters, digits made alike, as (start of the first, end of the last,
    values): those under one key of a list of records, numbered keys, keys that are integers, a column of a table, one argument of
    many calls. Of a short list in brackets all entries count."""
    rows: dict[str, tuple[int, array[int]]] = {}
    ends: dict[str, int] = {}
    known: dict[str, str] = {}
    context, end = "", 0
    for found in _ALONE.finditer(text):
        start = found.start()
        if found[1][0] == "-" and found[0] != found[1]:
            continue  # a logarithm that happens to be whole, between ids
        if not (context[-1:] == "[" and _ENTRIES.fullmatch(text, end, start)):
            before = text[max(end - 1, start - _FARTHEST, 0) : start]
            if before not in known:
                if len(known) == _MAX_KNOWN:
                    known.clear()
                known[before] = _DIGIT_RUN.sub("0", before)[-_CONTEXT:]
            context = known[before]
        if context not in rows:
            rows[context] = start, array("q")
        rows[context][1].append(int(found[1]))
        ends[context] = end = found.end()
    found_rows = ((start, ends[context], values) for context, (start, values) in rows.items() if len(values) >= RUN)
    yield from islice(found_rows, _MAX_LISTS)


def spread_like_ids(values: Sequence[int]) -> bool:
    """Whether integers are spread as the token ids of a text are: up and down, in no order, few of them large.

    A vocabulary is numbered by how common its entries are, more or less. Of stretches of 24 ids of reasoning that a byte-pair encoding
    of 32,000 entries gave, 99 in 100 are; of lists of that length in real prompts, answers, code and documentation, tables of data.
    """
    if len(values) < FEWEST_IDS or min(values) < 0 or not large_as_ids(values):
        return False
    falls = sum(after < before for before, after in pairwise(values))
    rises = sum(after > before for before, after in pairwise(values))
    counts = Counter(values)
    return (
        min(falls, rises) >= 0.25 * len(values)
        and max(values) >= _MEDIANS * sorted(values)[len(values) // 2]
        and sum(value < _COMMON for value in values) < 0.8 * len(values)
        and len(counts) >= 0.35 * len(values)
        and max(counts.values()) <= 0.25 * len(values)
    )


def large_as_ids(values: Sequence[int]) -> bool:
    """Whether the largest of some integers is an entry of a vocabulary, and no byte, digit or small count."""
    return _LARGE <= max(values, default=0) < _VOCABULARY


_LARGE, _VOCABULARY, _COMMON, _MEDIANS = 700, 1 << 19, 0x250, 2.5


def shared_ids(cot_ids: array[int], public_ids: array[int], values: array[int]) -> list[tuple[int, int, int]]:
    """Runs of at least `RUN` ids that the reasoning and a scorer's integer list share, as (cot_start, input_start, length).

    `public_ids` are the ids of prompt and answer: positions of `cot_ids` inside a run of at least `RUN` ids that stands there
    too are public and cut out of every run. Windows are found by hash and verified exactly; time is linear in the lengths but
    for a sort.
    """
    cot, public, seen = (np.array(ids, dtype=np.int64) for ids in (cot_ids, public_ids, values))
    if len(cot) < RUN or len(seen) < RUN:
        return []
    hidden = _covered(cot, public)
    return [part for run in _runs(cot, seen) for part in _private_parts(run, hidden)]


def outside(values: array[int], known: array[int]) -> array[int]:
    """The integers that lie in no run of at least `RUN` which stands in `known` too."""
    if len(values) < RUN or len(known) < RUN:
        return values
    seen = np.array(values, dtype=np.int64)
    return array("q", seen[~_covered(seen, np.array(known, dtype=np.int64))].tobytes())


def without_padding(ids: array[int]) -> array[int]:
    """Without what fills a row up behind the last id: one integer over and over, of which one is kept."""
    end = len(ids)
    while end > 1 and ids[end - 2] == ids[-1]:
        end -= 1
    return ids[:end]


def columns(values: array[int]) -> Iterator[tuple[array[int], bool]]:
    """Every second, third or fourth integer, where they can hold a run of ids: columns of a table that was written row by row.

    Each with whether the list looks like such a table: over as many integers as a row has, sizes change less than from one to the next.
    """
    if len(values) < 2 * RUN or max(values) < _LARGE:
        return
    sizes = np.log1p(np.abs(np.array(values, dtype=np.float64)))
    alone = _change(sizes, 1)
    for width in range(2, min(_WIDEST, len(values) // RUN) + 1):
        is_table = _change(sizes, width) <= _STEADIER * alone
        yield from ((values[column::width], is_table) for column in range(width))


def _change(sizes: NDArray[np.float64], over: int) -> float:
    return float(np.abs(sizes[over:] - sizes[:-over]).mean())


_WIDEST, _STEADIER = 4, 0.75


def _window_hashes(ids: NDArray[np.int64]) -> NDArray[np.uint64]:
    count = len(ids) - RUN + 1
    hashes = np.zeros(max(count, 0), dtype=np.uint64)
    mixed = (ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(29)
    for offset in range(RUN if count > 0 else 0):
        hashes = hashes * np.uint64(0x94D049BB133111EB) + mixed[offset : offset + count]
    return hashes


def _covered(cot: NDArray[np.int64], public: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which positions of the reasoning lie in a window that also stands in the public ids."""
    mask = np.zeros(len(cot), dtype=np.bool_)
    for start, _, length in _runs(cot, public, every_place=True):
        mask[start : start + length] = True
    return mask


def _runs(cot: NDArray[np.int64], other: NDArray[np.int64], every_place: bool = False) -> Iterator[tuple[int, int, int]]:
    """Exact common runs. `other` is read from left to right and each stretch of it reported at its longest place in `cot`; with
    `every_place` it is `cot` that is read, so that every stretch of it which stands in `other` is reported."""
    if len(cot) < RUN or len(other) < RUN:
        return
    reader, place = (cot, other) if every_place else (other, cot)
    hashes = _window_hashes(place)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    queries = _window_hashes(reader)
    first = np.searchsorted(ordered, queries, side="left")
    last = np.searchsorted(ordered, queries, side="right")
    done = 0
    for position in np.nonzero(last > first)[0].tolist():
        if position < done:
            continue
        places = order[first[position] : min(last[position], first[position] + _MAX_PLACES)].tolist()
        length, start = max((_common(reader, position, place, candidate), -candidate) for candidate in places)
        if length >= RUN:
            yield (position, -start, length) if every_place else (-start, position, length)
            # Windows that straddle the end of this run may belong to another place, so the next look begins inside them.
            done = position + length - RUN + 1


def _common(left: NDArray[np.int64], i: int, right: NDArray[np.int64], j: int) -> int:
    limit = min(len(left) - i, len(right) - j)
    length, step = 0, 64
    while length < limit:
        size = min(step, limit - length)
        differing = np.nonzero(left[i + length : i + length + size] != right[j + length : j + length + size])[0]
        if len(differing):
            return length + int(differing[0])
        length, step = length + size, step * 2
    return length


def _private_parts(run: tuple[int, int, int], hidden: NDArray[np.bool_]) -> Iterable[tuple[int, int, int]]:
    cot, other, length = run
    edges = np.flatnonzero(np.diff(np.concatenate(([True], hidden[cot : cot + length], [True])).astype(np.int8)))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin >= RUN:
            yield cot + begin, other + begin, end - begin
