from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.model import Reason, Skipped
from sequester.episodes.readers.interface import Unit
from sequester.episodes.readers.parquet import batches, read_footer, records, row_group_units
from sequester.errors import InputError, LimitExceeded


def written(path: Path, table: pa.Table, **options: Any) -> Path:
    pq.write_table(table, path, **options)
    return path


def not_utf8(*values: bytes) -> pa.Array[Any]:
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


def test_an_empty_table_has_no_rows_and_no_records(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"text": pa.array([], pa.string())}))
    assert read_footer(path).rows == 0
    assert [record for unit in row_group_units(path) for record in records(unit)] == []


def test_records_are_numbered_across_units_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequester.episodes.readers.parquet._UNIT_BYTES", 1)
    monkeypatch.setattr("sequester.episodes.readers.parquet._BATCH_ROWS", 4)
    path = written(tmp_path / "a.parquet", pa.table({"n": list(range(1, 26))}), row_group_size=10)
    units = list(row_group_units(path))
    assert [(unit.start, unit.stop, unit.first_record) for unit in units] == [(0, 1, 1), (1, 2, 11), (2, 3, 21)]
    read = [(source.record, row) for unit in units for source, row in records(unit)]
    assert read == [(number, {"n": number}) for number in range(1, 26)]


def test_small_row_groups_share_a_unit(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"n": list(range(100))}), row_group_size=1)
    assert [(unit.start, unit.stop) for unit in row_group_units(path)] == [(0, 100)]


def test_a_unit_to_the_end_holds_every_row(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"n": [1, 2, 3]}), row_group_size=2)
    assert [row for _, row in records(Unit(str(path)))] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_file_that_was_written_again_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for texts in (["a"], ["b", "c"], []):
        written(path, pa.table({"text": pa.array(texts, pa.string())}))
        assert read_footer(path).rows == len(texts)
        assert [row for unit in row_group_units(path) for _, row in records(unit)] == [{"text": text} for text in texts]


def test_metadata_and_schema_are_read(tmp_path: Path) -> None:
    table = pa.table({"n": [1]}).replace_schema_metadata({"kind": "a bundle"})
    footer = read_footer(written(tmp_path / "a.parquet", table))
    assert footer.metadata["kind"] == "a bundle"
    assert footer.schema.names == ["n"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"{}\n", "does not begin with PAR1"),
        (b"PAR1", "truncated"),
        (b"PAR1" + b"\0" * 100, "truncated: 104 bytes"),
        (b"PARE" + b"\0" * 100, "encrypted"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "damaged"),
        (b"PAR1" + b"\xff" * 100 + b"PAR1", "damaged"),
    ],
)
def test_what_is_no_parquet_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_footer(path)
    assert caught.value.where == str(path)
    assert caught.value.hint


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_footer(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="is not a regular file"):
        read_footer(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_footer(Path("a\0b"))


def test_a_file_whose_row_groups_do_not_add_up_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"n": list(range(100))}))
    content = path.read_bytes()
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    rows = content.index(bytes([0x16, 200, 1]), start)  # the third field of the footer: 100, zigzag
    path.write_bytes(content[: rows + 1] + bytes([202]) + content[rows + 2 :])
    with pytest.raises(InputError, match=r"do not add up|damaged"):
        read_footer(path)


@given(position=st.floats(0, 1), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_read_or_reported_never_raised_bare(
    tmp_path_factory: pytest.TempPathFactory, position: float, value: int
) -> None:
    path = tmp_path_factory.mktemp("changed") / "a.parquet"
    written(path, pa.table({"text": ["some text", None, "more"] * 9, "ids": [[1, 2], [], None] * 9}))
    content = bytearray(path.read_bytes())
    content[int(position * (len(content) - 1))] = value
    path.write_bytes(content)
    try:
        for unit in row_group_units(path):
            for _ in records(unit):
                pass
    except InputError as error:
        assert error.hint


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"promt": ["a"]}))
    with pytest.raises(InputError, match="no column 'prompt'") as caught:
        list(batches(Unit(str(path)), ["prompt"]))
    assert "promt" in caught.value.hint


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))
    with pytest.raises(InputError, match="same name"):
        read_footer(path)


def test_a_file_that_inflates_beyond_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequester.episodes.readers.parquet._BOMB_BYTES", 1 << 20)
    path = written(tmp_path / "a.parquet", pa.table({"text": ["x" * (16 << 20)]}), compression="zstd")
    with pytest.raises(LimitExceeded, match="times its size"):
        read_footer(path)


def test_more_rows_than_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequester.episodes.readers.parquet._MANY_ROWS", 1000)
    path = written(tmp_path / "a.parquet", pa.table({"n": [1] * 100_000}))
    with pytest.raises(LimitExceeded, match="declares 100000 rows"):
        read_footer(path)


def test_many_references_to_one_long_value_are_read_few_at_a_time(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays([0] * 100_000, ["long " * 1_000_000])
    path = written(tmp_path / "a.parquet", pa.table({"text": column}), compression="zstd", store_schema=False)
    assert path.stat().st_size < 10_000
    first = next(batches(next(row_group_units(path))))
    assert first.columns.nbytes <= 64 << 20


def test_rows_that_are_not_utf8_are_skipped_and_the_others_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"text": not_utf8(b"good", b"\xff\xfe", b"fine")}))
    rows = [row for _, row in records(Unit(str(path)))]
    assert rows[0] == {"text": "good"}
    assert isinstance(rows[1], Skipped)
    assert (rows[1].reason, rows[1].source.record) == (Reason.MALFORMED, 2)
    assert rows[2] == {"text": "fine"}


def test_dates_that_python_lacks_are_skipped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"date": pa.array([2**62], pa.timestamp("us"))}))
    assert isinstance(next(records(Unit(str(path))))[1], Skipped)
