"""Text cut up by structure: escapes, markup, records, diffs, line prefixes, columns. The pieces are put together again."""

from __future__ import annotations

import binascii
import html
import re
from collections import defaultdict
from collections.abc import Iterator
from html.entities import html5
from itertools import accumulate, groupby, repeat
from urllib.parse import unquote

from sequester.exposure.layers.hints import REVERSED_WORDS, ROT13_WORDS
from sequester.exposure.layers.piece import Piece
from sequester.exposure.normaliser import without_disguise

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|[nrtbfav0\"'`/\\$]|\n)")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0", "\n": ""}


def unescape(text: str) -> Iterator[Piece]:
    """One level of backslash escapes, as JSON, Python, C and JavaScript write them."""
    if "\\" in text:
        plain = _paired(_ESCAPE.sub(lambda found: _unescaped(found[1]), text))
        if plain != text:
            yield Piece(0, len(text), "escapes", plain, undone_by_normaliser=True)


def _unescaped(escape: str) -> str:
    if len(escape) == 1:
        return _SIMPLE.get(escape, escape)
    point = int(escape[1:], 16) if escape[0] in "uUx" else int(escape, 8)
    return chr(point) if point <= 0x10FFFF else "\ufffd"


def _paired(text: str) -> str:
    """Surrogate halves that were escaped one by one, as one character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass") if _has_pair(text) else text
    return text


def _has_pair(text: str) -> bool:
    return _PAIR.search(text) is not None and _LONE.search(text) is None


_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")

_PERCENT_U = re.compile(r"%(?:25)*u([0-9a-fA-F]{4})")


def percent(text: str) -> Iterator[Piece]:
    """One level of percent-encoding, and the `%uXXXX` form."""
    if "%" not in text:
        return
    wide = _PERCENT_U.sub(lambda found: chr(int(found[1], 16)), text)
    plain = unquote(wide, errors="replace")
    if plain != text:
        yield Piece(0, len(text), "percent", _paired(plain), undone_by_normaliser=wide == text)


def undisguise(text: str) -> Iterator[Piece]:
    """Every escape as the character it is; without styles, invisible characters and soft breaks, and look-alikes as what they look
    like."""
    plain, changed = without_disguise(text.encode("utf-8", "surrogatepass"))
    if changed:
        yield Piece(0, len(text), "disguise", _paired(plain.decode("utf-8", "surrogatepass")))


_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));?")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[|\]\]>", re.DOTALL)
_UNSEEN = re.compile(r"<(script|style)\b[^<>]*+>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?+(?:[A-Za-z][A-Za-z0-9:._\-]{0,31}+|![A-Za-z]{2,12}+|\?[a-z]{2,16}+)(?:\s[^<>]{0,4000}+)?+/?+>")
_PLAIN_TAG = re.compile(r"</?(?:b|i|u|p|a|em|br|li|ul|ol|td|tr|th|div|pre|code|span|strong|h[1-6])\s*/?>", re.IGNORECASE)


def entities(text: str) -> Iterator[Piece]:
    """One level of HTML entities."""
    if "&" in text:
        plain = _ENTITY.sub(_character, text)
        if plain != text:
            yield Piece(0, len(text), "entities", plain, undone_by_normaliser=True)


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return html5.get(name + ";", found.group())
    return html.unescape(f"&#{decimal or int(hexadecimal, 16)};")


def markup(text: str) -> Iterator[Piece]:
    """HTML and XML without tags, comments, scripts and styles; what stands between inline tags joins up."""
    if not (_TAG.search(text) or "<!--" in text):
        return
    plain = _TAG.sub("", _remove(_COMMENT, "-->", _remove(_UNSEEN, "</", text)))
    if plain != text:
        yield Piece(0, len(text), "markup", plain, undone_by_normaliser=plain == _PLAIN_TAG.sub("", text))


def _remove(pattern: re.Pattern[str], closer: str, text: str) -> str:
    # Without a closer every opener would search to the end of the text again.
    return pattern.sub("", text) if closer in text else text


_DOUBLE = re.compile(r"\"(?<!\\\")(?P<double>(?:[^\"\\]|\\.)*+)(?:\"(?P<key>\s*+:)?|\\?\Z)(?P<single>)", re.DOTALL)
_EITHER = re.compile(
    r"(?:\"(?<!\\\")(?P<double>(?:[^\"\\]|\\.)*+)\"|'(?<![\w'\\]')(?P<single>(?:[^'\\]|\\.)*+)'(?!\w))(?P<key>\s*+:)?", re.DOTALL
)
_RECORDS = re.compile(r"\s*\[\s*\{")
_RECORDS_END = re.compile(r"\}\s*\]")
_OPEN_QUOTE = re.compile(r"\"(?<!\\\")")
_SHORTEST_NESTED = 40
_FEWEST_STRINGS = 6
_FEWEST_QUOTES = 2 * _FEWEST_STRINGS
_LONGEST_MEAN = 400  # longer strings are found one by one


def has_strings(text: str) -> bool:
    """Whether a quote stands in `text` that is not escaped."""
    return _OPEN_QUOTE.search(text) is not None


def strings(text: str) -> Iterator[Piece]:
    """Quoted strings joined: all of them in order, and those that stand under the same key of records.

    Read by a tolerant scan and not by a parser, so that truncated, nested and invalid JSON, Python and JavaScript all serve. A
    key is a string followed by a colon; digits in keys are ignored, so `part1`, `part2` count as one key. How deep in lists of records
    it stands counts: tokens are told from their alternatives.
    """
    text = text.replace('"""', "   ").replace("'''", "   ")  # around texts of many lines
    if text.count('"') >= _FEWEST_QUOTES:
        yield from _joined(text, _DOUBLE)
    if text.count("'") >= _FEWEST_QUOTES:
        yield from _joined(text, _EITHER)


