"""Packed bytes: everything is opened or a limit is named; what comes before a damage is read."""

from __future__ import annotations

import io
import random
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.wrappings import PACKINGS, TEXT

from sequester.exposure.layers.archives import inflate, promising, unpack, unsigned
from sequester.exposure.layers.piece import Budget

DATA = TEXT.encode()


def opened(data: bytes, budget: Budget) -> list[tuple[tuple[str, ...], bytes]]:
    seen: set[bytes] = set()

    def is_new(content: bytes) -> bool:
        known = len(seen)
        seen.add(content)
        return len(seen) > known

    budget.begin(len(data))
    return list(unpack(data, budget, is_new))


@pytest.mark.parametrize(
    "data", [b"", b"\0", DATA, b"PK", b"x\x9c", b"\x1f\x8b\x08", b"BZh9", bytes(2000), b"\xff" * 2000], ids=range(9)
)
def test_what_holds_nothing_gives_nothing(data: bytes) -> None:
    budget = Budget()
    assert opened(data, budget) == []
    assert budget.exhausted == ()


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_is_opened_and_named(packing: str) -> None:
    budget = Budget()
    found = opened(PACKINGS[packing](DATA), budget)
    names, content = found[-1]
    assert content.endswith(DATA) or DATA in content
    assert budget.exhausted == ()
    assert all(names)


packed = st.lists(st.sampled_from(sorted(PACKINGS)), min_size=1, max_size=4).map(
    lambda names: (tuple(names), _packed(names)),
)


def _packed(names: list[str]) -> bytes:
    data = DATA
    for name in names:
        data = PACKINGS[name](data)
    return data


@settings(max_examples=150, deadline=None)
@given(
    layers=packed,
    depth=st.integers(0, 6),
    attempts=st.integers(0, 30),
    inflated=st.integers(0, 8 * len(DATA)),
)
def test_what_a_limit_cuts_is_said(layers: tuple[tuple[str, ...], bytes], depth: int, attempts: int, inflated: int) -> None:
    """The invariant behind `none_found`: without a limit that was hit, nothing is missing."""
    whole = opened(layers[1], Budget(depth=100, attempts=10_000, inflated=1 << 30))
    budget = Budget(depth=depth, attempts=attempts, inflated=inflated)
    found = opened(layers[1], budget)
    if budget.exhausted == ():
        assert found == whole
    assert sum(len(content) for _, content in found) <= max(inflated, 0) + 200 * len(found)  # and names of members


@pytest.mark.parametrize("packing", ["gzip", "zlib", "deflate", "lzma"])
def test_what_comes_before_a_damage_is_read(packing: str) -> None:
    noise = random.Random(7)
    data = b"".join(DATA + noise.randbytes(40) for _ in range(500))
    stream = bytearray(PACKINGS[packing](data))
    for at in range(len(stream) * 9 // 10, len(stream)):
        stream[at] ^= 0x55
    content, used = inflate(packing, memoryview(bytes(stream)), Budget())
    sound = len(data) * 8 // 10
    assert content[:sound] == data[:sound]
    assert len(stream) * 8 // 10 < used <= len(stream)


def test_several_members_and_what_stands_between_them_are_all_read() -> None:
    data = b"noise" + PACKINGS["gzip"](DATA) + b"\xff\xfe" + PACKINGS["zlib"](DATA[::-1]) + b"tail"
    assert [name for name, _ in opened(data, Budget())] == [("gzip",), ("zlib",)]


def test_every_member_of_an_archive_is_read_with_its_name() -> None:
    archive, bundle = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar, zipfile.ZipFile(bundle, "w") as zipped:
        for number in range(3):
            member = tarfile.TarInfo(f"notes {number}")
            content = DATA + b" %d" % number
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
            zipped.writestr(f"notes {number}", content)
    expected = [b"notes %d\n%s %d" % (number, DATA, number) for number in range(3)]
    for data in (archive.getvalue(), bundle.getvalue()):
        assert [content for _, content in opened(data, Budget())] == expected


@pytest.mark.parametrize("size", [b"99999999999\0", b"77777777777\0", b"not a size!\0", b"-0000000001\0"])
def test_a_size_that_a_tar_claims_bounds_nothing(size: bytes) -> None:
    data = bytearray(PACKINGS["tar"](DATA))
    data[124:136] = size
    assert sum(len(content) for _, content in opened(bytes(data), Budget())) <= len(data) + 200


def test_noise_is_neither_promising_nor_packed_without_a_signature() -> None:
    noise = random.Random(3)
    blocks = [noise.randbytes(400) for _ in range(200)]
    assert sum(map(promising, blocks)) <= 20
    assert sum(bool(unsigned(block)) for block in blocks) <= 5
    assert promising(DATA)
    assert unsigned(PACKINGS["deflate"](DATA)) == ["deflate"]
    assert unsigned(DATA[:20]) == []
