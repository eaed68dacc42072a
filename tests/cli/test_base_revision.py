"""The revision to compare with, as CI services and pre-commit name it."""

from __future__ import annotations

import json

import pytest

from sequester.cli.base_revision import base_revision, candidates
from sequester.errors import UsageError

UPSTREAM = ["@{upstream}", "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"]
ZERO = "0" * 40


class Commits:
    """A repository that has these commits."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def find(self, name: str) -> str | None:
        return f"commit of {name}" if name in self._names else None

    def fork_point(self, commit: str) -> str:
        return f"fork from {commit}"


def test_without_any_revision_it_is_an_error():
    with pytest.raises(UsageError, match="no revision to compare with") as raised:
        base_revision(Commits(), {})
    assert "fetch-depth" in raised.value.hint


def test_on_a_desk_it_is_the_upstream_branch():
    assert [name for name in candidates({}) if name] == UPSTREAM
    assert base_revision(Commits("refs/remotes/origin/main"), {}) == "fork from commit of refs/remotes/origin/main"


def test_in_a_hook_it_is_what_pre_commit_says():
    assert list(candidates({"PRE_COMMIT_FROM_REF": "abc", "CI_DEFAULT_BRANCH": "main"})) == ["abc"]


@pytest.mark.parametrize(
    ("event", "more", "expected"),
    [
        ({"pull_request": {"base": {"sha": "base"}}}, {"GITHUB_BASE_REF": "main"}, ["base", "refs/remotes/origin/main"]),
        ({"merge_group": {"base_sha": "base"}}, {}, ["base"]),
        ({"before": "abc", "repository": {"default_branch": "dev"}}, {}, ["abc", "refs/remotes/origin/dev"]),
        ({"before": ZERO, "repository": {"default_branch": "dev"}}, {}, ["refs/remotes/origin/dev"]),
        ({"pull_request": "x", "before": 7}, {}, UPSTREAM),
        ([], {}, UPSTREAM),
    ],
)
def test_on_github_it_is_what_the_event_says(event, more, expected, tmp_path):
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    given = {"GITHUB_EVENT_PATH": str(file), **more}
    assert [name for name in candidates(given) if name not in ("", ZERO)] == expected


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000])
def test_an_event_that_cannot_be_read_says_nothing(content, tmp_path):
    file = tmp_path / "event.json"
    file.write_bytes(content)
    for path in (file, tmp_path, tmp_path / "absent"):
        assert [name for name in candidates({"GITHUB_EVENT_PATH": str(path)}) if name] == UPSTREAM


def test_on_gitlab_it_is_the_base_of_the_merge_request_else_the_commit_before():
    given = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "base", "CI_COMMIT_BEFORE_SHA": ZERO, "CI_DEFAULT_BRANCH": "main"}
    assert [name for name in candidates(given) if name not in ("", ZERO)] == ["base", "refs/remotes/origin/main"]
    assert base_revision(Commits("refs/remotes/origin/main"), given) == "fork from commit of refs/remotes/origin/main"


def test_a_base_that_a_service_names_and_that_is_not_here_is_not_replaced_by_another_branch():
    with pytest.raises(UsageError, match="looked for base"):
        base_revision(Commits("@{upstream}"), {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "base"})