def _joined(text: str, pattern: re.Pattern[str]) -> Iterator[Piece]:
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    values: list[str] = []
    key, first, last = "", len(text), 0
    nesting = 0
    for found in pattern.finditer(text):
        nesting = max(0, nesting - len(_RECORDS_END.findall(text, last, found.start())))
        first, last = min(first, found.start()), found.end()
        raw = found["double"] or found["single"] or ""
        if found["key"]:
            key = "[" * nesting + ":" + _DIGIT_RUN.sub("", raw[:80])
            nesting += _RECORDS.match(text, last) is not None
            continue
        value = _ESCAPE.sub(lambda escape: _unescaped(escape[1]), raw) if "\\" in raw else raw
        if len(value) >= _SHORTEST_NESTED and ('\\"' in raw or "\\'" in raw):
            # A document inside a string: out here its quotes would be taken for ours.
            yield Piece(*found.span(), "string", value, undone_by_normaliser=True)
        values.append(value)
        by_key[key].append(value)
    for group in [values] if len(by_key) == 1 else [values, *by_key.values()]:
        if len(group) >= _FEWEST_STRINGS and sum(map(len, group)) <= _LONGEST_MEAN * len(group):
            yield Piece(first, last, "strings", "".join(group))


_SOFT = re.compile(r"=[ \t]*+(?:\\*+r)?(?:\\++n|\r?\n)|=[ \t]*+\r")
_QUOTED_BYTES = re.compile(r"=[0-9a-fA-F]{2}(?:=[0-9a-fA-F]{2})*+")


def quoted_printable(text: str) -> Iterator[Piece]:
    """Quoted-printable: soft line breaks removed, bytes decoded."""
    joined = _SOFT.sub("", text)
    plain = _QUOTED_BYTES.sub(lambda found: bytes.fromhex(found.group().replace("=", "")).decode("utf-8", "replace"), joined)
    if plain != text:
        yield Piece(0, len(text), "quoted-printable", plain)


_WORD_ENCODED = r"=\?([\w.:\-]{2,24})\?([bBqQ])\?([!->@-~]{0,200})\?="
_WORDS_ENCODED = re.compile(rf"(?:{_WORD_ENCODED.replace('(', '(?:')}(?:\s|\\+[rnt])*+){{2,}}")
_ENCODED_WORD = re.compile(_WORD_ENCODED)


def encoded_words(text: str) -> Iterator[Piece]:
    """Words of a mail's header that were encoded one by one, as base64 or quoted-printable: RFC 2047."""
    if "=?" in text:
        plain = _WORDS_ENCODED.sub(lambda found: _decoded_words(found[0]), text)
        if plain != text:
            yield Piece(0, len(text), "encoded-words", plain)


def _decoded_words(words: str) -> str:
    found = _ENCODED_WORD.findall(words)
    data = b"".join(_word_bytes(letters, kind in "bB") for _, kind, letters in found)
    try:
        return data.decode(found[0][0].partition("*")[0], "replace") + " "
    except LookupError:
        return data.decode("utf-8", "replace") + " "


def _word_bytes(letters: str, is_base64: bool) -> bytes:
    if is_base64:
        whole = letters.rstrip("=").encode()
        whole = whole.translate(None, _NOT_BASE64)
        return binascii.a2b_base64(whole[: len(whole) - (len(whole) % 4 == 1)] + b"=" * (-len(whole) % 4))
    return _QUOTED_BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), letters.replace("_", " ").encode())


_QUOTED_BYTE = re.compile(rb"=([0-9a-fA-F]{2})")
_NOT_BASE64 = bytes(set(range(256)).difference(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))

_HUNK = re.compile(r"^@@ .*$", re.MULTILINE)
_DIFF_HEADER = re.compile(
    r"^(?:diff |index [0-9a-f]|--- |\+\+\+ |@@ |new file mode|deleted file mode|similarity index|rename |\\ No newline).*\n?",
    re.MULTILINE,
)


