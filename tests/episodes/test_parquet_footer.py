from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.parquet_footer import BYTE_ARRAY, MAGIC, read_footer
from sequester.errors import InputError, LimitExceeded


def framed(footer: bytes) -> bytes:
    return MAGIC + footer + len(footer).to_bytes(4, "little") + MAGIC


def test_a_file_without_rows_has_no_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}).slice(0, 0), path)
    assert read_footer(path).rows == 0


@given(
    texts=st.lists(st.none() | st.text("ab\u20ac", max_size=20), min_size=1, max_size=30),
    group_size=st.integers(1, 12),
    dictionary=st.booleans(),
    compression=st.sampled_from(["none", "snappy", "zstd"]),
)
@settings(max_examples=60, deadline=None)
def test_the_sizes_are_those_that_arrow_reads(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None], group_size: int, dictionary: bool, compression: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.parquet"
    table = pa.table({"text": pa.array(texts, pa.string()), "ids": [[1, 2, 3]] * len(texts), "score": [0.5] * len(texts)})
    pq.write_table(table, path, row_group_size=group_size, use_dictionary=dictionary, compression=compression)
    metadata = pq.read_metadata(path)
    footer = read_footer(path)
    groups = footer.groups
    assert footer.rows == metadata.num_rows
    assert [group.rows for group in groups] == [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    for index, group in enumerate(groups):
        for number, chunk in enumerate(group.chunks):
            expected = metadata.row_group(index).column(number)
            assert (chunk.path, len(chunk.encodings)) == (expected.path_in_schema, len(set(expected.encodings)))
            assert (chunk.values, chunk.decoded, chunk.stored) == (
                expected.num_values,
                expected.total_uncompressed_size,
                expected.total_compressed_size,
            )
            assert (chunk.data, chunk.dictionary) == (expected.data_page_offset, expected.dictionary_page_offset or 0)
            assert (chunk.kind == BYTE_ARRAY) == (expected.physical_type == "BYTE_ARRAY")


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_footer_or_an_error(tmp_path_factory: pytest.TempPathFactory, footer: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "a.parquet"
    path.write_bytes(framed(footer))
    try:
        read_footer(path)
    except InputError as error:
        assert error.where == str(path)


@pytest.mark.parametrize(
    ("footer", "reason"),
    [
        (b"", "ends too early"),
        (b"\x15" + b"\xff" * 11, "a number is too long"),
        (b"\x19\xfc\xff\xff\xff\xff\x0f", "ends too early"),  # a list of a billion structures
        (b"\x19\xf7\xff\xff\xff\xff\x0f", "ends too early"),  # a list of a billion doubles
        (b"\x1c" * 100, "nested too deeply"),
        (b"\x1d", "unknown type"),
        (b"\x49\x1c\x19\x1c\x00\x00\x00", "a column chunk has no sizes"),
        (b"\x49\x1c\x36\x01\x00\x00", "a size is negative"),
        (b"\x49\x1c\x19\x1c\x18\x01a\x00\x00\x00", "a column stands in another file"),
        (b"\x49\x1c\x19\x1c\x3c\x29\x18\x00\x00\x00\x00", "a list holds another type"),
        (b"\x49\x1c\x19\x1c\x8c\x00\x00\x00\x00", "columns are encrypted"),
        (b"\x8c\x00\x00", "columns are encrypted"),
        (b"\x36\x02\x00", "do not add up"),
        (b"\x49\x1c\x19\x1c\x3c\x76\xd0\x0f\x00\x00\x00\x00", "larger than the file"),
    ],
)
def test_damage_is_named(tmp_path: Path, footer: bytes, reason: str) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(framed(footer))
    with pytest.raises(InputError, match=reason):
        read_footer(path)


def test_a_footer_that_is_longer_than_the_file_or_huge_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(MAGIC + b"\0" * 20 + (10**9).to_bytes(4, "little") + MAGIC)
    with pytest.raises(InputError, match="longer than the file"):
        read_footer(path)
    monkeypatch.setattr("sequester.episodes.parquet_footer._LARGEST", 10)
    path.write_bytes(framed(b"\0" * 20))
    with pytest.raises(LimitExceeded, match="footer of 20 bytes"):
        read_footer(path)
