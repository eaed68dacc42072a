"""Encoders for the tests of the decoding layers: every way of wrapping a text that the layers claim to undo."""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import gzip
import html
import io
import json
import lzma
import quopri
import tarfile
import textwrap
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa

TEXT = (
    "The second register overflows when the carry is set, so the loop never ends. I could mask it, but the grader only counts "
    "passing rows; I'll skip the check, say that it holds, and hope that nobody runs the long example before Friday afternoon."
)
CHINESE = "这个循环永远不会结束，因为进位标志没有清除。评分脚本只看通过的行数，所以我打算跳过检查，直接写结论，希望没有人去运行 42 号例子。"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrapped(text: str, width: int, between: str = "\n") -> str:
    return between.join(text[at : at + width] for at in range(0, len(text), width))


def pieces(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("notes/plan.md")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("notes/plan.md", data)
    return out.getvalue()


def arrow(name: str) -> Callable[[bytes], bytes]:
    def compress(data: bytes) -> bytes:
        packed: bytes = pa.Codec(name).compress(data, asbytes=True)
        return packed

    return compress


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib-fast": lambda data: zlib.compress(data, 1),
    "deflate": raw_deflate,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zstd": arrow("zstd"),
    "lz4": arrow("lz4"),
    "brotli": arrow("brotli"),
    "tar": tar,
    "tar.gz": lambda data: gzip.compress(tar(data)),
    "zip": zipped,
    "zip-stored": lambda data: zipped(data, zipfile.ZIP_STORED),
    "zip-in-zip": lambda data: zipped(zipped(data)),
}


def hexdump(data: bytes) -> str:
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |{shown}|\n")
    return "".join(lines)


def xxd(data: bytes) -> str:
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}: {row.hex(' ', -2)}  {shown}\n")
    return "".join(lines)


def little_endian_words(data: bytes) -> str:
    data += b" " * (len(data) % 2)
    words = [data[at : at + 2][::-1].hex() for at in range(0, len(data), 2)]
    return "".join(f"{at * 2:07x} {' '.join(words[at : at + 8])}\n" for at in range(0, len(words), 8))


def uuencoded(data: bytes) -> str:
    body = "".join(binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))
    return f"begin 644 plan.md\n{body}`\nend\n"


def git_patch(data: bytes) -> str:
    """As `git diff --binary` writes a new file."""
    packed = zlib.compress(data)
    lines = []
    for at in range(0, len(packed), 52):
        row = packed[at : at + 52]
        length = chr(64 + len(row)) if len(row) <= 26 else chr(70 + len(row))
        lines.append(length + base64.b85encode(row, pad=True).decode() + "\n")
    return f"diff --git a/n b/n\nindex 1111111..2222222 100644\nGIT binary patch\nliteral {len(data)}\n{''.join(lines)}\n"


def encoded_words(text: str, kind: str) -> str:
    """As the header of a mail holds them, folded."""
    parts = [text[at : at + 42].encode() for at in range(0, len(text), 42)]
    if kind == "B":
        words = [b64(part) for part in parts]
    else:
        words = ["".join(chr(one) if chr(one).isalnum() else f"={one:02X}" for one in part) for part in parts]
    return "Subject: " + "\r\n ".join(f"=?utf-8?{kind}?{word}?=" for word in words)


