"""Texts that stand cut up are put together, alike by the kernel and by its reference."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.wrappings import ARMOURS, CHINESE_ONLY, REARRANGED, TEXT, pieces

from sequester.exposure import flags, matching, oracle
from sequester.exposure.rearranged import is_dump, rearranged, with_line_ends

_kernel = pytest.importorskip("sequester.exposure._kernel")
_PARTS = [
    *[
        '"',
        "'",
        '\\"',
        '"""',
        "'''",
        "a",
        "1",
        "22",
        ": ",
        "key",
        "é",
        "word ",
        "INFO: ",
        "  ",
        "ab\n",
        "\n",
        "\n\n",
        "\\n",
        "\\\\n",
        "\\t",
    ],
    *["|", "\t", ",", ";", "<b x>", "<", "<!--", "-->", "<script>", "</script>", "](u)", "[1]", "[^2]", "]"],
    *[
        "@@ -1 @@\n",
        "+x\n",
        "-y\n",
        "0x41, ",
        "U+4e2d ",
        "\\u{65}",
        " gur ",
        " Dna ",
        "000010: 41 42\n",
        "000018  43 44\n",
        "\0",
        "\udc80",
    ],
]


@pytest.fixture(params=_kernel.levels())
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set this machine has, in turn."""
    matching.configure_kernel(request.param)
    yield request.param
    matching.configure_kernel(_kernel.levels()[0] if matching.implementation == "python" else matching.implementation)


def test_nothing_stands_cut_up_in_nothing() -> None:
    assert list(rearranged(b"")) == _kernel.rearranged(b"") == []
    assert not is_dump(b"")


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        (json.dumps([{"token": piece, "kind": "low"} for piece in pieces(TEXT)]), TEXT),
        (json.dumps([{"id": byte, "kind": "low"} for byte in TEXT.encode()]), "".join(f"{byte}," for byte in TEXT.encode())),
        ("\n".join(f"{number:3}:{piece}" for number, piece in enumerate(pieces(TEXT))), "\n".join(pieces(TEXT)) + "\n"),
        ("\n".join(f"x{number}|{piece}|y" for number, piece in enumerate(pieces(TEXT))), "\n".join(pieces(TEXT)) + "\n"),
        ("".join(f'<i id="{number}">{piece}</i>' for number, piece in enumerate(pieces(TEXT))), TEXT),
        (REARRANGED["rot13"](TEXT), TEXT),
        (TEXT[::-1], TEXT),
        (" ".join(f"0x{byte:02x}" for byte in TEXT.encode()), "".join(f"{byte}," for byte in TEXT.encode())),
    ],
)
def test_what_is_cut_up_is_put_together(text: str, joined: str) -> None:
    assert joined.encode() in [together for _, together in rearranged(text.encode())]


def test_ordinary_text_is_left_alone() -> None:
    assert list(rearranged(TEXT.encode())) == []
    assert list(rearranged("\n\n".join([TEXT] * 5).encode())) == []


def test_escaped_line_ends_count_as_such_where_there_are_several() -> None:
    assert with_line_ends(b'a\\nb\\\\nc\\n\\"d\\"\\re') == b'a\nb\nc\n"d"e'
    assert with_line_ends(b"C:\\new\\x") == b"C:\\new\\x"


@pytest.mark.parametrize("step", [8, 16, 32])
def test_a_dump_of_bytes_is_told_by_its_offsets(step: int) -> None:
    assert is_dump(f"{0x4000:08x}: 5468 6520\n{0x4000 + step:08x}: 7365 636f".encode())
    assert not is_dump(f"{0x4000:08x}: 5468 6520\n{0x4000 + step + 1:08x}: 7365 636f".encode())


def test_kernel_and_reference_put_the_same_together(level: str) -> None:
    texts = [
        *(wrap(TEXT.encode()) for wrap in ARMOURS.values()),
        *(wrap(TEXT) for wrap in REARRANGED.values()),
        *(wrap(TEXT) for wrap in CHINESE_ONLY.values()),
    ]
    for text in (*texts, *map(json.dumps, texts)):
        raw = text.encode("utf-8", "replace")
        assert _kernel.rearranged(raw) == list(rearranged(raw))
        episode = ([TEXT.encode()], [], [[raw]])
        assert _kernel.screen([episode])[3] == oracle.screen([episode], None)[3]
        assert _kernel.Pattern(*episode[:2]).flags(raw, 0) == oracle.Pattern(*episode[:2]).flags(raw, 0)


@given(parts=st.lists(st.sampled_from(_PARTS), max_size=250))
@settings(max_examples=300, deadline=None)
def test_any_parts_are_put_together_alike(parts: list[str]) -> None:
    raw = "".join(parts).encode("utf-8", "surrogateescape")
    assert _kernel.rearranged(raw) == list(rearranged(raw))
    sources = ([TEXT.encode(), b"INFO: a word key a 22 ab word INFO a word key"], [])
    assert _kernel.Pattern(*sources).flags(raw, 0) == oracle.Pattern(*sources).flags(raw, 0)


def test_lines_are_put_together_alike_whatever_they_begin_with(level: str) -> None:
    for first in range(256):
        raw = b"".join(b"%c%d; word%c\n" % (first, number, first) for number in range(5))
        assert _kernel.rearranged(raw) == list(rearranged(raw)), first


def test_many_lines_are_put_together_alike(level: str) -> None:
    rng = random.Random(3)
    beginnings = ["INFO: ", "12:30 ", "12:31\t", "", "word ", "a, b", "(", "  x=", "ab", "        deep; ", "\u00e9."]
    for count in (1, 63, 64, 65, 127, 128, 129, 500):
        raw = "\n".join(rng.choice(beginnings[: rng.randint(2, 11)]) + "abc, " * rng.randint(0, 3) for _ in range(count)).encode()
        assert _kernel.rearranged(raw) == list(rearranged(raw)), count


def test_public_text_in_pieces_is_no_reason_to_unfold() -> None:
    table = REARRANGED["markdown-table"](TEXT).encode()
    private = b"an unrelated secret that nobody was told, and which is long enough to be looked for in earnest"
    (hit,) = matching.screen([((TEXT, private), (), ((table,),))]).hits
    assert hit.flags[0] & ~flags.KEYED == flags.REARRANGED | flags.COLUMNS
    assert matching.screen([((TEXT, private), ((TEXT, 0),), ((table,),))]).hits == []
