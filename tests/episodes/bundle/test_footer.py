"""Footers as they are, and as nobody should trust them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sequester.episodes.bundle.claims import checked_footer
from sequester.episodes.bundle.footer import MAGIC, read_footer
from sequester.errors import BundleError, LimitExceeded


def _file(path, footer: bytes, length: int | None = None):
    path.write_bytes(MAGIC + footer + (len(footer) if length is None else length).to_bytes(4, "little") + MAGIC)
    return path


def test_an_empty_file_has_no_footer(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"")
    with pytest.raises(BundleError, match="truncated or no Parquet file"):
        read_footer(path)


def test_says_what_arrow_says(tmp_path):
    path = tmp_path / "x.parquet"
    table = pa.table({"n": pa.array(range(70)), "t": pa.array(["a"] * 70), "l": pa.array([[1, 2]] * 70)})
    pq.write_table(table, path, row_group_size=40)
    footer, metadata = read_footer(path), pq.read_metadata(path)
    assert footer.rows == metadata.num_rows
    for index, group in enumerate(footer.groups):
        theirs = [metadata.row_group(index).column(number) for number in range(metadata.num_columns)]
        assert group.rows == metadata.row_group(index).num_rows
        assert [(column.path, column.values, column.size) for column in group.columns] == [
            (column.path_in_schema, column.num_values, column.total_uncompressed_size) for column in theirs
        ]
        assert [column.is_text for column in group.columns] == [False, True, False]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
@example(b"\x9c" * 5000)
@example(b"\x1c" * 5000)
@example(b"\x19\xfc\xff\xff\xff\xff\x0f")
@example(b"\x16" + b"\xff" * 30)
def test_damage_is_a_bundle_error(tmp_path_factory, footer):
    with pytest.raises(BundleError, match=r"damaged|contradicts|encrypted"):
        read_footer(_file(tmp_path_factory.getbasetemp() / "x.parquet", footer))


def test_a_footer_longer_than_its_file_is_refused(tmp_path):
    with pytest.raises(BundleError, match="truncated"):
        read_footer(_file(tmp_path / "x.parquet", b"\x00", length=1 << 31))


def test_an_enormous_footer_is_not_read(tmp_path):
    with pytest.raises(LimitExceeded, match="footer of"):
        read_footer(_file(tmp_path / "x.parquet", bytes((16 << 20) + 1)))


def test_many_values_in_a_few_bytes_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.parquet"
    monkeypatch.setattr("sequester.episodes.bundle.claims.GROUP_BYTES", 1 << 20)
    pq.write_table(pa.table({"ids": pa.array([[0] * 150_000], pa.list_(pa.int64()))}), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(LimitExceeded, match="decodes to more than"):
        checked_footer(path, "reasoning")