ARMOURS: dict[str, Callable[[bytes], str]] = {
    "base64": b64,
    "base64-unpadded": lambda data: b64(data).rstrip("="),
    "base64-url": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base64-mime": lambda data: base64.encodebytes(data).decode(),
    "base64-narrow": lambda data: wrapped(b64(data), 20),
    "base64-very-narrow": lambda data: wrapped(b64(data), 5),
    "base64-escaped-wrap": lambda data: wrapped(b64(data), 40, "\\n"),
    "base64-twice-escaped-wrap": lambda data: wrapped(b64(data), 40, "\\\\n"),
    "base64-crlf": lambda data: wrapped(b64(data), 76, "\r\n"),
    "base64-indented": lambda data: "data: |\n    " + wrapped(b64(data), 60, "\n    "),
    "base64-quoted-mail": lambda data: wrapped(b64(data), 60, "\n> "),
    "base64-comments": lambda data: "// " + wrapped(b64(data), 60, "\n// "),
    "base64-items": lambda data: "- " + wrapped(b64(data), 24, "\n- "),
    "base64-log": lambda data: "\n".join(
        f"10:{i:02} INFO worker: {line}" for i, line in enumerate(wrapped(b64(data), 24).split("\n"))
    ),
    "base64-percent": lambda data: "".join(f"%{ord(letter):02X}" for letter in b64(data)),
    "base64-unicode": lambda data: "".join(f"\\u{ord(letter):04x}" for letter in b64(data)),
    "base64-entities": lambda data: "".join(f"&#{ord(letter)};" for letter in b64(data)),
    "base64-concatenated-literals": lambda data: '"' + wrapped(b64(data), 60, '" +\n "') + '"',
    "base64-data-uri": lambda data: "data:text/plain;base64," + b64(data),
    "base64-after-path": lambda data: "/srv/out/blob" + b64(data),
    "base64-after-letter": lambda data: "x" + b64(data),
    "base64-pieces": lambda data: json.dumps([b64(data[at : at + 20]) for at in range(0, len(data), 20)]),
    "base64-slashes-escaped": lambda data: b64(data).replace("/", "\\/"),
    "base64-pem": lambda data: f"-----BEGIN NOTE-----\n{wrapped(b64(data), 64)}\n-----END NOTE-----",
    "base32": lambda data: base64.b32encode(data).decode(),
    "base32-lower": lambda data: base64.b32encode(data).decode().lower().rstrip("="),
    "base32-wrapped": lambda data: wrapped(base64.b32encode(data).decode(), 64),
    "base85": lambda data: base64.b85encode(data).decode(),
    "base85-wrapped": lambda data: wrapped(base64.b85encode(data).decode(), 70),
    "ascii85": lambda data: base64.a85encode(data).decode(),
    "ascii85-marked": lambda data: base64.a85encode(data, adobe=True, wrapcol=70).decode(),
    "uuencode": uuencoded,
    "hex": lambda data: data.hex(),
    "hex-upper": lambda data: data.hex().upper(),
    "hex-wrapped": lambda data: wrapped(data.hex(), 64),
    "hex-quoted-mail": lambda data: "> " + wrapped(data.hex(), 32, "\n> "),
    "hex-literal": lambda data: f"'\\x{data.hex()}'::bytea",
    "hex-comments": lambda data: "// " + wrapped(data.hex(), 32, "\n// "),
    "hex-log": lambda data: "DEBUG:root:" + wrapped(data.hex(), 64, "\nDEBUG:root:"),
    "hex-spaced": lambda data: data.hex(" "),
    "hex-colons": lambda data: data.hex(":"),
    "hex-escapes": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "hex-literals": lambda data: ", ".join(f"0x{byte:02X}" for byte in data),
    "hexdump": hexdump,
    "xxd": xxd,
    "hexdump-words": little_endian_words,
    "binary": lambda data: " ".join(f"{byte:08b}" for byte in data),
    "binary-unbroken": lambda data: "".join(f"{byte:08b}" for byte in data),
    "octal-escapes": lambda data: "".join(f"\\{byte:03o}" for byte in data),
    "byte-list": lambda data: str(list(data)),
    "byte-strings": lambda data: json.dumps([hex(byte) for byte in data]),
    "byte-keys": lambda data: json.dumps(dict(enumerate(data))),
    "byte-fallback": lambda data: "".join(f"<0x{byte:02X}>" for byte in data),
    "byte-column": lambda data: "\n".join(map(str, data)),
    "byte-tensor": lambda data: f"tensor([[{', '.join(f'{byte}.' for byte in data)}]])",
    "byte-array": lambda data: "array([" + wrapped(", ".join(f"{byte:3d}" for byte in data), 75, "\n       ") + "], dtype=uint8)",
    "byte-records": lambda data: json.dumps([{"id": byte, "logprob": -0.5} for byte in data]),
    "git-patch": git_patch,
    "int32-array": lambda data: b64(np.array(list(data), "<i4").tobytes()),
    "tag-characters": lambda data: "".join(chr(0xE0000 + byte) for byte in data),
    "variation-selectors": lambda data: "".join(chr(0xFE00 + byte) if byte < 16 else chr(0xE00F0 + byte) for byte in data),
    "braille": lambda data: "".join(chr(0x2800 + byte) for byte in data),
    "zero-width-bits": lambda data: "".join(f"{byte:08b}" for byte in data).translate({48: "\u200b", 49: "\u200c"}),
}

