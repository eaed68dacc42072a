"""Hostile texts: bombs, deep nesting, garbage. Bounded, never an exception, and never silently unsearched."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.wrappings import TEXT, b64
from tests.growth import assert_linear

from sequester.exposure.layers import Budget, Layer, unfold
from sequester.exposure.matching import Pattern
from sequester.exposure.undoing import Search

MEBI = 1 << 20
PATTERN = Pattern([TEXT])


def layers(text: str, budget: Budget) -> list[Layer]:
    """All that an audit unfolds of a text."""
    return list(unfold(text, budget, Search(PATTERN, PATTERN.flags(text))))


def search(text: str, budget: Budget) -> int:
    """Code points of all layers, as though the screen had seen everything in the text itself."""
    return sum(len(layer.text) for layer in unfold(text, budget, Search(PATTERN, -1)))


def test_a_bomb_stops_at_the_limit_and_says_so() -> None:
    budget = Budget(inflated=2 * MEBI, decoded=16 * MEBI)
    search(b64(gzip.compress(bytes(64 * MEBI))), budget)
    assert "inflated" in budget.exhausted
    assert budget.inflated <= 0


def test_text_before_the_limit_is_still_read() -> None:
    budget = Budget(inflated=MEBI)
    text = b64(zlib.compress((TEXT * 20_000).encode()))
    assert any(TEXT in layer.text.reveal() for layer in layers(text, budget))
    assert budget.exhausted == ("inflated",)


def test_nested_compression_stops_at_the_depth() -> None:
    data = bytes(MEBI)
    for _ in range(10):
        data = gzip.compress(data)
    budget = Budget()
    search(b64(data), budget)
    assert budget.exhausted == ("depth",)


def test_too_many_levels_are_reported() -> None:
    text = TEXT
    for _ in range(8):
        text = b64(text.encode())
    budget = Budget()
    search(text, budget)
    assert budget.exhausted == ("depth",)
    budget = Budget(depth=8)
    assert any(layer.text.reveal() == TEXT for layer in layers(text, budget))


def test_regions_are_bounded() -> None:
    text = " and then ".join(b64(f"{i}: {TEXT}".encode()) for i in range(50))
    budget = Budget(regions=10)
    assert len(layers(text, budget)) == 10
    assert budget.exhausted == ("regions",)


def test_a_tar_of_many_members_is_bounded() -> None:
    budget = Budget(regions=100)
    search(b64(b"".join(tarfile.TarInfo(f"member number {i}").tobuf() for i in range(200))), budget)
    assert budget.exhausted == ("regions",)
    budget = Budget(attempts=100)
    search(b64(tarfile.TarInfo("x").tobuf() * 200), budget)
    assert budget.exhausted == ("attempts",)


def test_attempts_count_whether_anything_came_of_them_or_not() -> None:
    noise = " and then ".join(b64(random.Random(seed).randbytes(45)) for seed in range(100))
    budget = Budget(attempts=60)
    search(noise, budget)
    assert budget.exhausted == ("attempts",)
    budget = Budget()
    search(noise, budget)
    assert budget.exhausted == ()


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress])
def test_a_short_text_is_unfolded_to_little(packed: Callable[[bytes], bytes]) -> None:
    text = b64(packed(TEXT.encode() + bytes(40 * MEBI)))
    budget = Budget()
    assert any(TEXT in layer.text.reveal() for layer in layers(text, budget))
    assert budget.exhausted == ("inflated",)
    assert 64 * MEBI - budget.inflated <= 4 * MEBI + 32 * len(text)


def test_a_new_text_begins_with_a_share_of_its_own() -> None:
    bomb, budget = b64(gzip.compress(bytes(40 * MEBI))), Budget(inflated=14 * MEBI)
    search(bomb, budget)
    assert any(TEXT in layer.text.reveal() for layer in layers(b64(gzip.compress(TEXT.encode())), budget))
    for _ in range(2):
        search(bomb, budget)
    assert budget.inflated == 0


def test_an_archive_met_again_is_not_opened_again() -> None:
    text = "".join(f'"part {i}"\n| {i} |\n' for i in range(40)) + gzip.compress((TEXT * 20).encode()).decode("latin-1")
    found = [layer.transforms for layer in layers(text, Budget()) if TEXT in layer.text.reveal()]
    assert found[0] == ("gzip",)
    assert sum("gzip" in transforms for transforms in found) <= 3


def test_sizes_claimed_in_headers_bound_nothing() -> None:
    member = tarfile.TarInfo("x")
    member.size = 8**11 - 1
    search(b64(member.tobuf() + TEXT.encode()), Budget())
    broken = bytearray(tarfile.TarInfo("x").tobuf())
    broken[124:136] = b"\xff" * 12  # a negative size in base-256
    search(b64(bytes(broken) + TEXT.encode()), Budget())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", TEXT)
    lying = bytearray(out.getvalue())
    lying[18:26] = b"\xff\xff\xff\x7f" * 2
    assert any(TEXT in layer.text.reveal() for layer in layers(b64(bytes(lying)), Budget()))


def test_a_real_image_is_no_reason_to_stop() -> None:
    noise = random.Random(5).randbytes(300_000)
    budget = Budget()
    search(f"<img src='data:image/png;base64,{b64(noise)}'>", budget)
    assert budget.exhausted == ()


def test_deep_json() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, json.dumps("x" * 50) * 1000 + "[" * 100_000 + "]" * 100_000):
        search(text, Budget())


_REPEATED = [
    *[
        "A",
        "=",
        "\\",
        "[",
        "<",
        "<a ",
        "<!--",
        "<script>",
        "&#1",
        '"',
        "' '",
        '"\\',
        "0",
        "0 ",
        "1,",
        "-1",
        "ab ",
        "\\x41",
        "%u0041",
    ],
    *[
        "%25",
        "0x",
        "U+0041 ",
        "\n",
        "\n@@ -1 +1 @@",
        "|a|b\n",
        "\t",
        "1\n",
        "\0",
        "A\0",
        "\x1f\x8b\x08",
        "x\x9c",
        "](",
        "[x](",
        "=\n",
    ],
    *[
        "A" * 15 + ".",
        "A" * 39 + " ",
        "1" + " " * 99,
        " gur eht ",
        "\u6565",
        "\ud800",
        "\udc80",
        "\U000e0041",
        "\u200b\u200c",
        "Ã©",
    ],
    *["\u2841", "M" + "A" * 60 + "\n", "00000000  41 41 41 41\n", "01", "&amp;", "=3D", "PK\x03\x04", "begin 644 x\n"],
]


@pytest.mark.parametrize("unit", _REPEATED)
def test_time_is_linear_in_repeated_units(unit: str) -> None:
    def work(size: int) -> None:
        text = unit * (size // len(unit))
        search(text, Budget())

    assert_linear(work, 64_000)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=400))
def test_any_text_is_survived(text: str) -> None:
    search(text, Budget(inflated=MEBI, decoded=MEBI))


_SHARDS = [
    "\\u",
    "\\x1f\\x8b",
    "%u12",
    "=\n",
    '{"a": "',
    "'",
    "<!--",
    "&#x",
    "0x4",
    "\0",
    "\ud83d",
    "\udc80",
    "~>",
    "<~",
    "@@ ",
    "| a |",
    "\n",
    "PK\x03\x04",
    "x\x9c",
    "A" * 41,
    "1, " * 13,
    "4a " * 20,
    "é",
    "\U000e0041" * 9,
    "begin 644 x\n",
    "\u200b\u200c" * 40,
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_SHARDS) | st.text(max_size=8), max_size=40).map("".join))
def test_any_mixture_of_marks_is_survived(text: str) -> None:
    search(text, Budget(inflated=MEBI, decoded=MEBI))


_PACKED = [gzip.compress(TEXT.encode()), zlib.compress(TEXT.encode()), tarfile.TarInfo("x").tobuf() + TEXT.encode()]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_PACKED), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6), st.integers(0, 600))
def test_damaged_packings_are_survived(data: bytes, damage: list[tuple[int, int]], length: int) -> None:
    broken = bytearray(data)
    for at, value in damage:
        broken[at % len(broken)] = value
    search(b64(bytes(broken[:length])), Budget(inflated=MEBI, decoded=MEBI))
    search(bytes(broken[:length]).decode("latin-1"), Budget(inflated=MEBI, decoded=MEBI))
