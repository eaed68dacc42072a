"""Entries of a ZIP file from somewhere else: read whole whatever the method, or refused by name and within bounds."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sequester.episodes.readers import zipped
from sequester.episodes.readers.zipped import ZippedFile, shown_entry
from sequester.errors import InputError, LimitExceeded

DATA = b'{"reasoning": "seven gulls landed"}' * 40
METHODS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}


def packed(data: bytes = DATA, method: int = zipfile.ZIP_DEFLATED, name: str = "header.json") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(entry(name), data, method)
    return buffer.getvalue()


def entry(name: str) -> zipfile.ZipInfo:
    """An entry of the year 1980: every process that collects these tests makes the same bytes."""
    return zipfile.ZipInfo(name)


def with_extra_field() -> bytes:
    """As archivers write it that keep time stamps or owners in the local header."""
    buffer = io.BytesIO()
    info = entry("header.json")
    info.extra = struct.pack("<HHI", 0x7875, 4, 1)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, DATA)
    return buffer.getvalue()


def with_zstd(data: bytes = DATA) -> bytes:
    """As Inspect writes it: the entry is stored as zstd, and both headers say method 93 and the inflated size."""
    stream = pa.compress(data, "zstd", asbytes=True)
    whole = bytearray(packed(stream, zipfile.ZIP_STORED))
    with zipfile.ZipFile(io.BytesIO(packed(data))) as plain:
        checksum = plain.getinfo("header.json").CRC
    for header, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = whole.index(header) + at
        struct.pack_into("<H", whole, start, 93)
        struct.pack_into("<III", whole, start + 6, checksum, len(stream), len(data))
    return bytes(whole)


@pytest.fixture
def opened(tmp_path: Path):
    """Opens bytes as a ZIP file."""

    def make(content: bytes) -> ZippedFile:
        path = tmp_path / "log.eval"
        path.write_bytes(content)
        return ZippedFile(path)

    return make


def test_an_archive_of_nothing_has_no_entries(opened) -> None:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    with opened(buffer.getvalue()) as file:
        assert file.entries == {}
    for method in METHODS.values():
        with opened(packed(b"", method)) as file:
            assert file.read("header.json") == b""


ENTRIES = {name: packed(method=method) for name, method in METHODS.items()} | {"zstd": with_zstd(), "extra": with_extra_field()}


@pytest.mark.parametrize("content", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_is_read_whole(opened, content: bytes) -> None:
    with opened(content) as file:
        assert file.read("header.json") == DATA


def test_of_two_entries_of_one_name_the_last_counts(opened) -> None:
    buffer = io.BytesIO()
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("header.json", b"first")
        archive.writestr("header.json", b"second")
    with opened(buffer.getvalue()) as file:
        assert file.read("header.json") == b"second"


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", packed()[:-10], packed()[: len(packed()) // 2]], ids=range(5))
def test_what_has_no_directory_is_refused(opened, content: bytes) -> None:
    with pytest.raises(InputError, match="the directory at the end") as caught:
        opened(content)
    assert caught.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.eval: cannot be opened"):
        ZippedFile(tmp_path / "nothing.eval")


def test_entries_that_claim_more_than_the_file_holds_are_refused(opened) -> None:
    """A bomb whose entries share their bytes."""
    content = bytearray(packed())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 20, len(content) + 1)
    with pytest.raises(InputError, match="the directory at the end"):
        opened(bytes(content))


def changed(at: int, value: bytes, header: bytes = b"PK\x01\x02", content: bytes | None = None) -> bytes:
    content = packed() if content is None else content
    start = content.rindex(header) + at
    return content[:start] + value + content[start + len(value) :]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (changed(8, b"\x01"), "the entry is encrypted"),
        (changed(10, b"\x0e"), r"the entry is damaged \(ValueError\)"),
        (changed(16, b"\0\0\0\0"), r"the entry is damaged \(its checksum differs\)"),
        (changed(0, b"PK\x05", b"PK\x03\x04"), r"the entry is damaged \(ValueError\)"),
        (changed(42, b"\xff\xff\xff"), r"the entry is damaged \(ValueError\)"),
        (changed(30 + len("header.json"), b"\xff\xff\xff", b"PK\x03\x04"), r"the entry is damaged \(error\)"),
        (changed(20, b"\x08\0\0\0"), r"the entry is damaged \(ValueError\)"),
        (changed(20, b"\x0a\0\0\0", content=with_zstd()), r"the entry is damaged \(OSError\)"),
    ],
    ids=["encrypted", "method", "checksum", "no header", "offset", "stream", "cut", "cut zstd"],
)
def test_a_damaged_entry_is_named_and_shows_nothing(opened, content: bytes, says: str) -> None:
    with opened(content) as file, pytest.raises(InputError, match=rf"log\.eval: header\.json: {says}") as caught:
        file.read("header.json")
    assert caught.value.hint
    assert "gulls" not in str(caught.value)


@pytest.mark.parametrize("content", [packed(bytes(4 << 20)), with_zstd(bytes(4 << 20))], ids=["deflated", "zstd"])
def test_a_bomb_is_refused_whatever_its_headers_claim(opened, content: bytes) -> None:
    claimed = changed(24, b"\x05\0\0\0", content=content)
    with opened(claimed) as file, pytest.raises(LimitExceeded, match="inflates to more than 2 MB"):
        file.read("header.json")


def test_more_than_was_asked_for_is_refused(opened) -> None:
    with opened(packed(method=zipfile.ZIP_STORED)) as file:
        assert file.read("header.json", limit=len(DATA)) == DATA
        with pytest.raises(LimitExceeded, match="the entry holds more than"):
            file.read("header.json", limit=len(DATA) - 1)
    with opened(packed()) as file, pytest.raises(LimitExceeded, match="inflates to more than"):
        file.read("header.json", limit=len(DATA) - 1)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_read_right_or_refused(opened, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([packed(), packed(method=zipfile.ZIP_STORED), with_zstd()])))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    try:
        with opened(bytes(content)) as file:
            for name in file.entries:
                assert file.read(name) == DATA
    except InputError as error:
        assert "gulls" not in str(error)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        ("header.json", "header.json"),
        ("samples/", "samples/"),
        ("samples/the keeper counted", "samples/<18 characters>"),
        ("x" * 100, "x" * 80),
    ],
)
def test_an_entry_s_name_may_be_text(name: str, shown: str) -> None:
    assert shown_entry(name) == shown


def test_blocks_are_bounded() -> None:
    assert zipped.MAX_ENTRY <= 256 << 20
    assert max(map(len, zipped._inflate(bytes(3 << 20), 0))) == 1 << 20
