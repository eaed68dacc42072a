"""What the error about an unknown input advises."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from sequester.episodes.readers.foreign import next_step, require_lines
from sequester.episodes.readers.interface import Probe
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.registry import load_readers, recognise
from sequester.errors import InputError, UnknownFormat

LINE = b'{"text": "x", "label": 1}\n'
FILES = {
    "bzip2": (bz2.compress(LINE), "bzip2"),
    "xz": (lzma.compress(LINE), "unxz"),
    "an Arrow file": (b"ARROW1\0\0" + b"\0" * 90, "Parquet"),
    "a pickle": (b"\x80\x04\x95" + b"\0" * 90, "never opened"),
    "tar": (b"a.jsonl".ljust(257, b"\0") + b"ustar\0" + b"\0" * 300, "tar archive"),
    "a JSON array": (b"[" + LINE + b"]", "jq -c '.[]'"),
    "an object over several lines": (b'{\n "text": "x"\n}\n', "jq -c '.' "),
    "two objects in a line": (b'{"a": 1}{"a": 2}', "jq -c '.' "),
    "a W&B table": (b'{"columns": ["step", "text"], "data": [[1, "x"]]}', "W&B table"),
    "CSV": (b"prompt,completion\nhi,there\n", "read_csv"),
    "TSV": (b"prompt\tcompletion\nhi\tthere\n", "read_csv"),
    "UTF-16 without its mark": (LINE.decode().encode("utf-16-le"), "UTF-16"),
    "Latin-1": (b'{"text": "\xf6"}\n', "not valid UTF-8"),
    "prose": (b"Dear harbour master\n", "--format"),
    "bytes": (bytes(range(1, 256)) * 4, "--format"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_error_says_what_to_do(tmp_path: Path, name: str) -> None:
    content, advice = FILES[name]
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(UnknownFormat) as caught:
        recognise(path, load_readers())
    assert advice in caught.value.hint


@pytest.mark.parametrize("pack", [gzip.compress, partial(pa.compress, codec="zstd", asbytes=True)])
@pytest.mark.parametrize("name", ["tar", "CSV"])
def test_what_is_inside_a_compressed_file_is_recognised(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    content, advice = FILES[name]
    path = tmp_path / "log"
    path.write_bytes(pack(content))
    with pytest.raises(UnknownFormat) as caught:
        recognise(path, load_readers())
    assert advice in caught.value.hint
    with pytest.raises(InputError) as refused:
        require_lines(path)
    assert advice in refused.value.hint


def test_nothing_is_said_of_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(LINE)
    assert next_step(probe(path)) is None
    assert next_step(Probe(tmp_path, "directory")) is None


def test_a_file_of_a_bundle_names_the_bundle(tmp_path: Path) -> None:
    part = Path(__file__).parents[2] / "vectors" / "bundle-1" / "valid" / "closed" / "bundle" / "episodes" / "0-000000.parquet"
    with pytest.raises(UnknownFormat) as caught:
        recognise(part, load_readers())
    assert caught.value.hint == "is one file of a run bundle: give the directory that holds its episodes/"
