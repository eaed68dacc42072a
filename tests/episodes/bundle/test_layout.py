"""Which files make a bundle, in which order, and what does not belong among them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.layout import Bundle, open_bundle, part_of
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


def names(bundle: Bundle) -> list[str]:
    return [part.name for part in bundle.parts]


def faults(bundle: Bundle) -> list[str]:
    assert all(fault.error.hint for fault in bundle.faults)
    return [str(fault.error).removeprefix(f"{bundle.directory}/") for fault in bundle.faults]


def test_a_part_that_lacks_a_file_is_a_fault_and_the_others_are_read(tmp_path):
    lay(tmp_path, "0-000000", "0-000001", "1-000000")
    (tmp_path / "reward_calls" / "0-000001.parquet").unlink()
    bundle = open_bundle(tmp_path)
    assert names(bundle) == ["0-000000", "1-000000"]
    (fault,) = bundle.faults
    assert (fault.rank, fault.episodes, fault.lacks_reasoning) == ("0", None, False)
    assert faults(bundle)[0].startswith("reward_calls/0-000001.parquet: is missing")


def test_a_part_that_lacks_its_reasoning_alone_is_read_without_it_and_said(tmp_path):
    lay(tmp_path, "0-000000", "0-000001")
    (tmp_path / "reasoning" / "0-000001.parquet").unlink()
    bundle = open_bundle(tmp_path)
    assert names(bundle) == ["0-000000", "0-000001"]
    assert [fault.lacks_reasoning for fault in bundle.faults] == [True]
    assert [part.folders() for part in bundle.parts] == [["episodes", "reward_calls", "reasoning"], ["episodes", "reward_calls"]]


@pytest.mark.parametrize("stray", ["notes.txt", "0.parquet", "0-1.parquet.bak", "x y-000000.parquet"])
def test_another_file_in_the_folders_is_a_fault_of_no_rank(tmp_path, stray):
    lay(tmp_path, "0-000000")
    (tmp_path / "findings" / stray).touch()
    bundle = open_bundle(tmp_path)
    assert names(bundle) == ["0-000000"]
    assert faults(bundle) == [f"findings/{stray}: is no part of a bundle"]
    assert bundle.faults[0].rank is None


def test_a_folder_and_a_link_out_of_the_bundle_are_no_files_of_it(tmp_path):
    lay(tmp_path / "b", "0-000000", "0-000001", "0-000002")
    for number, make in ((1, Path.mkdir), (2, lambda path: path.symlink_to(tmp_path / "elsewhere"))):
        path = tmp_path / "b" / "episodes" / f"0-00000{number}.parquet"
        path.unlink()
        make(path)
    (tmp_path / "elsewhere").touch()
    bundle = open_bundle(tmp_path / "b")
    assert names(bundle) == ["0-000000"]
    assert faults(bundle) == [f"episodes/0-00000{number}.parquet: is no regular file inside the bundle" for number in (1, 2)]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "episodes").touch()
    (said,) = faults(open_bundle(tmp_path))
    assert said.startswith("episodes: cannot be listed")


@pytest.mark.parametrize(
    ("change", "says"), [("added", "is not listed in run.json"), ("gone", "is listed in run.json and missing")]
)
def test_a_closed_bundle_that_does_not_hold_what_it_lists_has_faults(tmp_path, change, says):
    lay(tmp_path)
    close_run(tmp_path, RUN, Expected(), "test 1")
    assert (open_bundle(tmp_path).entries(), open_bundle(tmp_path).faults) == ({}, ())
    if change == "added":
        lay(tmp_path, "0-000000")
    else:
        manifest = (tmp_path / "run.json").read_text()
        entry = '{"path": "episodes/0-000000.parquet", "rows": 0, "bytes": 1, "sha256": "' + "0" * 64 + '"}'
        (tmp_path / "run.json").write_text(manifest.replace('"files": []', f'"files": [{entry}]'))
    bundle = open_bundle(tmp_path)
    assert names(bundle) == []
    assert all(says in said for said in faults(bundle)) and bundle.faults


@pytest.mark.parametrize(("numbers", "gaps"), [("", 0), ("01", 0), ("12", 1), ("02", 1)])
def test_a_rank_whose_parts_are_not_numbered_through_has_a_gap(tmp_path, numbers, gaps):
    bundle = open_bundle(lay(tmp_path, *(f"0-00000{number}" for number in numbers)))
    assert [gap.rank for gap in bundle.gaps] == ["0"] * gaps
    assert len(bundle.parts) == len(numbers)
