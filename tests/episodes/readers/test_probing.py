"""A look at an input's beginning says what it is; its name says nothing."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sequester.episodes.readers.probing import probe
from sequester.errors import InputError


def zipped() -> bytes:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("header.json", "{}")
            archive.writestr("samples/1.json", "{}")
        return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "kind", "columns"),
    [
        (b"", "empty", set()),
        (b"\n  \n", "empty", set()),
        (b"\xef\xbb\xbf", "empty", set()),
        (b'{"a": 1, "b": 2}\n{"c": 3}\n', "jsonl", {"a", "b"}),
        (b'\xef\xbb\xbf{"a": 1}', "jsonl", {"a"}),
        (b'\n\n{"a": 1}', "jsonl", {"a"}),
        (b'{"a": \n{"b": 1}\n', "jsonl", {"b"}),
        (b'INFO starting\n{"b": 1}\n', "jsonl", {"b"}),
        (b'{"a": "\xff"}\n{"b": 1}\n', "jsonl", {"b"}),
        (gzip.compress(b'{"a": 1}\n'), "jsonl", {"a"}),
        (pa.compress(b'{"a": 1}\n', codec="zstd", asbytes=True), "jsonl", {"a"}),
        (b'{\n  "a": 1\n}\n', "json", set()),
        (b'[{"a": 1}]', "json", set()),
        (b"{" * 10**6, "json", set()),
        (b"step,reward\n1,2\n", "text", set()),
        ("über alles\n".encode() * 1000, "text", set()),
        (b"\x7fELF" + bytes(100), "binary", set()),
        (bytes(10_000), "binary", set()),
        (b"\xff" * 100, "binary", set()),
        (zipped(), "zip", {"header.json", "samples"}),
    ],
    ids=range(20),
)
def test_kinds(tmp_path: Path, data: bytes, kind: str, columns: set[str]) -> None:
    for name in ("log.jsonl", "log.parquet", "log"):
        path = tmp_path / name
        path.write_bytes(data)
        seen = probe(path)
        assert (seen.kind, seen.columns) == (kind, columns)


def test_first_object_is_given_to_readers_of_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"a": {"b": [1]}}\n')
    assert probe(path).first == {"a": {"b": [1]}}


def test_parquet_shows_columns_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "log"
    pq.write_table(pa.table({"step": [1], "completion": ["x"]}).replace_schema_metadata({"by": "trainer"}), path)
    seen = probe(path)
    assert (seen.kind, seen.columns, seen.metadata["by"]) == ("parquet", {"step", "completion"}, "trainer")


def test_directory_shows_its_names(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    assert (probe(tmp_path).kind, probe(tmp_path).columns) == ("directory", {"run.json"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PAR1 and then nothing", "truncated"),
        (zipped()[:60], "ZIP"),
        (b"PK\x03\x04", "ZIP"),
        (gzip.compress(b'{"a": 1}' * 1000)[:40], "damaged or truncated"),
        (b"\x1f\x8b\x08garbage", "damaged or truncated"),
        (b"\x28\xb5\x2f\xfdgarbage", "damaged or truncated"),
        ('{"a": 1}\n'.encode("utf-16"), "UTF-16"),
    ],
    ids=["parquet", "zip-cut", "zip-head", "gzip-cut", "gzip-noise", "zstd-noise", "utf-16"],  # packed bytes hold the time
)
def test_damaged_inputs_are_errors_that_say_what_to_do(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as error:
        probe(path)
    assert str(path) in error.value.where
    assert error.value.hint


def test_what_may_never_end_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path / "missing"):
        with pytest.raises(InputError):
            probe(path)
