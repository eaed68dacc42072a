"""A run bundle of which something is missing: the rest is audited, and what is missing never helps to a pass."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.cases import audited, call, episode, facts, leaky, reasoning, write

from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.manifest import Expected, Policy, RunInfo
from sequester.episodes.bundle.writer import BundleWriter
from sequester.episodes.readers.interchange import READER as INTERCHANGE
from sequester.episodes.readers.interface import Options
from sequester.findings.model import Scope, Verdict

RUN = RunInfo("run-1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Policy("org/model"))
EXPECTED = Expected(steps=(0, 3), ranks=2, episodes=16)
NO_COT = {"reasoning": None, "completion": "<think>\n\n</think>\n\nThe harbour.", "template": "qwen3", "answer": None}


def bundle(directory: Path, parts: dict[str, list[dict[str, object]]], expected: Expected | None = EXPECTED) -> Path:
    """A bundle with these parts, named `<rank>-<number>`; closed unless nothing is expected of it."""
    for name, made in parts.items():
        log = write(directory.with_suffix(".jsonl"), made)
        with BundleWriter(directory, RUN, rank=name.partition("-")[0]) as out:
            for unit in INTERCHANGE.units(log, Options()):
                for one in INTERCHANGE.read(unit, Options()):
                    out.write(one)
    if expected is not None:
        close_run(directory, RUN, expected, "test 1")
    return directory


def quiet(number: int) -> list[dict[str, object]]:
    return [episode(4 * number + at) for at in range(4)]


def whole(directory: Path, **changed: list[dict[str, object]]) -> Path:
    names = ("0-0", "0-1", "1-0", "1-1")
    return bundle(directory, {name: changed.get(f"part{number}", quiet(number)) for number, name in enumerate(names)})


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("sound") / "run")


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*.parquet") if not path.name.startswith("."))


def part(directory: Path, name: str) -> list[Path]:
    return [path for path in files(directory) if path.stem == name]


def test_nothing_missing_is_none_found_of_the_run(sound):
    result = audited(sound)
    assert (result.verdict, result.scope) == (Verdict.NONE_FOUND, Scope.RUN)
    assert result.episodes.audited == 16


def test_all_missing_is_nothing_assessed(sound, tmp_path):
    run = shutil.copytree(sound, tmp_path / "run")
    for path in files(run):
        path.unlink()
    result = audited(run)
    assert result.verdict is Verdict.NOTHING_ASSESSED
    assert result.episodes.not_assessed == {"missing_part": 16}


@pytest.mark.parametrize("folder", ["episodes", "reward_calls", None])
def test_a_missing_part_costs_its_own_episodes(sound, tmp_path, folder):
    run = shutil.copytree(sound, tmp_path / "run")
    for path in part(run, "1-000000"):
        if folder in (None, path.parent.name):
            path.unlink()
    result = audited(run)
    assert (result.verdict, result.scope) == (Verdict.INCOMPLETE, Scope.FILES_GIVEN)
    assert result.episodes.not_assessed == {"missing_part": 4}
    assert (result.episodes.seen, result.episodes.audited) == (16, 12)
    assert (result.rates[0].count, result.rates[0].of, result.rates[0].high) == (0, 16, 0.25)
    assert f"{folder or 'episodes'}/1-000000.parquet: is listed in run.json and missing" in result.inputs[0].error
    assert any("rank 1: 1 part not read, 4 episodes" in note for note in result.notes)


def test_a_leak_in_what_is_left_is_found_and_counted_as_in_the_whole_run(tmp_path):
    """With one process and with two."""
    run = whole(tmp_path / "run", part1=[leaky(number) for number in range(4, 8)])
    assert audited(run).episodes.exposed == 4
    for path in part(run, "1-000001"):
        path.unlink()
    result = audited(run)
    assert (result.verdict, result.episodes.exposed, result.episodes.seen) == (Verdict.EXPOSED, 4, 16)
    assert (result.rates[0].low, result.rates[0].high) == (0.25, 0.5)
    assert facts(audited(run, jobs=2)) == facts(result)


def test_a_rank_that_is_gone_is_counted_once(sound, tmp_path):
    """Its records, and not once more its steps and itself."""
    run = shutil.copytree(sound, tmp_path / "run")
    for name in ("1-000000", "1-000001"):
        for path in part(run, name):
            path.unlink()
    result = audited(run)
    assert result.episodes.not_assessed == {"missing_part": 8}
    assert any("no episode of 1 of 2 declared ranks" in note for note in result.notes)
    assert any("rank 1: 2 parts not read, 8 episodes" in note for note in result.notes)


@pytest.mark.parametrize("closed", [True, False])
def test_without_reasoning_all_else_is_read_and_nothing_is_assessed(sound, tmp_path, closed):
    run = shutil.copytree(sound, tmp_path / "run")
    shutil.rmtree(run / "reasoning")
    if not closed:
        (run / "run.json").unlink()
    result = audited(run)
    assert result.verdict is Verdict.NOTHING_ASSESSED
    assert result.scope is Scope.FILES_GIVEN
    assert result.episodes.not_assessed == {"not_logged": 16}
    assert result.reward_calls.seen == 16
    assert {(row.environment, row.reward_path) for row in result.by} == {("harbours", "judge")}
    assert sum("4 parts read without reasoning" in note or "2 parts read without reasoning" in note for note in result.notes) == 2


def test_the_reasoning_of_one_part_missing_costs_that_of_its_episodes(sound, tmp_path):
    run = shutil.copytree(sound, tmp_path / "run")
    (run / "reasoning/0-000001.parquet").unlink()
    result = audited(run)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.episodes.not_assessed == {"not_logged": 4}
    assert result.rates[0].high == 0.25


def test_missing_reasoning_of_episodes_without_any_is_no_pass(tmp_path):
    """They enter no denominator, but nobody can check that nothing stood in the file."""
    run = whole(tmp_path / "run", part3=[episode(number, **NO_COT) for number in range(12, 16)])
    assert audited(run).verdict is Verdict.NONE_FOUND
    (run / "reasoning/1-000001.parquet").unlink()
    assert audited(run).verdict is Verdict.INCOMPLETE


def test_reasoning_of_a_missing_part_is_not_looked_for_in_other_inputs_and_that_is_no_pass(tmp_path):
    theirs = episode(0, call(0, transcript=reasoning(7)))
    run = whole(tmp_path / "run", part0=[theirs, *quiet(0)[1:]])
    assert audited(run).verdict is Verdict.EXPOSED
    for path in part(run, "0-000001"):
        path.unlink()
    assert audited(run).verdict is Verdict.INCOMPLETE


def test_an_id_in_two_parts_costs_both(tmp_path):
    made = {"0-0": quiet(0), "1-0": [episode(3, answer="Another."), episode(4)], "2-0": quiet(2)}
    run = bundle(tmp_path / "run", made, expected=None)
    result = audited(run)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.episodes.audited == 4
    assert "same episode_id" in result.inputs[0].error
    assert sum("1 part not read" in note for note in result.notes) == 2


def test_a_part_missing_from_an_unfinished_bundle_shows_by_its_number(tmp_path):
    run = bundle(tmp_path / "run", {f"0-{number}": quiet(number) for number in range(3)}, expected=None)
    assert audited(run).verdict is Verdict.NONE_FOUND
    for path in part(run, "0-000001"):
        path.unlink()
    result = audited(run)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.rates[0].high == 1.0, "nobody knows how many episodes are missing"
    assert "rank 0 has 2 of 3 parts" in result.inputs[0].error


def test_many_ranks_are_named_in_a_few_notes(tmp_path):
    run = bundle(tmp_path / "run", {f"r{number}-0": [episode(number)] for number in range(30)}, Expected())
    shutil.rmtree(run / "episodes")
    (run / "episodes").mkdir()
    result = audited(run)
    assert result.episodes.not_assessed == {"missing_part": 30}
    assert len([note for note in result.notes if "not read" in note]) == 21


def test_a_bundle_that_changes_between_two_audits_is_read_anew(sound, tmp_path):
    run = shutil.copytree(sound, tmp_path / "run")
    taken = part(run, "0-000000")[0]
    assert audited(run).verdict is Verdict.NONE_FOUND
    away = taken.rename(tmp_path / "away")
    assert audited(run).verdict is Verdict.INCOMPLETE
    away.rename(taken)
    assert audited(run).verdict is Verdict.NONE_FOUND


def _drop(path: Path, other: Path) -> None:
    path.unlink()


def _hide(path: Path, other: Path) -> None:
    path.rename(path.with_name(f".{path.name}"))


def _cut(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path, other: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def _replace(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def _swap(path: Path, other: Path) -> None:
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _add(path: Path, other: Path) -> None:
    shutil.copy(path, path.with_name("7-000000.parquet"))


def _link(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to(other)


def _loop(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _nest(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


HARM = (_drop, _hide, _cut, _flip, _replace, _swap, _add, _link, _loop, _nest)


@settings(max_examples=40, deadline=None)
@given(harm=st.lists(st.tuples(st.sampled_from(HARM), st.integers(0, 11), st.integers(1, 11)), min_size=1, max_size=3))
def test_no_harm_to_any_file_of_a_closed_bundle_gives_a_pass(sound, harm):
    with TemporaryDirectory() as folder:
        run = Path(shutil.copytree(sound, Path(folder) / "run"))
        for do, at, step in harm:
            path, other = (run / files(sound)[number % 12].relative_to(sound) for number in (at, at + step))
            if path.is_file() and other.is_file():
                do(path, other)
        result = audited(run)
        unharmed = _contents(run) == _contents(sound)
        assert (result.verdict is Verdict.NONE_FOUND) == (result.scope is Scope.RUN) == unharmed
        counts = result.episodes
        assert counts.seen == counts.without_cot + counts.audited + sum(counts.not_assessed.values()) >= 16


def _contents(directory: Path) -> dict[Path, bytes]:
    return {path.relative_to(directory): path.read_bytes() for path in files(directory) if path.is_file()}
