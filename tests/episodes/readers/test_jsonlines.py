"""Lines of JSON: shared by byte ranges, bounded, numbered."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.model import Reason, Skipped
from sequester.episodes.readers import jsonlines, streams
from sequester.episodes.readers.interface import Unit
from sequester.episodes.readers.jsonlines import CHECKED, CHECKED_LATER, decoded_lines, line_units, numbered_lines
from sequester.errors import InputError, LimitExceeded

ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
CANARY = "The keeper counted seven gulls"


def records(path: Path) -> list[Any]:
    return [record for unit in line_units(path) for _, record in decoded_lines(unit, ANY)]


def file_of(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "lines"
    path.write_bytes(data)
    return path


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


@pytest.mark.parametrize("data", [b"", b"\n\n \r\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0), zstd(b"")])
def test_nothing_holds_no_records(tmp_path: Path, data: bytes) -> None:
    assert records(file_of(tmp_path, data)) == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("ab \r", max_size=8).map(str.encode), max_size=30),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_units_hold_every_line_once_with_its_number(lines: list[bytes], size: int, ended: bool, bom: bytes) -> None:
    data = bom + b"\n".join(lines) + (b"\n" if ended else b"")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonlines, "UNIT_BYTES", size)
        path = file_of(Path(folder), data)
        units = list(line_units(path))
        found = [found for unit in units for found in numbered_lines(unit)]
    assert [unit.start for unit in units[1:]] == [unit.stop for unit in units[:-1]]
    expected = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    assert [(number, line.rstrip(b"\n")) for number, line in found if line is not None] == expected


def test_compressed_lines_are_read_whatever_the_name(tmp_path: Path) -> None:
    data = b"".join(b'{"n":%d}\n' % n for n in range(5000))
    expected = [{"n": n} for n in range(5000)]
    half = len(data) // 2
    for packed in (
        gzip.compress(data),
        gzip.compress(data[:half]) + gzip.compress(data[half:]),
        zstd(data),
        zstd(data[:half]) + zstd(data[half:]),
    ):
        assert records(file_of(tmp_path, packed)) == expected
    assert records(file_of(tmp_path, b"\xef\xbb\xbf" + data)) == expected
    assert records(file_of(tmp_path, gzip.compress(b"\xef\xbb\xbf" + data))) == expected


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"{", "ends early"),
        (b'{"a": "' + CANARY.encode(), "ends early"),
        (b"\x00" * 50, "not valid JSON"),
        (b'"\xff"', "not valid UTF-8"),
        (b'"\xed\xa0\x80"', "not valid UTF-8"),
        (b"[" * 1_000_000, "nested too deeply"),
        (b'{"a":' * 1_000_000, "nested too deeply"),
        (b"[" * 1_000_000 + b"]" * 1_000_000, "nested too deeply"),
        (b"9" * 100_000, "out of range"),
        (b"1e999999999", "out of range"),
        (b'"tab\there"', "not valid JSON"),
        (b'{"a":1}{"a":2}', "trailing"),
        (CANARY.encode() * 3, "not valid JSON"),
    ],
    ids=range(13),
)
def test_a_bad_line_costs_itself_and_says_why_without_its_text(tmp_path: Path, line: bytes, detail: str) -> None:
    good, bad = records(file_of(tmp_path, b"1\n" + line))
    assert good == 1
    assert isinstance(bad, Skipped)
    assert (bad.reason, bad.source.record) == (Reason.MALFORMED, 2)
    assert detail in bad.detail
    assert CANARY not in bad.detail
    assert records(file_of(tmp_path, b"1\n" + line + b"\n2\n"))[2] == 2


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"x\udfff\ud83d\ude00\ud83d"', "x\ufffd\U0001f600\ufffd"),
        (rb'"\\ud800 \\\ud800"', "\\ud800 \\\ufffd"),
        (rb'["\ud800", NaN, -Infinity, "NaN \" Infinity"]', ["\ufffd", None, None, 'NaN " Infinity']),
        (rb'{"\ud800": Infinity}', {"\ufffd": None}),
        (rb'"\u0000"', "\0"),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_what_trainers_write_although_json_forbids_it_is_read(tmp_path: Path, line: bytes, value: Any) -> None:
    assert records(file_of(tmp_path, line + b"\n")) == [value]


def test_a_repeated_key_is_looked_for_in_the_first_lines(tmp_path: Path) -> None:
    once, twice = b'{"a": 2}\n', b'{"a": 1, "a": 2}\n'
    first, *rest = records(file_of(tmp_path, twice + once * CHECKED + twice))
    assert isinstance(first, Skipped)
    assert (first.reason, first.source.record) == (Reason.MALFORMED, 1)
    assert rest == [{"a": 2}] * (CHECKED + 1)


def test_a_repeated_key_is_looked_for_in_the_first_lines_of_every_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once, twice = b'{"a": 2}\n', b'{"a": 1, "a": 2}\n'
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", len(once) * (CHECKED + 1))
    found = records(file_of(tmp_path, once * (CHECKED + 2) + twice + once * CHECKED_LATER + twice))
    assert [(at, one.source.record) for at, one in enumerate(found, 1) if isinstance(one, Skipped)] == [
        (CHECKED + 3, CHECKED + 3)
    ]


@pytest.mark.parametrize("line", [b'"' + b'\\"' * 500_000, b'"\\ud800' + b"\\" * 500_001, b'NaN"' * 200_000, b"-" * 500_000])
def test_the_second_try_is_linear(tmp_path: Path, line: bytes) -> None:
    (record,) = records(file_of(tmp_path, line))
    assert isinstance(record, Skipped)


def test_a_line_beyond_the_limit_is_skipped_and_the_next_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "MAX_LINE", 100)
    for size in (30, 1 << 20):
        monkeypatch.setattr(jsonlines, "UNIT_BYTES", size)
        data = b"1\n" + b"2" * 5000 + b"\n3\n" + b"4" * 101
        for stored in (data, gzip.compress(data)):
            one, two, three, four = records(file_of(tmp_path, stored))
            assert (one, three) == (1, 3)
            assert (two.reason, two.source.record) == (Reason.LIMIT, 2)
            assert (four.reason, four.source.record) == (Reason.LIMIT, 4)


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_damaged_compression_is_an_error_and_what_came_before_stands(tmp_path: Path, pack: Any) -> None:
    data = b"".join(b'{"n":%d}\n' % (n * 7919 % 1_000_003) for n in range(60_000))
    packed = pack(data)
    path = file_of(tmp_path, packed[: len(packed) * 3 // 4])
    found: list[Any] = []
    with pytest.raises(InputError, match="damaged or truncated") as error:
        for _, record in decoded_lines(next(line_units(path)), ANY):
            found.append(record)
    assert error.value.where == str(path)
    assert len(found) > 20_000
    assert found == [{"n": n * 7919 % 1_000_003} for n in range(len(found))]
    assert len(records_until_error(file_of(tmp_path, packed + b"garbage"))) == 60_000


def records_until_error(path: Path) -> list[Any]:
    found: list[Any] = []
    with pytest.raises(InputError):
        for unit in line_units(path):
            for _, record in decoded_lines(unit, ANY):
                found.append(record)
    return found


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    monkeypatch.setattr(streams, "_FREE_BYTES", 1 << 20)
    monkeypatch.setattr(streams, "_RATIO", 100)
    path = file_of(tmp_path, pack(b"0" * (8 << 20)))
    with pytest.raises(LimitExceeded, match="inflates to more than 100 times its size"):
        records(path)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    for path, message in (
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path, "not a regular file"),
        (tmp_path / "x", "does not exist"),
    ):
        with pytest.raises(InputError, match=message):
            list(line_units(path))
    with pytest.raises(InputError):
        list(numbered_lines(Unit(str(tmp_path / "a\0b"))))


def test_a_file_that_is_cut_while_it_is_read_is_an_error_and_one_that_grows_is_not(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"a": 1}\n' * 3)
    [unit] = line_units(path)
    path.write_bytes(b'{"a": 1}\n' * 5)
    assert len(list(numbered_lines(unit))) == 3
    path.write_bytes(b'{"a": 1}\n' * 2)
    lines = numbered_lines(unit)
    assert [next(lines)[0], next(lines)[0]] == [1, 2]
    with pytest.raises(InputError, match="ends at byte 18 of 27"):
        next(lines)
