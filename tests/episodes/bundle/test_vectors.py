"""The shared vectors: what each bundle holds, valid or in part, and how each invalid one fails."""

import json
import re
import tomllib
from array import array
from pathlib import Path

import msgspec
import pytest

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Episode
from sequester.episodes.readers.bundle import READER
from sequester.episodes.readers.interface import Options
from sequester.errors import BundleError

VECTORS = Path(__file__).parents[2] / "vectors" / "bundle-1"
CLASSES = {"missing", "version", "manifest", "path", "count", "label", "digest", "damaged", "schema", "encoding", "order"} | {
    "duplicate",
    "join",
    "hazard",
}


def _cases(kind: str) -> list[Path]:
    return sorted(path.parent for path in (VECTORS / kind).glob("*/case.toml"))


def _read(bundle: Path) -> list[Episode]:
    return [episode for unit in READER.units(bundle, Options()) for episode in READER.read(unit, Options())]


def _plain(episode: Episode, bundle: Path) -> object:
    def reveal(value: object) -> object:
        return value.reveal() if isinstance(value, GuardedText) else list(value) if isinstance(value, array) else value

    shown = msgspec.to_builtins(episode, enc_hook=reveal)
    shown["source"]["path"] = shown["source"]["path"].removeprefix(f"{bundle}/")
    return json.loads(json.dumps(shown))


def test_there_are_vectors_of_every_class():
    assert len(_cases("valid")) >= 6
    broken = [tomllib.loads((case / "case.toml").read_text()) for kind in ("partial", "invalid") for case in _cases(kind)]
    assert {case["class"] for case in broken} == CLASSES


@pytest.mark.parametrize("case", _cases("valid"), ids=lambda case: case.name)
def test_valid(case):
    found = tomllib.loads((case / "case.toml").read_text())
    declared = READER.declared(case / "bundle", Options())
    assert (declared.closed, declared.rows) == (found["closed"], found["rows"])
    assert declared.ranks == found.get("ranks", declared.ranks)
    assert declared.error is None
    assert ["is not closed" in note for note in declared.notes] == [True] * (not declared.closed)
    expected = json.loads((case / "expected.json").read_text())
    assert [_plain(episode, case / "bundle") for episode in _read(case / "bundle")] == expected


@pytest.mark.parametrize("case", _cases("partial"), ids=lambda case: case.name)
def test_partial(case):
    """Whatever is wrong with a part is told, with its file, and costs that part alone."""
    bundle, found = case / "bundle", tomllib.loads((case / "case.toml").read_text())
    declared = READER.declared(bundle, Options())
    assert (declared.closed, declared.rows) == (found["closed"], found["rows"])
    told = [declared.error] if declared.error else []
    read = []
    for unit in READER.units(bundle, Options()):
        try:
            read += READER.read(unit, Options())
        except BundleError as error:
            told.append(str(error))
    assert any(found["words"] in one for one in told)
    assert all(re.match(rf"({re.escape(str(bundle))}/)?(episodes|reasoning|reward_calls|findings)\b", one) for one in told)
    assert declared.hint or not declared.error
    expected = json.loads((case / "expected.json").read_text())
    shown = [_plain(episode, bundle) for episode in read]
    assert [one for one in shown if one["episode_id"] in {one["episode_id"] for one in expected}] == expected
    assert len(shown) == len(expected) or not declared.error, "what is not read as a whole is not read at all"
    assert len(read) < declared.rows or declared.error


@pytest.mark.parametrize("case", _cases("invalid"), ids=lambda case: case.name)
def test_invalid(case):
    found = tomllib.loads((case / "case.toml").read_text())
    for read in (lambda: READER.declared(case / "bundle", Options()), lambda: _read(case / "bundle")):
        with pytest.raises(BundleError) as caught:
            read()
        assert found["words"] in str(caught.value)
        assert str(case) in caught.value.where
        assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "where", "words", "hint"),
    [
        ({"strange": 1}, "run.json", "unknown key 'strange'", "docs/format.md"),
        ({"tol": "x 1"}, "run.json", "unknown key 'tol' (did you mean 'tool'?)", "docs/format.md"),
        (
            {"schema": "sequester.bundle/9"},
            "run.json: schema",
            "format version is not",
            "use the program that wrote it, other 3.1,",
        ),
        (
            {"schema": "sequester.bundle/9", "tool": "a sentence that may be anything\n"},
            "run.json: schema",
            "format version is not",
            "use the program that wrote it, or",
        ),
        (
            {"schema": "sequester.bundle/9", "tool": 7},
            "run.json: schema",
            "format version is not",
            "use the program that wrote it, or",
        ),
    ],
)
def test_a_stranger_in_run_json_is_named_with_its_place_and_the_next_step(tmp_path, change, where, words, hint):
    (tmp_path / "episodes").mkdir()
    (tmp_path / "run.json").write_text(json.dumps({"schema": "sequester.bundle/1", "tool": "other 3.1"} | change))
    with pytest.raises(BundleError) as caught:
        READER.declared(tmp_path, Options())
    assert caught.value.where == f"{tmp_path}/{where}"
    assert words in caught.value.message
    assert hint in caught.value.hint
