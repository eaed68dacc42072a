"""Which readers there are and which one reads an input."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sequester.episodes.model import Episode, Skipped
from sequester.episodes.readers.interchange import READER as INTERCHANGE
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.registry import GROUP, load_readers, recognise
from sequester.errors import InputError, SequesterError, UnknownFormat, UsageError


class FakeReader:
    title = "a format of its own"
    verified = ""

    def __init__(self, name: str, key: str) -> None:
        self.name = name
        self.key = key

    def recognise(self, probe: Probe) -> str | None:
        return None if self.key in probe.columns else f"has no `{self.key}`"

    def declared(self, path: Path, options: Options) -> Declared:
        return Declared()

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        yield Unit(str(path))

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        yield from ()


PLUGIN = FakeReader("aaa", "a")
TWIN = FakeReader("jsonl", "a")
HERE = "tests.episodes.readers.test_registry"


def point(value: str, name: str = "x") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_no_readers_is_an_error() -> None:
    with pytest.raises(SequesterError, match="no readers are installed"):
        load_readers([])


def test_plugins_are_asked_first() -> None:
    readers = load_readers(
        [
            point("sequester.episodes.readers.field_map:READER"),
            point("sequester.episodes.readers.interchange:READER"),
            point(f"{HERE}:PLUGIN"),
        ]
    )
    assert [reader.name for reader in readers] == ["aaa", "jsonl", "map"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_package.reader:READER", "cannot load no_such_package.reader:READER"),
        (f"{HERE}:NOTHING", "cannot load"),
        (f"{HERE}:HERE", "is no reader: it has no `name`"),
    ],
)
def test_a_plugin_that_does_not_load_names_the_fix(value: str, message: str) -> None:
    with pytest.raises(SequesterError, match=message) as error:
        load_readers([point(value)])
    assert "uninstall" in error.value.hint


def test_two_readers_of_one_name_are_an_error() -> None:
    with pytest.raises(SequesterError, match="two readers are called 'jsonl'"):
        load_readers([point(f"{HERE}:TWIN"), point("sequester.episodes.readers.interchange:READER", "y")])


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "input.dat"
    path.write_bytes(data)
    return path


def test_the_first_that_recognises_reads(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"episode_id": "e", "answer": "x", "a": 1}\n')
    assert recognise(path, [PLUGIN, INTERCHANGE]) is PLUGIN
    assert recognise(path, [INTERCHANGE, PLUGIN]) is INTERCHANGE


def test_unknown_content_lists_all_that_were_tried(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat) as error:
        recognise(written(tmp_path, b'{"zebra": 1}\n'), [PLUGIN, INTERCHANGE])
    text = str(error.value)
    assert "jsonl with zebra" in text
    assert "\n  aaa: has no `a`" in text
    assert "\n  jsonl: the first object has no key `episode_id`" in text
    assert "--map" in error.value.hint


def test_unknown_content_shows_no_key_that_could_be_text(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat) as error:
        recognise(written(tmp_path, b'{"The keeper counted seven gulls in the fog": 1}\n'), [INTERCHANGE])
    assert "keeper" not in str(error.value)


def test_an_empty_input_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        recognise(written(tmp_path, b"\n"), [INTERCHANGE])


def test_a_named_format_is_taken_at_its_word(tmp_path: Path) -> None:
    assert recognise(tmp_path / "missing", [PLUGIN, INTERCHANGE], "jsonl") is INTERCHANGE
    with pytest.raises(UsageError, match=r"unknown format 'jsonn' \(did you mean 'jsonl'\?\)") as error:
        recognise(tmp_path / "missing", [PLUGIN, INTERCHANGE], "jsonn")
    assert error.value.hint == "formats: aaa, jsonl"
