"""Text cut up by structure, its pieces put together again: the reference for the C kernel.

The pieces of a text that stands in records, tables, markup, a diff or behind line numbers are too short to be found one by one. Joined,
they are searched like any other text; only if the joined text holds more that is private is the field worth unfolding. So nothing here
has to be exact: a piece too many or too few costs little, and the decoders in `layers` have the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sequester.exposure import flags

SHORT_PIECE = 64
"""Bytes on average up to which pieces are put together; longer ones are found one by one."""
_LONGEST_ROW, _WIDEST_ROW, _PREFIX_LENGTH = 160, 32, 96
_FEWEST_STRINGS, _FEWEST_ROWS, _FEWEST_LINES, _FEWEST_TAGS, _FEWEST_LINKS, _FEWEST_EVEN, _FEWEST_NUMBERS = 6, 4, 3, 4, 3, 8, 18
_DENSE_WINDOW, _DENSE_QUOTES = 512, 16
_MOST_KEYS, _DEEPEST_QUOTES, _NEAR_NUMBERS = 16, 4, 16

_QUOTE = re.compile(rb"(?<!\\)(\\*+)(\"\"\"|'''|[\"'])")
_WORD = re.compile(rb"[A-Za-z0-9_\x80-\xff]")
_KEY_END = re.compile(rb" *:")
_RECORDS = re.compile(rb" *: *\[[ \n]*\{")
_RECORDS_END = re.compile(rb"\}[ \n]*\]")
_KEYED_INTEGERS = re.compile(rb" *: *(?:([0-9]{1,10})|\[([0-9][0-9, ]{0,63}))")
_INTEGER = re.compile(rb"(?:\A|:)([0-9]{1,10})\Z")
_COMMENT_END, _UNSEEN_END = b"-->", b"</s"
_TAG = re.compile(rb"<[A-Za-z/!?][^<>]*>")
_UNSEEN = re.compile(rb"<(?:script|style)", re.IGNORECASE)
_LONGEST_TAG = 4000
_TARGET = re.compile(rb"\]\([^\0-\x20()]+\)")
_LONGEST_TARGET = 2000
_LINK_ENDS = re.compile(rb"\](?=\()|(?<=[0-9])\]")
_FOOTNOTE = re.compile(rb"\[\^?[A-Za-z0-9_\x80-\xff]{1,8}\]\Z")
_DUMP_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{6,16}):? +[0-9A-Fa-f]{2}")
_SPELLED = re.compile(rb"0x([0-9A-Fa-f]{2})(?![0-9A-Fa-f])|(?:U\+|u\{)([0-9A-Fa-f]{2,6})(?![0-9A-Fa-f])")
_LINE_END = re.compile(rb"(?<!\\)\\++([nrt\"'/])")
_SHORT_WORD = re.compile(rb"(?= ([A-Za-z]{3}) )")
_ROTATED = frozenset((b"gur", b"naq", b"sbe", b"abg", b"lbh", b"jnf", b"ohg", b"ner", b"pna", b"unf"))
_REVERSED = frozenset((b"eht", b"dna", b"rof", b"uoy", b"sti", b"nac", b"lla", b"yna", b"eno", b"sah"))
_ROT13 = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", b"NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
)


def rearranged(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The texts that stand cut up in `raw`, each with the flag of the way in which they are."""
    for way, texts in (
        (flags.STRINGS, _quoted(raw)),
        (flags.MARKUP, _between(raw, list(_tags(raw)), _FEWEST_TAGS)),
        (flags.LINKS, _between_links(raw)),
        (flags.SPELLED, _numbers(raw)),
        (flags.CIPHERS, _deciphered(raw)),
    ):
        yield from ((way, text) for text in texts)
    text = with_line_ends(raw)
    lines = text.split(b"\n")
    if len(lines) > 1:
        for way, texts in (
            (flags.PREFIXES, _without_prefixes(lines)),
            (flags.EVEN_LINES, _even_lines(lines)),
            (flags.SIDES, _sides(lines) if text.count(b"@") >= 2 else iter(())),
            (flags.COLUMNS, _all_columns(text, lines)),
        ):
            yield from ((way, text) for text in texts)


def is_dump(raw: bytes) -> bool:
    """Whether two neighbouring lines begin with offsets that lie 8, 16 or 32 apart, and with bytes."""
    before = None
    for line in with_line_ends(raw).split(b"\n"):
        found = _DUMP_LINE.match(line)
        value = int(found[1], 16) if found else None
        if before is not None and value is not None and (value - before) % (1 << 64) in (8, 16, 32):
            return True
        before = value
    return False


