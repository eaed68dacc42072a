"""Which files make a bundle, in which order, and what does not belong among them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.layout import open_bundle, part_of
from sequester.episodes.bundle.manifest import Expected, Policy, RunInfo
from sequester.episodes.bundle.schema import FOLDERS, PART_FOLDERS
from sequester.errors import BundleError

RUN = RunInfo("run-1", datetime(2026, 1, 2, tzinfo=UTC), Policy("org/model"))


def lay(directory: Path, *parts: str, folders: tuple[str, ...] = PART_FOLDERS) -> Path:
    """The files of parts, in the folders of a bundle; empty, since what is in them is not looked at here."""
    for folder in FOLDERS:
        (directory / folder).mkdir(parents=True, exist_ok=True)
    for folder in folders:
        for part in parts:
            (directory / folder / f"{part}.parquet").touch()
    return directory


def test_nothing_is_no_bundle_and_empty_folders_are_one_without_parts(tmp_path):
    with pytest.raises(BundleError, match=r"holds neither run\.json nor episodes/"):
        open_bundle(tmp_path)
    bundle = open_bundle(lay(tmp_path))
    assert (bundle.parts, bundle.manifest, bundle.entries()) == ((), None, {})


def test_parts_are_in_order_of_rank_and_number_not_of_their_names(tmp_path):
    lay(tmp_path, "b-000000", "a-1000000", "a-999999", "a-000002")
    assert [part.name for part in open_bundle(tmp_path).parts] == ["a-000002", "a-999999", "a-1000000", "b-000000"]


def test_a_part_is_found_again_from_its_file(tmp_path):
    (part,) = open_bundle(lay(tmp_path, "node.1-000003")).parts
    assert part.rank == "node.1"
    assert part_of(part.path("episodes")) == part


def test_what_a_writer_holds_is_not_there_yet(tmp_path):
    lay(tmp_path, "0-000000")
    (tmp_path / "episodes" / ".0-000001.parquet.partial").touch()
    assert [part.name for part in open_bundle(tmp_path).parts] == ["0-000000"]


def told(directory: Path) -> list[tuple[str, str | None, int | None]]:
    """What is amiss: the file and the message, whose part it is and how many episodes are not read for it."""
    faults = open_bundle(directory).faults
    assert all(fault.error.hint for fault in faults)
    return [(str(fault.error).removeprefix(f"{directory}/"), fault.rank, fault.episodes) for fault in faults]


def test_a_part_is_read_without_its_reasoning_and_not_without_another_file(tmp_path):
    lay(tmp_path, "0-000000", "1-000000", "2-000000", "3-000000")
    assert told(tmp_path) == []
    for path in ("episodes/0", "reward_calls/1", "reasoning/2"):
        (tmp_path / f"{path}-000000.parquet").unlink()
    assert [(part.name, part.folders()) for part in open_bundle(tmp_path).parts] == [
        ("2-000000", ["episodes", "reward_calls"]),
        ("3-000000", ["episodes", "reward_calls", "reasoning"]),
    ]
    assert told(tmp_path) == [
        ("episodes/0-000000.parquet: is missing: its part has no file in episodes/", "0", None),
        ("reward_calls/1-000000.parquet: is missing from its part", "1", None),
        ("reasoning/2-000000.parquet: is missing from its part", "2", 0),
    ]
    assert [fault.lacks_reasoning for fault in open_bundle(tmp_path).faults] == [False, False, True]


def test_parts_of_a_rank_are_numbered_without_a_gap(tmp_path):
    lay(tmp_path, "0-000000", "0-000001", "1-000001", "1-000004")
    (gap,) = open_bundle(tmp_path).gaps
    assert (gap.rank, gap.episodes, gap.error.message) == ("1", None, "rank 1 has 2 of 5 parts; one is missing before this")
    assert len(open_bundle(tmp_path).parts) == 4


@pytest.mark.parametrize("stray", ["notes.txt", "0.parquet", "0-1.parquet.bak", "x y-000000.parquet"])
def test_other_files_in_the_folders_are_told_and_the_parts_are_read(tmp_path, stray):
    lay(tmp_path, "0-000000")
    (tmp_path / "findings" / stray).touch()
    assert told(tmp_path) == [(f"findings/{stray}: is no part of a bundle", None, 0)]
    assert len(open_bundle(tmp_path).parts) == 1


def test_a_folder_and_a_link_out_of_the_bundle_are_no_files_of_it(tmp_path):
    directory = lay(tmp_path / "b", "0-000000", "0-000001")
    at = directory / "episodes" / "0-000001.parquet"
    at.unlink()
    (tmp_path / "elsewhere").touch()
    for put in (at.mkdir, lambda: at.rmdir() or at.symlink_to(tmp_path / "elsewhere")):
        put()
        assert told(directory) == [("episodes/0-000001.parquet: is no regular file inside the bundle", "0", None)]
        assert [part.name for part in open_bundle(directory).parts] == ["0-000000"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "episodes").touch()
    assert [(said.partition(" (")[0], rank) for said, rank, _ in told(tmp_path)] == [("episodes: cannot be listed", None)]
    assert open_bundle(tmp_path).faults[0].error.hint == "it should be a directory"


def test_a_closed_bundle_holds_what_it_lists(tmp_path):
    lay(tmp_path)
    close_run(tmp_path, RUN, Expected(), "test 1")
    assert open_bundle(tmp_path).entries() == {}
    assert told(tmp_path) == []
    lay(tmp_path, "0-000000")
    assert told(tmp_path) == [("episodes/0-000000.parquet: is not listed in run.json, which closed the bundle", "0", None)]
    assert open_bundle(tmp_path).parts == ()


def test_what_a_closed_bundle_lists_and_lacks_is_missing(tmp_path):
    close_run(lay(tmp_path), RUN, Expected(), "test 1")
    listed = json.loads((tmp_path / "run.json").read_text())
    rows = {"episodes": 7, "reasoning": 9, "reward_calls": 8}
    listed["files"] = [
        {"path": f"{folder}/0-000000.parquet", "rows": count, "bytes": 1, "sha256": "0" * 64} for folder, count in rows.items()
    ]
    listed["counts"] |= rows
    (tmp_path / "run.json").write_text(json.dumps(listed))
    assert told(tmp_path) == [("episodes/0-000000.parquet: is listed in run.json and missing", "0", 7)]
