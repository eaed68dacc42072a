"""The contract that every reader keeps, as checks that its tests run over its own fixture.

    CASE = Case(READER, DATA / "trl" / "completions.parquet", episodes=8, skipped=0, canary="words of a CoT in the fixture")

    @pytest.mark.parametrize("check", CHECKS)
    def test_contract(check, tmp_path):
        check(CASE, tmp_path)

Fixtures lie in `tests/data/<name of the reader>/`; each reader must refuse those of all others.
"""

from __future__ import annotations

import pickle
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from sequester.episodes.model import Channel, Episode, Skipped
from sequester.episodes.readers.interface import Options, Reader
from sequester.episodes.readers.probing import probe
from sequester.errors import BundleError, InputError

DATA = Path(__file__).parents[2] / "data"
READERS = ("bundle", "inspect", "trl", "verl", "verifiers", "jsonl", "map")
Record = Episode | Skipped


@dataclass(frozen=True)
class Case:
    """A reader, a good input of its format, and what it must read there."""

    reader: Reader
    fixture: Path
    episodes: int
    skipped: int
    canary: str
    """Words from the reasoning of the fixture, which nothing may print."""
    options: Options = field(default_factory=Options)
    recognised: bool = True
    """Whether the content alone says that it is this format."""
    lines: bool = False
    """Whether every line is a record, so that damage costs only what stands after it."""


def read_all(case: Case, path: Path) -> tuple[list[Record], str]:
    """Every record up to the first error, and that error's text."""
    records: list[Record] = []
    try:
        for unit in case.reader.units(path, case.options):
            for record in case.reader.read(unit, case.options):
                records.append(record)
    except (InputError, BundleError) as error:
        assert error.hint or error.where, "an error must say where it happened or what to do next"
        return records, f"{error!r} {error} {error.hint}"
    return records, ""


def check_every_record_once_in_order(case: Case, tmp_path: Path) -> None:
    records, error = read_all(case, case.fixture)
    assert not error
    assert [isinstance(record, Episode) for record in records].count(True) == case.episodes
    assert len(records) == case.episodes + case.skipped
    places = [(record.source.path, record.source.record) for record in records]
    assert len(set(places)) == len(places)
    assert all(number >= 1 for _, number in places)
    by_file: dict[str, list[int]] = {}
    for path, number in places:
        by_file.setdefault(path, []).append(number)
    for path, numbers in by_file.items():
        assert Path(path).exists()
        assert numbers == sorted(numbers)


def check_declared_rows_are_read(case: Case, tmp_path: Path) -> None:
    declared = case.reader.declared(case.fixture, case.options)
    assert declared.rows in (None, case.episodes + case.skipped)


def check_units_can_be_read_alone_and_elsewhere(case: Case, tmp_path: Path) -> None:
    whole, _ = read_all(case, case.fixture)
    units = [pickle.loads(pickle.dumps(unit)) for unit in case.reader.units(case.fixture, case.options)]
    assert units
    backwards = [list(case.reader.read(unit, case.options)) for unit in reversed(units)]
    assert [record for records in reversed(backwards) for record in records] == whole


def check_records_that_are_asked_for_are_read_as_before(case: Case, tmp_path: Path) -> None:
    for unit in case.reader.units(case.fixture, case.options):
        whole = list(case.reader.read(unit, case.options))
        numbers = sorted({record.source.record for record in whole})
        for wanted in (frozenset(numbers[:1]), frozenset(numbers[-1:]), frozenset(numbers[::3]), frozenset(numbers)):
            some = case.reader.read(replace(unit, wanted=wanted), case.options)
            assert [one for one in some if one.source.record in wanted] == [one for one in whole if one.source.record in wanted]


def check_recognises_its_own(case: Case, tmp_path: Path) -> None:
    refusal = case.reader.recognise(probe(case.fixture))
    assert (refusal is None) == case.recognised
    assert refusal is None or refusal.strip()


def check_refuses_all_others(case: Case, tmp_path: Path) -> None:
    for path in _foreign_fixtures(case.reader.name):
        try:
            seen = probe(path)
        except InputError:
            continue
        assert case.reader.recognise(seen), f"{case.reader.name} recognises {path.relative_to(DATA)}"