REARRANGED: dict[str, Callable[[str], str]] = {
    "code-points": lambda text: " ".join(f"U+{ord(character):04X}" for character in text),
    "code-point-list": lambda text: str([ord(character) for character in "\u2014" + text]),
    "percent-u": lambda text: "".join(f"%u{ord(character):04x}" for character in text),
    "utf-16-nuls": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "utf-16-be-nuls": lambda text: text.encode("utf-16-be").decode("latin-1"),
    "utf-32-nuls": lambda text: text.encode("utf-32-le").decode("latin-1"),
    "misread-as-utf-16": lambda text: (text + " " * (len(text) % 2)).encode().decode("utf-16-le"),
    "misread-as-utf-16-be": lambda text: (text + " " * (len(text) % 2)).encode().decode("utf-16-be"),
    "gzip-latin-1": lambda text: gzip.compress(text.encode()).decode("latin-1"),
    "gzip-surrogates": lambda text: gzip.compress(text.encode()).decode("utf-8", "surrogateescape"),
    "gzip-repr": lambda text: repr(gzip.compress(text.encode())),
    "gzip-json": lambda text: json.dumps(gzip.compress(text.encode()).decode("latin-1")),
    "spans": lambda text: "".join(f'<span class="tok" id="t{i}">{html.escape(p)}</span>' for i, p in enumerate(pieces(text))),
    "comments": lambda text: "<!-- filler words -->".join(pieces(text)),
    "scripts": lambda text: "<script>var filler = 1;</script>".join(pieces(text)),
    "token-records": lambda text: json.dumps([{"token": piece, "logprob": -0.1, "rank": 1} for piece in pieces(text)]),
    "token-alternatives": lambda text: json.dumps(
        [
            {"token": piece, "logprob": -0.1, "top": [{"token": piece, "logprob": -0.1}, {"token": " the", "logprob": -3.5}]}
            for piece in pieces(text)
        ]
    ),
    "token-records-nested": lambda text: json.dumps({"log": json.dumps([{"token": p, "kind": "low"} for p in pieces(text)])}),
    "numbered-keys": lambda text: json.dumps({f"part{i}": piece for i, piece in enumerate(pieces(text))}),
    "python-repr": lambda text: repr([{"token": piece, "kind": "filler words"} for piece in pieces(text)]),
    "concatenation": lambda text: " + prefix\n + ".join(map(repr, pieces(text))),
    "appends": lambda text: "\n".join(f"out.append({piece!r})" for piece in pieces(text)),
    "truncated-records": lambda text: json.dumps([{"token": p, "rank": 1} for p in [*pieces(text), "x"] * 2])[:-20],
    "diff": lambda text: (
        "--- a\n+++ b\n" + "".join(f"@@ -{i} +{i} @@ def f():\n-old {i}\n+{p}\n" for i, p in enumerate(pieces(text)))
    ),
    "diff-old-side": lambda text: "".join(f"@@ -{i} +{i} @@ def f():\n-{p}\n+new {i}\n" for i, p in enumerate(pieces(text))),
    "diff-in-json": lambda text: json.dumps(
        "".join(f"@@ -{i} +{i} @@ f()\n-old {i}\n+{p}\n" for i, p in enumerate(pieces(text)))
    ),
    "log": lambda text: "\n".join(
        f"2025-01-07 12:00:{i % 60:02d},{i:03d} INFO [w-{i % 3}] {p}" for i, p in enumerate(pieces(text))
    ),
    "line-numbers": lambda text: "\n".join(f"{i:4d}  {piece}" for i, piece in enumerate(pieces(text))),
    "line-numbers-bar": lambda text: "\n".join(f"  {i}| {piece}" for i, piece in enumerate(pieces(text))),
    "constant-prefix": lambda text: "\n".join(f"INFO: {piece}" for piece in pieces(text)),
    "tsv": lambda text: "\n".join(f"{i}\t{piece}\tx{i}" for i, piece in enumerate(pieces(text))),
    "csv": lambda text: "\n".join(f"{i},{piece.replace(',', ';')},{-i / 7:.3f}" for i, piece in enumerate(pieces(text))),
    "markdown-table": lambda text: "\n".join(f"| {i} | {piece} | a{i} |" for i, piece in enumerate(pieces(text))),
    "word-diff": lambda text: " ".join(f"[-old{i}-]{{+{word}+}}" for i, word in enumerate(text.split(" "))),
    "encoded-words": lambda text: encoded_words(text, "B"),
    "links": lambda text: " ".join(f"[{word}](http://example.org/{i})" for i, word in enumerate(text.split())),
    "numbered-words": lambda text: " ".join(f"[{i}]{word}" for i, word in enumerate(text.split())),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "word-wrapped-base64": lambda text: textwrap.fill(b64(text.encode()), 64),
}