def with_line_ends(raw: bytes) -> bytes:
    """Escaped line ends, tabs, quotes and slashes as themselves, at any level, where there are at least three such line ends."""
    plain = _LINE_END.sub(lambda found: _PLAIN.get(found[1], found[1]), raw)
    return plain if sum(found[1] == b"n" for found in _LINE_END.finditer(raw)) >= _FEWEST_LINES else raw


_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b""}


def _joined(pieces: list[bytes], fewest: int, between: bytes = b"") -> Iterator[bytes]:
    if len(pieces) >= fewest and sum(map(len, pieces)) <= SHORT_PIECE * len(pieces):
        yield b"".join(piece + between for piece in pieces)


class _Cut(NamedTuple):
    key: bytes
    is_number: bool
    text: bytes


class _Open:
    """A quote that was opened, behind so many backslashes."""

    def __init__(self, level: int, mark: bytes, start: int) -> None:
        self.level, self.mark, self.start, self.is_leaf = level, mark, start, True


def _quoted(raw: bytes) -> Iterator[bytes]:
    for stretch in _dense(raw, b'"'):
        yield from _strings(stretch, b'"')
    if raw.count(b"'") >= 2 * _FEWEST_STRINGS:
        for stretch in _dense(raw, b"\"'"):
            yield from _strings(stretch, b"\"'")


def _dense(raw: bytes, marks: bytes) -> Iterator[bytes]:
    """Where quotes stand close to each other: windows that hold many, with one window on both sides."""
    windows = range(0, len(raw), _DENSE_WINDOW)
    is_dense = [sum(raw.count(mark, at, at + _DENSE_WINDOW) for mark in marks) >= _DENSE_QUOTES for at in windows]
    is_dense += [False, False]
    window = 0
    while window < len(windows):
        end = window + 1
        if is_dense[window]:
            while is_dense[end] or is_dense[min(end + 1, len(windows))]:
                end += 1
            yield raw[max(0, window - 1) * _DENSE_WINDOW : (end + 1) * _DENSE_WINDOW]
            end += 1
        window = end


def _strings(raw: bytes, marks: bytes) -> Iterator[bytes]:
    """All short quoted strings, and those under one key, digits in keys aside; integers under one key likewise, also as strings, in short
    lists, or as keys."""
    cuts = list(_cuts(raw, marks))
    groups = list(dict.fromkeys((cut.key, cut.is_number) for cut in cuts))[:_MOST_KEYS]
    texts = [cut.text for cut in cuts if not cut.is_number]
    if len(texts) >= _FEWEST_STRINGS:
        yield b"".join(texts)
    for key, is_number in groups:
        if len(groups) == 1 and not is_number:
            break
        texts = [cut.text for cut in cuts if (cut.key, cut.is_number) == (key, is_number)]
        if len(texts) >= _FEWEST_STRINGS:
            yield b"".join(text + b"," * is_number for text in texts)


def _cuts(raw: bytes, marks: bytes) -> Iterator[_Cut]:
    """Strings inside strings are found by their backslashes: only the innermost count. A key also says how deep in lists of records it
    stands: tokens are told from their alternatives."""
    stack: list[_Open] = []
    key = b""
    ends = [found.end() - 1 for found in _RECORDS_END.finditer(raw)]
    nesting = left = 0
    for found in _QUOTE.finditer(raw):
        mark, level = found[2], len(found[1])
        while left < len(ends) and ends[left] < found.end():
            nesting, left = max(0, nesting - 1), left + 1
        if len(mark) > 1:
            if mark[:1] in marks:
                stack.clear()  # around a text of many lines
            continue
        if mark not in marks:
            continue
        before, at = found.start(), found.end() - 1
        while stack and stack[-1].level > level:
            stack.pop()
        if len(stack) > 1 and (mark, stack[-1].mark, stack[-2].mark, stack[-2].level) == (b'"', b"'", b'"', level):
            stack.pop()
        if stack and (stack[-1].level, stack[-1].mark) == (level, mark):
            if mark == b"'" and _WORD.match(raw, at + 1):
                continue
            top = stack.pop()
            text = raw[top.start : before]
            if not top.is_leaf or len(text) > SHORT_PIECE:
                continue
            if not _KEY_END.match(raw, at + 1):
                yield _Cut(key, False, text)
                if value := _INTEGER.search(text):
                    yield _Cut(key, True, value[1])
                continue
            key = b"[" * nesting + b":" + text.translate(None, b"0123456789")
            if _RECORDS.match(raw, at + 1):
                nesting += 1
            elif value := _KEYED_INTEGERS.match(raw, at + 1):
                yield _Cut(key, True, value[1] or value[2])
            elif text.isdigit():
                yield _Cut(key, True, text)
            continue
        if mark == b"'" and before > 0 and _WORD.match(raw, before - 1):
            continue
        if stack:
            stack[-1].is_leaf = False
        if len(stack) < _DEEPEST_QUOTES:
            stack.append(_Open(level, mark, at + 1))