def check_says_nothing_of_the_reasoning(case: Case, tmp_path: Path) -> None:
    records, _ = read_all(case, case.fixture)
    texts = [segment.text.reveal() for record in records if isinstance(record, Episode) for segment in record.segments]
    assert any(case.canary in text for text in texts), "the canary is not in the fixture: this check would prove nothing"
    assert not any(case.canary in repr(record) or case.canary in str(record) for record in records)


def check_reasoning_is_not_mistaken_for_an_answer(case: Case, tmp_path: Path) -> None:
    records, _ = read_all(case, case.fixture)
    episodes = [record for record in records if isinstance(record, Episode)]
    for episode in episodes:
        if episode.split.status == "split":
            held = any(segment.channel is Channel.REASONING for segment in episode.segments)
            assert held or episode.visibility in ("redacted", "signature-only", "absent"), episode.episode_id


def check_survives_damage(case: Case, tmp_path: Path) -> None:
    """Truncated, emptied, flipped or extended by garbage: an error or skipped records, and what was good before stands."""
    whole, _ = read_all(case, case.fixture)
    good = {(Path(record.source.path).name, record.source.record): record for record in whole}
    for path, intact in _damaged(case, tmp_path):
        records, error = read_all(case, path)
        assert case.canary not in error
        assert not any(case.canary in repr(record) for record in records)
        if case.lines:
            seen = [(Path(record.source.path).name, record.source.record) for record in records]
            kept = [place for place in good if place[1] <= intact]
            assert [place for place in seen if place[1] <= intact] == kept
            for place, record in zip(seen, records, strict=True):
                assert place[1] > intact or _same(record, good[place])


def check_missing_file_is_an_input_error(case: Case, tmp_path: Path) -> None:
    records, error = read_all(case, tmp_path / "nowhere")
    assert not records
    assert "nowhere" in error


def _same(one: Record, other: Record) -> bool:
    if isinstance(one, Episode) and isinstance(other, Episode):
        return (one.episode_id, one.segments, one.calls, one.split) == (
            other.episode_id,
            other.segments,
            other.calls,
            other.split,
        )
    return type(one) is type(other)


def _damaged(case: Case, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Damaged copies of the fixture, each with the number of lines that are still whole."""
    for number, (target, data) in enumerate(_variants(case.fixture)):
        copy = tmp_path / str(number) / case.fixture.name
        copy.parent.mkdir()
        if case.fixture.is_dir():
            shutil.copytree(case.fixture, copy)
        victim = copy / target if target else copy
        before = (case.fixture / target if target else case.fixture).read_bytes()
        victim.write_bytes(data)
        yield copy, _intact_lines(before, data)


def _variants(fixture: Path) -> Iterator[tuple[str, bytes]]:
    random_source = random.Random(7)
    files = [fixture] if fixture.is_file() else sorted(path for path in fixture.rglob("*") if path.is_file())
    for file in files:
        name = "" if file == fixture else str(file.relative_to(fixture))
        data = file.read_bytes()
        yield name, b""
        yield name, data + b"\x00\xff garbage \xfe" * 20
        yield name, data + data[: len(data) // 2]
        yield name, b"\x00" * len(data)
        for at in (1, 3, 8, len(data) // 3, len(data) // 2, len(data) - 9, len(data) - 1):
            yield name, data[: max(0, at)]
        for _ in range(max(4, 24 // len(files))):
            flipped = bytearray(data)
            flipped[random_source.randrange(len(data))] ^= 1 << random_source.randrange(8)
            yield name, bytes(flipped)


def _intact_lines(before: bytes, after: bytes) -> int:
    """Lines at the beginning that the damage did not touch."""
    same = next(
        (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), min(len(before), len(after))
    )
    return before[:same].count(b"\n")


def _foreign_fixtures(own: str) -> list[Path]:
    folders = [DATA / name for name in READERS if name != own and (DATA / name).is_dir()]
    return [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix not in (".md", ".toml")]


CHECKS: tuple[Callable[[Case, Path], None], ...] = tuple(
    check for name, check in sorted(globals().items()) if name.startswith("check_")
)  # fmt: skip
