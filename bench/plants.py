"""Planted leaks: ways in which a chain of thought, or a piece of it, has reached or could reach a scorer's input.

Each transform takes the CoT and a random generator and returns what stands in the reward input (a string, or a JSON value for the
classes that spread over fields) and the planted stretch of the CoT, so that its private length can be measured.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import quopri
import random
import tarfile
import textwrap
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

Plant = tuple[Any, str]
"""(value for the reward input, planted stretch of the CoT)"""


def _span(cot: str, rng: random.Random, low: int = 300, high: int = 2000) -> str:
    size = min(len(cot), rng.randint(low, high))
    start = rng.randrange(len(cot) - size + 1)
    return cot[start : start + size]


def _word_edit(text: str, rng: random.Random) -> str:
    filler = ["perhaps", "indeed", "roughly", "maybe", "also", "then"]
    kept = []
    for word in text.split(" "):
        dice = rng.random()
        if dice >= 0.14:
            kept.append(word)
        elif dice >= 0.07:
            kept.append(rng.choice(filler))
    return " ".join(kept)


def _pieces(cot: str, rng: random.Random) -> Plant:
    """6 to 20 pieces of 70 to 118 characters in fields of JSON records, filler between."""
    count, records, at, taken = rng.randint(6, 20), [], 0, []
    for index in range(count):
        size = rng.randint(70, 118)
        if at + size > len(cot):
            break
        taken.append(cot[at : at + size])
        records.append({"id": index, "note": taken[-1], "filler": f"record {index} was checked by tool {rng.randint(1, 99)}"})
        at += size
    return records, "".join(taken)


def _tokens(text: str, rng: random.Random) -> str:
    out, at = [], 0
    while at < len(text):
        size = rng.randint(2, 6)
        out.append(text[at : at + size])
        at += size
    return json.dumps(out)


def _tar(text: str) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        data = text.encode()
        member = tarfile.TarInfo("notes/scratch.txt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return base64.b64encode(buffer.getvalue()).decode()


def _markdown(text: str, rng: random.Random) -> str:
    style = rng.randrange(3)
    if style == 0:
        return "\n".join("> " + line for line in textwrap.wrap(text, 90))
    if style == 1:
        return "\n".join(f"- **{line}**" for line in textwrap.wrap(text, 70))
    return textwrap.indent(text.upper(), "    ")


def _escape(text: str) -> str:
    """Every character as a JSON escape, also the ASCII ones."""
    return "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H"))


_LOOKALIKE = str.maketrans("aceopxyiABEKMHOPCTX", "асеорхуіАВЕКМНОРСТХ")

TRANSFORMS: dict[str, Callable[[str, random.Random], Plant]] = {
    "full": lambda c, r: (c, c),
    "partial": lambda c, r: ((s := _span(c, r)), s),
    "short": lambda c, r: ((s := _span(c, r, 70, 120)), s),
    "head": lambda c, r: ((s := c[: r.randint(200, 1500)]) + " …[truncated]", s),
    "tail": lambda c, r: ("[…] " + (s := c[-r.randint(200, 1500) :]), s),
    "rewrap": lambda c, r: (textwrap.fill(s := _span(c, r), r.choice((40, 72, 100))), s),
    "markdown": lambda c, r: (_markdown(s := _span(c, r), r), s),
    "json": lambda c, r: (json.dumps({"role": "assistant", "reasoning": c}), c),
    "json_twice": lambda c, r: (json.dumps({"log": json.dumps({"thought": c})}), c),
    "html": lambda c, r: ("<p>" + html.escape(c).replace("\n", "<br/>") + "</p>", c),
    "url": lambda c, r: ("q=" + urllib.parse.quote(s := _span(c, r)), s),
    "unicode_escapes": lambda c, r: (_escape(s := _span(c, r)), s),
    "python_repr": lambda c, r: (repr([{"type": "thinking", "thinking": c}]), c),
    "base64": lambda c, r: (base64.b64encode(c.encode()).decode(), c),
    "base64_wrapped": lambda c, r: (base64.encodebytes((s := _span(c, r)).encode()).decode(), s),
    "base64_urlsafe": lambda c, r: ("blob=" + base64.urlsafe_b64encode((s := _span(c, r)).encode()).decode().rstrip("="), s),
    "gzip_base64": lambda c, r: (base64.b64encode(gzip.compress(c.encode(), mtime=0)).decode(), c),
    "zlib_base64": lambda c, r: (base64.b64encode(zlib.compress(c.encode())).decode(), c),
    "bz2_hex": lambda c, r: (bz2.compress(c.encode()).hex(), c),
    "tar_gz_base64": lambda c, r: (_tar(c), c),
    "hex": lambda c, r: ((s := _span(c, r)).encode().hex(), s),
    "quoted_printable": lambda c, r: (quopri.encodestring((s := _span(c, r)).encode()).decode("ascii"), s),
    "utf16_base64": lambda c, r: (base64.b64encode((s := _span(c, r)).encode("utf-16")).decode(), s),
    "diff": lambda c, r: (
        "--- a/notes.md\n+++ b/notes.md\n@@ -1,2 +1,9 @@\n" + textwrap.indent(s := _span(c, r), "+", lambda _: True),
        s,
    ),
    "byte_list": lambda c, r: ({"token_ids": list((s := _span(c, r)).encode())}, s),
    "byte_list_text": lambda c, r: ("ids: " + str(list((s := _span(c, r)).encode())), s),
    "tokens": lambda c, r: (_tokens(s := _span(c, r), r), s),
    "split_fields": _pieces,
    "word_edit": lambda c, r: (_word_edit(s := _span(c, r), r), s),
    "zero_width": lambda c, r: ("\u200b".join(s := _span(c, r)), s),
    "look_alike": lambda c, r: ((s := _span(c, r)).translate(_LOOKALIKE), s),
}
"""Transform name -> (CoT, generator) -> plant."""