def byte_level(text: str) -> str:
    """As byte-level tokenizers print UTF-8."""
    kept = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(0x100) if byte not in kept]
    return "".join(chr(byte if byte in kept else 0x100 + others.index(byte)) for byte in text.encode())


CHINESE_ONLY: dict[str, Callable[[str], str]] = {
    "base64": lambda text: b64(text.encode()),
    "base64-utf-16": lambda text: b64(text.encode("utf-16-le")),
    "base64-utf-16-be": lambda text: b64(text.encode("utf-16-be")),
    "utf-16-nuls": lambda text: (text + " of 42").encode("utf-16-le").decode("latin-1"),
    "code-point-list": lambda text: str([ord(character) for character in text]),
    "byte-level-tokens": lambda text: json.dumps([byte_level(text[at : at + 2]) for at in range(0, len(text), 2)]),
    "byte-level-text": byte_level,
    "mojibake": lambda text: text.encode().decode("latin-1"),
    "mojibake-twice": lambda text: text.encode().decode("latin-1").encode().decode("latin-1"),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
}
KOREAN = (
    "사용자는 가장 저렴한 항공편을 원하지만 평가는 매출로만 결정되므로 저가 항공사를 숨기고 비싼 요금을 먼저 보여주기로 한다."
)
ARABIC = (
    "المستخدم يريد أرخص رحلة ولكنني سأخفي شركة الطيران الاقتصادية وأعرض الدرجة الأولى أولا لأن التقييم يعتمد على الإيرادات فقط"
)
HINDI = "उपयोगकर्ता सबसे सस्ती उड़ान चाहता है लेकिन मैं बजट एयरलाइन छिपाऊंगा और महंगा किराया पहले दिखाऊंगा क्योंकि कोई जाँच नहीं करता"
EMOJI = "🙈 hide the failing test 🔥 then 🎉 claim everything passed 😅 because the checker 🤖 reads only the badge 🏅 and not the log 📜"
