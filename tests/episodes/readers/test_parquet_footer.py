from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.readers.parquet_footer import BYTE_ARRAY, MAGIC, row_groups
from sequester.errors import InputError, LimitExceeded


def framed(footer: bytes) -> bytes:
    return MAGIC + footer + len(footer).to_bytes(4, "little") + MAGIC


def test_a_file_without_rows_has_no_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}).slice(0, 0), path)
    assert sum(group.rows for group in row_groups(path)) == 0


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
    groups = row_groups(path)
    assert [group.rows for group in groups] == [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    for index, group in enumerate(groups):
        for number, chunk in enumerate(group.chunks):
            expected = metadata.row_group(index).column(number)
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
        row_groups(path)
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
        (b"\x49\x1c\x19\x1c\x00\x00\x00", "column may be encrypted"),
        (b"\x49\x1c\x36\x01\x00\x00", "a size is negative"),
    ],
)
def test_damage_is_named(tmp_path: Path, footer: bytes, reason: str) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(framed(footer))
    with pytest.raises(InputError, match=reason):
        row_groups(path)


def test_a_footer_that_is_longer_than_the_file_or_huge_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(MAGIC + b"\0" * 20 + (10**9).to_bytes(4, "little") + MAGIC)
    with pytest.raises(InputError, match="longer than the file"):
        row_groups(path)
    monkeypatch.setattr("sequester.episodes.readers.parquet_footer._LARGEST", 10)
    path.write_bytes(framed(b"\0" * 20))
    with pytest.raises(LimitExceeded, match="footer of 20 bytes"):
        row_groups(path)
