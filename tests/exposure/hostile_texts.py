"""Seeded random texts that visit every rule of the normaliser, the flags and the matcher."""

from __future__ import annotations

import base64
import html
import json
import quopri
import random
import urllib.parse
from collections.abc import Callable

from sequester.exposure.oracle import RawEpisode

_ATOMS = [
    *"\\%=&<>/;#xuUnrt \n\r\t\"'0aAfFzé—中а\u0301ß𝐀🄰😀\u00ad",
    *["amp;", "25", "3D", "lt;", "gt;", "quot;", "#x27;", "#233;", "eacute;", "&amp;lt;", "&lt;br&gt;", "&bogus;", "&#xD800;"],
    *[
        "%C3%A9",
        "=C3=\n=A9",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\\\u0041",
        "\\x41",
        "\\xc3\\xa9",
        "\\U0001F600",
        "%5C",
        "%26",
        "%3C",
        "%E4%B8%AD",
    ],
    *[
        "<br>",
        "<p class='a'>",
        "</div >",
        "<\\/li>",
        "\\u003cbr\\u003e",
        "<b ",
        "<h1",
        "<table border=3D1>",
        "\\n",
        "\\\\n",
        "=0A",
        "%0A",
    ],
    *[
        "A" * 17,
        "a1" * 20,
        "Zm9vYmFyYmF6cXV4Zm9vYmFy",
        "12, 34, [5]" * 9,
        "97, 123, 34, " * 7,
        "\U000e0061" * 3,
        "de:ad:be:ef " * 5,
        "\\101\\102",
        "%u0041",
        "=\n",
        "\0",
        "-" * 45,
    ],
    *["abcdefghijklmnopqrstuvwxyz", "0123456789", "aaaa", "abab", "the ", "and therefore ", "multiply the number by seven "],
]
_BROKEN = [b"\xff", b"\xc3", b"\xe4\xb8", b"\xf0\x9f", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80"]
_WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "we",
    "should",
    "compute",
    "integral",
    "prime",
    "factor",
    "result",
    "seven",
    "nine",
    "therefore",
    "because",
    "answer",
    "check",
    "again",
    "so",
    "let",
    "me",
]

ESCAPES: dict[str, Callable[[str], str]] = {
    "json": json.dumps,
    "json unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "html": html.escape,
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "url plus": urllib.parse.quote_plus,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "repr": repr,
    "ascii": ascii,
}


def hostile(rng: random.Random, size: int) -> bytes:
    """Up to about `size` atoms, some of them bytes that are no UTF-8."""
    parts = []
    for _ in range(rng.randrange(size + 1)):
        roll = rng.random()
        if roll < 0.04:
            parts.append(rng.choice(_BROKEN))
        elif roll < 0.3:
            parts.append(f" {rng.choice(_WORDS)}".encode())
        else:
            parts.append(rng.choice(_ATOMS).encode())
    return b"".join(parts)


def prose(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) + str(rng.randrange(30)) * rng.randrange(2) for _ in range(words))


def _edited(rng: random.Random, text: str) -> str:
    """A piece of the text, perhaps escaped, with some words changed."""
    words = text.split(" ")
    start = rng.randrange(len(words))
    words = words[start : start + rng.randrange(60)]
    words = [rng.choice(_WORDS) if rng.random() < 0.07 else word for word in words if rng.random() > 0.05]
    piece = rng.choice([" ", "\n", "", " - "]).join(words)
    return rng.choice(list(ESCAPES.values()))(piece) if rng.random() < 0.4 else piece


def episode(rng: random.Random) -> RawEpisode:
    """An episode whose reasoning, public texts and reward inputs share pieces."""
    reasoning = [prose(rng, rng.randrange(120)) for _ in range(rng.randrange(4))]
    pool = [text for text in reasoning if text] or ["nothing"]
    noise = hostile(rng, 60).decode("utf-8", "replace")
    pool += [noise, "a" * rng.randrange(80), "xyz" * rng.randrange(40), base64.b64encode(noise.encode()).decode()]
    if rng.random() < 0.3:
        reasoning.append(noise + "a" * 40)
    public = [(_mixture(rng, pool), rng.randrange(-1, 5)) for _ in range(rng.randrange(4))]
    calls = [[_mixture(rng, pool) for _ in range(rng.randrange(4))] for _ in range(rng.randrange(4))]
    return [text.encode() for text in reasoning], public, calls


def _mixture(rng: random.Random, pool: list[str]) -> bytes:
    parts = [
        _edited(rng, rng.choice(pool)).encode() if rng.random() < 0.6 else prose(rng, 8).encode() for _ in range(rng.randrange(5))
    ]
    return (rng.choice([b" ", b"\n", b""])).join([*parts, hostile(rng, 8)])
