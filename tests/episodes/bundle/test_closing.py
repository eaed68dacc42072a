"""`run.json` is written last, once, and only over a bundle that is whole."""

from datetime import UTC, datetime

import pytest

from sequester.episodes.bundle import closing
from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.manifest import Expected, Policy, RunInfo, read_manifest
from sequester.episodes.bundle.writer import BundleWriter, claim_of
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Segment, Source, Split, SplitStatus
from sequester.errors import BundleError

RUN = RunInfo("run-1", datetime(2026, 1, 2, tzinfo=UTC), Policy("org/model"))
OTHER = RunInfo("run-2", RUN.created, RUN.policy)


def episode(name: str) -> Episode:
    segments = (Segment(0, Channel.REASONING, GuardedText("Seven gulls landed.")),)
    return Episode(name, segments, Split(SplitStatus.SPLIT, "as the test says", "given"), Source("log", 1))


def write(directory, *names, run=RUN, rank="0"):
    with BundleWriter(directory, run, rank) as writer:
        for name in names:
            writer.write(episode(name))


@pytest.fixture
def bundle(tmp_path):
    write(tmp_path, "e1", "e2")
    return tmp_path


def refused(directory, match):
    with pytest.raises(BundleError, match=match) as caught:
        close_run(directory, RUN, Expected(), "test 1")
    assert caught.value.hint
    return caught.value


def test_a_run_without_episodes_is_closed_with_nothing_in_it(tmp_path):
    write(tmp_path)
    closed = close_run(tmp_path, RUN, Expected(), "test 1")
    assert (closed.counts.episodes, closed.files) == (0, ())


def test_it_counts_what_is_there_and_is_read_back(bundle):
    write(bundle, "e3", rank="1")
    closed = close_run(bundle, RUN, Expected(episodes=4), "test 1")
    assert closed == read_manifest(bundle)
    assert (closed.counts.episodes, closed.counts.reasoning, closed.expected.episodes) == (3, 3, 4)
    assert [file.path for file in closed.files] == sorted(file.path for file in closed.files)
    assert all(file.bytes == (bundle / file.path).stat().st_size for file in closed.files)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda bundle: close_run(bundle, RUN, Expected(), "test 1"), r"run\.json: the bundle is closed already"),
        (lambda bundle: (bundle / "reasoning" / ".1-000000.parquet.partial").touch(), "a writer still holds this file"),
        (lambda bundle: write(bundle, "e2", rank="1"), "the same episode_id as in"),
        (lambda bundle: write(bundle, "e3", run=OTHER, rank="1"), "another run"),
        (lambda bundle: (bundle / "reasoning" / "0-000001.parquet").touch(), "no file in episodes/"),
        (lambda bundle: (bundle / "reasoning" / "0-000000.parquet").write_bytes(b"PARE" + bytes(40)), "sealed before"),
    ],
    ids=["closed", "held", "repeated", "two runs", "orphan", "sealed"],
)
def test_what_is_not_whole_is_not_closed(bundle, spoil, says):
    spoil(bundle)
    before = sorted(bundle.iterdir())
    refused(bundle, says)
    assert sorted(bundle.iterdir()) == before


def test_a_bundle_of_another_run_alone_is_not_closed_as_this_one(tmp_path):
    write(tmp_path, "e1", run=OTHER)
    refused(tmp_path, "belongs to another run")
    assert read_manifest(tmp_path) is None


def test_of_two_processes_that_close_at_once_one_is_told(bundle):
    claim_of(bundle / "run.json").touch()
    error = refused(bundle, "another process is closing the bundle")
    assert claim_of(bundle / "run.json").name in error.hint
    assert read_manifest(bundle) is None


def test_a_disk_that_is_full_is_an_error_and_the_bundle_stays_open(bundle, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(closing.os, "fsync", full)
    for _ in range(2):  # the second is not told of another process
        refused(bundle, r"cannot be written \(No space left on device\)")
    assert read_manifest(bundle) is None
