"""Which revision a change is compared with, where nobody names one: what CI services and pre-commit say, else the upstream branch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sequester.errors import UsageError
from sequester.influence.repository import Repository

AUTO = "auto"
"""Value of `--changed-since` that asks for it."""
_NONE = frozenset(("", "0" * 40, "0" * 64))
"""How services write that there was no revision before: a new branch."""
_MOST_BYTES = 16 << 20


def base_revision(repository: Repository, environment: Mapping[str, str]) -> str:
    """The commit at which the work at hand left the line that it is to be merged into.

    Raises UsageError if no candidate is here: in CI, where a candidate is named, the clone is too shallow.
    """
    names = [name for name in candidates(environment) if name not in _NONE]
    for name in names:
        commit = repository.find(name)
        if commit is not None:
            return repository.fork_point(commit)
    raise UsageError(
        f"no revision to compare with is here (looked for {', '.join(names)})",
        where=f"--changed-since {AUTO}",
        hint="name one, or fetch more of the history (actions/checkout: `fetch-depth: 0`; GitLab: `GIT_DEPTH: 0`)",
    )


def candidates(environment: Mapping[str, str]) -> Iterator[str]:
    """Revisions in the order in which they are tried. Where a service names a base, the upstream branch is none."""
    if from_hook := environment.get("PRE_COMMIT_FROM_REF", ""):
        yield from_hook
        return
    named = [*_github(environment), *_gitlab(environment)]
    yield from named
    if not any(name not in _NONE for name in named):
        yield from ("@{upstream}", "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master")


def _github(environment: Mapping[str, str]) -> Iterator[str]:
    """Base of a pull request, else the commit before a push; for a new branch the default branch."""
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    yield _text(event, "pull_request", "base", "sha")
    yield _text(event, "merge_group", "base_sha")
    if branch := environment.get("GITHUB_BASE_REF", ""):
        yield f"refs/remotes/origin/{branch}"
    yield _text(event, "before")
    if branch := _text(event, "repository", "default_branch"):
        yield f"refs/remotes/origin/{branch}"


def _gitlab(environment: Mapping[str, str]) -> Iterator[str]:
    yield environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    yield environment.get("CI_COMMIT_BEFORE_SHA", "")
    if branch := environment.get("CI_DEFAULT_BRANCH", ""):
        yield f"refs/remotes/origin/{branch}"


def _event(path: str) -> Any:
    """What GitHub says of the event; nothing where it says nothing that can be read."""
    file = Path(path)
    try:
        if not path or not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return None
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _text(event: Any, *keys: str) -> str:
    for key in keys:
        event = event.get(key) if isinstance(event, dict) else None
    return event if isinstance(event, str) else ""
