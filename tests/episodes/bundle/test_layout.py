"""Which files make a bundle, in which order, and what does not belong among them."""

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


def test_a_part_without_one_of_its_files_is_refused_and_one_without_episodes_is_not_there_yet(tmp_path):
    lay(tmp_path, "0-000000", "0-000001", folders=("reasoning", "reward_calls"))
    assert open_bundle(tmp_path).parts == ()
    lay(tmp_path, "0-000000", folders=("episodes",))
    assert len(open_bundle(tmp_path).parts) == 1
    (tmp_path / "reward_calls" / "0-000000.parquet").unlink()
    with pytest.raises(BundleError, match=r"reward_calls/0-000000\.parquet: is missing from its part"):
        open_bundle(tmp_path)


@pytest.mark.parametrize("stray", ["notes.txt", "0.parquet", "0-1.parquet.bak", "x y-000000.parquet"])
def test_other_files_in_the_folders_are_refused(tmp_path, stray):
    lay(tmp_path, "0-000000")
    (tmp_path / "findings" / stray).touch()
    with pytest.raises(BundleError, match="is no part of a bundle") as caught:
        open_bundle(tmp_path)
    assert caught.value.where.endswith(stray)


def test_a_folder_and_a_link_out_of_the_bundle_are_no_files_of_it(tmp_path):
    lay(tmp_path / "b", "0-000000")
    (tmp_path / "b" / "episodes" / "0-000001.parquet").mkdir()
    with pytest.raises(BundleError, match="no regular file inside the bundle"):
        open_bundle(tmp_path / "b")
    (tmp_path / "b" / "episodes" / "0-000001.parquet").rmdir()
    (tmp_path / "elsewhere").touch()
    (tmp_path / "b" / "episodes" / "0-000001.parquet").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="no regular file inside the bundle"):
        open_bundle(tmp_path / "b")


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "episodes").touch()
    with pytest.raises(BundleError, match=r"episodes: cannot be listed") as caught:
        open_bundle(tmp_path)
    assert caught.value.hint == "it should be a directory"


@pytest.mark.parametrize(
    ("change", "says"), [("added", "is not listed in run.json"), ("gone", r"is listed in run.json and missing")]
)
def test_a_closed_bundle_holds_what_it_lists(tmp_path, change, says):
    lay(tmp_path)
    close_run(tmp_path, RUN, Expected(), "test 1")
    assert open_bundle(tmp_path).entries() == {}
    if change == "added":
        lay(tmp_path, "0-000000", "0-000001")
    else:
        manifest = (tmp_path / "run.json").read_text()
        entry = '{"path": "episodes/0-000000.parquet", "rows": 0, "bytes": 1, "sha256": "' + "0" * 64 + '"}'
        (tmp_path / "run.json").write_text(manifest.replace('"files": []', f'"files": [{entry}]'))
    with pytest.raises(BundleError, match=says):
        open_bundle(tmp_path)