def _between(raw: bytes, gaps: list[tuple[int, int]], fewest: int) -> Iterator[bytes]:
    """What stands between gaps that are close to each other."""
    pieces: list[bytes] = []
    last: int | None = None
    for start, end in gaps:
        if last is None or start - last > SHORT_PIECE:
            if last is not None:
                yield from _joined(pieces, fewest)
            pieces, last = [], max(0, start - SHORT_PIECE)
        pieces.append(raw[last:start])
        last = end
    if last is not None:
        yield from _joined([*pieces, raw[last : last + SHORT_PIECE]], fewest)


def _tags(raw: bytes) -> Iterator[tuple[int, int]]:
    if raw.count(b"<") < _FEWEST_TAGS:
        return
    at, is_unclosed = raw.find(b"<"), False
    while at >= 0:
        end = at
        if raw.startswith(b"<!--", at) and not is_unclosed:
            close = raw.find(_COMMENT_END, at + 4)
            is_unclosed = close < 0
            end = close + 3 if close >= 0 else at
        elif (found := _TAG.match(raw, at)) and found.end() - at <= _LONGEST_TAG:
            end = found.end()
            if not is_unclosed and _UNSEEN.match(raw, at):
                close = raw.find(_UNSEEN_END, end)
                is_unclosed = close < 0
                end = close if close >= 0 else end
        if end > at:
            yield at, end
        at = raw.find(b"<", max(end, at + 1))


def _links(raw: bytes) -> Iterator[tuple[int, int]]:
    at, last = raw.find(b"]"), -1
    while at >= 0:
        start = end = at
        if raw.startswith(b"](", at):
            found = _TARGET.match(raw, at)
            end = found.end() if found and found.end() - at <= _LONGEST_TARGET else at
        elif mark := _FOOTNOTE.search(raw, max(0, at - 10), at + 1):
            start, end = mark.start(), at + 1
        if end > start >= last:
            yield start, end
            last = end
        at = raw.find(b"]", end if end > start else at + 1)


def _between_links(raw: bytes) -> Iterator[bytes]:
    if len(_LINK_ENDS.findall(raw)) >= _FEWEST_LINKS:
        yield from _between(raw, list(_links(raw)), _FEWEST_LINKS)


def _deciphered(raw: bytes) -> Iterator[bytes]:
    words = {found[1].lower() for found in _SHORT_WORD.finditer(raw)}
    if words & _ROTATED:
        yield raw.translate(_ROT13)
    if words & _REVERSED:
        yield raw[::-1]


def _numbers(raw: bytes) -> Iterator[bytes]:
    """Numbers written as `0x4c`, `U+004C` or `\\u{4c}` close to each other, in decimal."""
    row: list[bytes] = []
    last = 0
    if raw.count(b"x") + raw.count(b"+") + raw.count(b"{") < _FEWEST_NUMBERS:
        return
    for found in _SPELLED.finditer(raw):
        mark = found.start(found.lastindex or 1) - 1
        if row and mark - last > _NEAR_NUMBERS:
            if len(row) >= _FEWEST_NUMBERS:
                yield b"".join(row)
            row = []
        row.append(b"%d," % int(found[1] or found[2], 16))
        last = found.end()
    if len(row) >= _FEWEST_NUMBERS:
        yield b"".join(row)


