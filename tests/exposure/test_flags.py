"""Packed bytes behind base64, hex and base85 are told from noise by their beginning, alike in the kernel and in its reference."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.exposure import flags, matching
from sequester.exposure.normaliser import normalise

TEXT = (
    b"The lighthouse keeper counted seven gulls before the fog rolled in from the harbour, wrote the number down, and then "
    b"found that two of them had been terns; so the entry of the seventh of March says five, in another ink."
)
ARMOURS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "hex": lambda data: data.hex().encode(),
    "base85": base64.b85encode,
    "ascii85": base64.a85encode,
}


def deflated(data: bytes, level: int = 6, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, 15, 8, strategy)
    return stream.compress(data) + stream.flush()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    **{f"zlib {level}": lambda data, level=level: deflated(data, level) for level in (1, 6, 9)},
    "zlib, fixed codes": lambda data: deflated(data, strategy=zlib.Z_FIXED),
    "zlib, letters only": lambda data: deflated(data, strategy=zlib.Z_HUFFMAN_ONLY),
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def flagged(raw: bytes) -> int:
    """The flags of a text, on which the matcher in use and the reference agree."""
    _, odd, wide = normalise(raw)
    plain = flags.flags_of(raw, odd, wide)
    assert [hit.flags for hit in matching.screen([((), (), ((raw,),))]).hits] == ([(plain,)] if plain else [])
    return plain


def test_nothing_is_no_packing() -> None:
    assert flagged(b"") == 0
    assert all(flagged(armour(b"")) == 0 for armour in ARMOURS.values())


@pytest.mark.parametrize("armour", ARMOURS)
@pytest.mark.parametrize("packing", PACKINGS)
def test_packed_text_is_worth_unfolding(packing: str, armour: str) -> None:
    raw = b"state: " + ARMOURS[armour](PACKINGS[packing](TEXT * 3)) + b" end of the state"
    assert flagged(raw) & (flags.ARMOUR | flags.DIGITS)


@pytest.mark.parametrize("armour", ["base64", "hex"])
def test_two_bytes_that_begin_no_stream_are_noise(armour: str) -> None:
    """The header of zlib before bytes that cannot be deflated: most draws hold no other sign."""
    draw = random.Random(5)
    told = [flagged(ARMOURS[armour](b"x\x9c\xff" + draw.randbytes(150))) for _ in range(40)]
    assert sum(bool(found & (flags.ARMOUR | flags.DIGITS)) for found in told) <= 10


def with_a_bit_changed(stream: bytes, bit: int) -> bytes:
    at = bit // 8
    return stream[:at] + bytes([stream[at] ^ 1 << bit % 8]) + stream[at + 1 :]


bodies = st.one_of(
    st.binary(max_size=80),
    st.binary(min_size=1, max_size=80).map(lambda data: deflated(data, 0)[2:]),
    st.text(st.characters(codec="ascii"), min_size=1).map(lambda text: deflated(text.encode(), 9)[2:]),
    st.builds(with_a_bit_changed, st.sampled_from([deflated(TEXT * times, 9)[2:] for times in range(1, 4)]), st.integers(0, 79)),
)


@settings(max_examples=300, deadline=None)
@given(
    head=st.sampled_from([b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b""]),
    body=bodies,
    length=st.integers(0, 80),
    before=st.binary(max_size=70),
    armour=st.sampled_from(sorted(ARMOURS)),
)
def test_any_beginning_is_judged_alike(head: bytes, body: bytes, length: int, before: bytes, armour: str) -> None:
    flagged(ARMOURS[armour](before + head + body[:length]))


def noise(draw: random.Random, size: int) -> bytes:
    return bytes(draw.choices((*range(1, 9), *range(0xF8, 0x100)), k=size))


@pytest.mark.parametrize("armour", ["base64", "hex"])
@pytest.mark.parametrize("before", range(0, 80, 3))
@pytest.mark.parametrize("letters", ["naïve café crème brûlées", "größer ßtraße — Überfall", "слово zu слово  en слово "])
def test_mixed_text_among_noise_is_seen_wherever_it_stands_from_24_characters_on(letters: str, before: int, armour: str) -> None:
    draw = random.Random(before)
    for text, is_seen in ((letters[:24], True), (letters[:23], False)):
        data = noise(draw, before) + text.encode() + noise(draw, 70)
        assert bool(flagged(ARMOURS[armour](data)) & (flags.ARMOUR | flags.DIGITS)) == is_seen, text


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("before", range(0, 130, 7))
def test_sixteen_ids_of_four_bytes_among_noise_are_seen_wherever_they_stand(before: int, order: Literal["little", "big"]) -> None:
    draw = random.Random(before)
    for count in (16, 15):  # with fewer, the kernel and its reference agree on what else the noise around them makes
        ids = b"".join((0x7F8F8 + at % 7).to_bytes(4, order) for at in range(count))
        found = flagged(ARMOURS["hex"](noise(draw, before) + ids + noise(draw, 50)))
        assert found & flags.DIGITS or count < 16