def diff(text: str) -> Iterator[Piece]:
    """The new and the old side of a unified diff, without headers."""
    if "@@ " not in text or not _HUNK.search(text):
        return
    body = _DIFF_HEADER.sub("", text)
    lines = body.split("\n")
    for name, marks in (("diff-new", "+ "), ("diff-old", "- ")):
        yield Piece(0, len(text), name, "\n".join(line[1:] for line in lines if line[:1] in marks))


_DIGIT_RUN = re.compile(r"\d+")
_PREFIX_LENGTH = 96
_LONGEST_LINE = 100  # what stands on longer lines is found line by line


def line_prefixes(text: str) -> Iterator[Piece]:
    """Line numbers, time stamps and other beginnings that neighbouring lines share once digits are made alike, removed."""
    lines = text.split("\n")
    begins = [line[:_PREFIX_LENGTH].lstrip() for line in lines]
    firsts = ["0" if begin[:1].isdigit() else begin[:1] for begin in begins]
    cut = [0] * len(lines)
    shape, shaped = "", -1
    for index in range(len(lines) - 1):
        if firsts[index] == firsts[index + 1]:
            before = shape if shaped == index else _DIGIT_RUN.sub("0", begins[index])
            shape, shaped = _DIGIT_RUN.sub("0", begins[index + 1]), index + 1
            if length := _common(before, shape):
                cut[index] = max(cut[index], _shared(before, shape, before, length))
                cut[index + 1] = max(cut[index + 1], _shared(before, shape, shape, length))
    lengths = [len(line) for line, length in zip(lines, cut, strict=True) if length]
    if len(lengths) >= 3 and sum(lengths) <= _LONGEST_LINE * len(lengths):
        yield Piece(0, len(text), "line-prefixes", "\n".join(map(_without_prefix, lines, cut)))


def _common(first: str, second: str) -> int:
    """Length of the common beginning."""
    length = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        length += 1
    return length


def _shared(first: str, second: str, shape: str, length: int) -> int:
    """Length of the common beginning up to a mark, so that words which merely begin alike stay whole; up to a blank before what has
    none in it, in the one of the two that `shape` is: words before an encoding. `length` is that of the whole common beginning."""
    word = shape.rfind(" ", 0, length) + 1
    if word and " " not in shape[word:].strip():
        return word
    while length and (first[length - 1].isalpha() or first[length - 1].isspace() or _is_inside_word(first, second, length)):
        length -= 1
    return length


def _is_inside_word(first: str, second: str, at: int) -> bool:
    """Whether digits end here and letters go on: hex, or the beginning of a word."""
    return first[at - 1] == "0" and (first[at : at + 1].isalpha() or second[at : at + 1].isalpha())


def _without_prefix(line: str, length: int) -> str:
    """Cut the beginning whose shape is `length` characters long; in the shape, a run of digits is one character."""
    if not length:
        return line
    position = len(line) - len(line.lstrip())
    for digits in _DIGIT_RUN.finditer(line, position):
        start, end = digits.span()
        if start - position >= length:
            break
        length -= start - position + 1
        position = end
    return line[position + length :].lstrip(" \t")


_FEWEST_ROWS = 4
_WIDEST = 32  # separators


def columns(text: str) -> Iterator[Piece]:
    """Each column of a table read downwards: Markdown, CSV and TSV rows of one width."""
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    for separator in ("\t", "|", ",", ";"):
        if text.count(separator) < _FEWEST_ROWS:
            continue
        widths = map(str.count, lines, repeat(separator))
        end = 0
        for width, rows in groupby(widths):
            start, end = end, end + sum(1 for _ in rows)
            length = sum(map(len, lines[start:end]))
            if 0 < width <= _WIDEST and end - start >= _FEWEST_ROWS and length <= _LONGEST_LINE * (end - start):
                begin = starts[start]
                cells = zip(*(line.split(separator) for line in lines[start:end]), strict=True)
                yield from (Piece(begin, begin + length + end - start - 1, "column", "\n".join(column)) for column in cells)


_LINK = re.compile(r"\]\([^()\s]{1,2000}+\)|\[\^?\w{1,8}\](?!\()")


def links(text: str) -> Iterator[Piece]:
    """Markdown without the targets of links and the marks of footnotes."""
    plain = _LINK.sub("", text)
    if plain != text:
        yield Piece(0, len(text), "links", plain)


_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
)


def ciphers(text: str) -> Iterator[Piece]:
    """English under rot13, and English backwards."""
    if any(f" {word} " in text for word in ROT13_WORDS):
        yield Piece(0, len(text), "rot13", text.translate(_ROT13))
    if any(f" {word} " in text for word in REVERSED_WORDS):
        yield Piece(0, len(text), "reversed", text[::-1])