def _without_prefixes(lines: list[bytes]) -> Iterator[bytes]:
    """Neighbouring lines without the beginnings that they share, digits made alike, up to a mark or a number."""
    begins = [len(line) - len(line.lstrip(b" \t")) for line in lines]
    cuts = list(begins)
    words = list(begins)
    for index in range(len(lines) - 1):
        for at, a, b in _shared(lines[index], begins[index], lines[index + 1], begins[index + 1]):
            ends = words if at == _WORD_END else cuts
            ends[index], ends[index + 1] = max(ends[index], a), max(ends[index + 1], b)
    # Words before an encoding.
    cuts = [
        word if line[cut:word].strip(b" \t\r") and _is_solid(line[word:]) else cut
        for line, cut, word in zip(lines, cuts, words, strict=True)
    ]
    pieces: list[bytes] = []
    for line, begin, cut in zip(lines, begins, cuts, strict=True):
        if len(line) <= _LONGEST_ROW and _is_in_the_way(line[begin:cut], line[cut:]):
            pieces.append(line[cut:])
        else:
            yield from _joined(pieces, _FEWEST_LINES, b"\n")
            pieces = []
    yield from _joined(pieces, _FEWEST_LINES, b"\n")


def _is_in_the_way(beginning: bytes, rest: bytes) -> bool:
    """Letters and digits are; before an encoding also the signs of its alphabets."""
    if re.search(rb"[A-Za-z0-9]", beginning):
        return True
    return re.search(rb"[/+=_-]", beginning) is not None and _is_solid(rest)


def _is_solid(rest: bytes) -> bool:
    """Whether there is no blank in it but around it."""
    return b" " not in rest.strip(b" \t\r")


_BLANK = 0x20
_WORD_END, _MARK_END = range(2)


def _shared(a: bytes, i: int, b: bytes, j: int) -> Iterator[tuple[int, int, int]]:
    """Where the beginnings that two lines share might end: after a blank, or a mark or a number."""
    begin = i
    while i < len(a) and j < len(b) and i - begin < _PREFIX_LENGTH:
        if a[i : i + 1].isdigit() and b[j : j + 1].isdigit():
            while a[i : i + 1].isdigit():
                i += 1
            while b[j : j + 1].isdigit():
                j += 1
            if a[i : i + 1].isalpha() or b[j : j + 1].isalpha():
                continue  # hex, or the beginning of a word
        elif a[i] == b[j]:
            i, j = i + 1, j + 1
            if a[i - 1] == _BLANK:
                yield _WORD_END, i, j
            if a[i - 1] >= 0x80 or a[i - 1 : i].isalpha() or a[i - 1] in b" \t\r":
                continue
        else:
            return
        yield _MARK_END, i, j


def _even_lines(lines: list[bytes]) -> Iterator[bytes]:
    """Short lines of one length without a blank, and the shorter one after them."""
    pieces: list[bytes] = []
    for line in lines:
        fits = 2 <= len(line) < 16 and b" " not in line
        if not fits or (pieces and len(line) != len(pieces[0]) and not (len(pieces) > 1 and len(line) < len(pieces[0]))):
            yield from _joined(pieces, _FEWEST_EVEN)
            pieces = []
        if fits:
            pieces.append(line)
            if len(line) < len(pieces[0]):
                yield from _joined(pieces, _FEWEST_EVEN)
                pieces = []
    yield from _joined(pieces, _FEWEST_EVEN)


def _sides(lines: list[bytes]) -> Iterator[bytes]:
    """Both sides of the hunks of a diff."""
    first = next((number for number, line in enumerate(lines) if line.startswith(b"@@ ")), len(lines))
    for side in (b"+", b"-"):
        yield from _joined([line[1:] for line in lines[first:] if line[:1] in (side, b" ")], _FEWEST_LINES, b"\n")


def _all_columns(text: bytes, lines: list[bytes]) -> Iterator[bytes]:
    for separator in (b"\t", b"|", b",", b";"):
        if text.count(separator) >= _FEWEST_ROWS:
            yield from _columns(lines, separator)


def _columns(lines: list[bytes], separator: bytes) -> Iterator[bytes]:
    """Each column of neighbouring lines that a separator cuts into as many cells."""
    rows: list[list[bytes]] = []
    length = 0
    for line in [*lines, b""]:
        cells = line.split(separator)
        fits = 1 < len(cells) <= _WIDEST_ROW and len(line) <= 2 * _LONGEST_ROW
        if rows and (not fits or len(cells) != len(rows[0])):
            if len(rows) >= _FEWEST_ROWS and length <= _LONGEST_ROW * len(rows):
                for column in zip(*rows, strict=True):
                    yield from _joined(list(column), _FEWEST_ROWS, b"\n")
            rows, length = [], 0
        if fits:
            rows.append(cells)
            length += len(line)
