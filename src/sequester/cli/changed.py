"""`sequester swap --changed-since REV`: the declared reward paths that changed since a revision, five probes each."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from sequester import __version__
from sequester.cli.base_revision import AUTO, base_revision
from sequester.cli.configuration import FILE, PYPROJECT, declarations
from sequester.cli.output import say
from sequester.cli.progress import Progress
from sequester.episodes.model import Skipped
from sequester.errors import ConfigError, SequesterError, UsageError
from sequester.exposure.inputs import digests
from sequester.findings.changed import ChangedPath, ChangedResult
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.influence import unusable, with_findings
from sequester.findings.model import Tool
from sequester.findings.store import ResultStore
from sequester.findings.swapped import SwapResult, SwapVerdict
from sequester.findings.waivers import Waivers
from sequester.influence.changes import Installed, Surveyed, survey
from sequester.influence.conclusion import ENGINE
from sequester.influence.footprint import file_of
from sequester.influence.repository import Repository, Since
from sequester.influence.reward_paths import EXAMPLE, TABLE, RewardPath, declared
from sequester.influence.swap_files import Settings, swap_files
from sequester.lint.module import Definition, read_module
from sequester.toml_file import parse_toml, read_toml

PROMPTS = 5
"""Prompts probed of each reward path, where nobody asks for another number."""
_VERB = "swap"
_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
"""Files that pytest collects: the reward functions in them train nothing."""


class Terms(NamedTuple):
    """How reward paths are probed, and what results are judged and kept by."""

    settings: Settings
    """What a table does not say otherwise."""
    key: FingerprintKey
    waivers: Waivers
    store: ResultStore | None
    progress: Progress
    on_skipped: Callable[[Skipped], None]
    clock: Callable[[], float]
    """Seconds."""
    quiet: bool


def changed_since_revision(revision: str, config: Path | None, terms: Terms) -> ChangedResult:
    """Survey every reward path that `config` declares, probe those that changed and that no stored result covers.

    Raises UsageError without a table, a repository or the revision, ConfigError for a table that cannot be.
    """
    paths = _declared(config)
    assert config is not None  # or nothing is declared
    repository = Repository(config.resolve().parent)
    commit = base_revision(repository, os.environ) if revision == AUTO else repository.commit(revision)
    since = Since(repository, commit)
    folder = config.resolve().parent.relative_to(repository.root.resolve()).as_posix().removeprefix(".")
    before = _declared_before(since, f"{folder}/{config.name}".lstrip("/"), config.name)
    plan = terms.settings.plan
    tool = Tool(__version__, ENGINE, {"alpha": plan.alpha, "smallest": plan.smallest})
    installed = Installed(packages_distributions(), _version, tool.detector)
    try:
        surveyed = list(survey(paths, before, folder, since, installed))
    except ConfigError as error:
        raise ConfigError(error.message, where=f"{config}: {error.where}", hint=error.hint) from error
    changed = [one for one in surveyed if one.because]
    return ChangedResult(
        tool=tool,
        since=revision,
        commit=commit,
        declared=len(paths),
        changed=tuple(_probed(one, config.parent, terms) for one in changed),
        unchanged=tuple(one.name for one in surveyed if not one.because),
        undeclared=tuple(_undeclared(since, folder, paths.values())),
        notes=tuple(dict.fromkeys(note for one in surveyed for note in one.notes)),
    )


def reward_paths(config: Path | None) -> Mapping[str, RewardPath]:
    """The reward paths that a configuration file declares, by name. Raises ConfigError for a table that cannot be."""
    return declared(declarations(read_toml(config), config.name, _VERB, TABLE), str(config)) if config is not None else {}


def _declared(config: Path | None) -> Mapping[str, RewardPath]:
    paths = reward_paths(config)
    if not paths:
        example = EXAMPLE if config is None or config.name != PYPROJECT else EXAMPLE.replace("[", "[tool.sequester.", 1)
        raise UsageError(
            "no reward path is declared, so no change of one can be told",
            where=str(config) if config is not None else f"there is no {FILE}",
            hint=f"write into {config or FILE}:\n{example}",
        )
    return paths


def _declared_before(since: Since, path: str, name: str) -> Mapping[str, RewardPath]:
    """What was declared at the revision; nothing where that cannot be read, so that everything counts as newly declared."""
    data = since.before(path)
    try:
        return declared(declarations(parse_toml(data.decode("utf-8"), path), name, _VERB, TABLE), path) if data else {}
    except (ConfigError, UnicodeDecodeError):
        return {}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _probed(one: Surveyed, folder: Path, terms: Terms) -> ChangedPath:
    """A changed reward path with what its probes show, unless a stored result covers exactly what it is now."""
    label = f"[swap.{TABLE}.{one.name}]"
    covered = _covering(terms.store, label, one.digest)
    if covered is not None:
        return ChangedPath(one.name, one.because, covered_by=covered)
    say(f"probing {one.name}: {'; '.join(one.because)}", terms.quiet)
    source, episodes = _from_here(folder / one.path.function), Path(_from_here(folder / one.path.episodes))
    try:
        measured = swap_files(source, episodes, _settings(one, terms.settings), terms.progress, terms.on_skipped, terms.clock)
    except SequesterError as error:  # of this reward path: the others are probed all the same
        return ChangedPath(one.name, one.because, error=f"{error}{f'; {error.hint}' if error.hint else ''}")
    finally:
        terms.progress.done()
    result = with_findings(measured, terms.key, terms.waivers, date.today())
    if terms.store is not None:
        inputs = digests([folder / one.path.file, episodes])
        terms.store.save(_VERB, result, {**inputs, label: one.digest})
    return ChangedPath(one.name, one.because, result)


def _settings(one: Surveyed, usual: Settings) -> Settings:
    """What the table says, over what is usual."""
    plan = replace(usual.plan, noise=one.path.noise or usual.plan.noise, outcome=one.path.outcome or usual.plan.outcome)
    return replace(usual, plan=plan, donors=one.path.donors or usual.donors, reward_path=one.name)


def _covering(store: ResultStore | None, label: str, digest: str) -> str | None:
    """The newest result of exactly this in which nothing was found and that every episode of the file could be used for; a waived finding
    is one, because waivers end."""
    for found in store.of_input(_VERB, label, digest) if store is not None else ():
        result = store.load(found).result if store is not None else None
        if not isinstance(result, SwapResult) or result.findings or unusable(result):
            continue
        if result.verdict is SwapVerdict.NO_INFLUENCE_FOUND:
            return found
    return None


def _undeclared(since: Since, folder: str, paths: Collection[RewardPath]) -> Iterator[str]:
    """`FILE.py:function` of the reward functions in changed files that no table names. A method counts as named where a table names an
    object of its file: which class that is an instance of is known to the running code alone."""
    named = {(file_of(path, folder), path.function.rpartition(":")[2]) for path in paths}
    for file in sorted(name for name in since.changed() if name.endswith(".py") and not _TEST.search(name)):
        here = {name for where, name in named if where == file}
        found = _reward_functions(since.read(file) or b"")
        objects = here - {one.name for one in found}
        for one in found:
            if one.name not in here and not (one.owner is not None and objects):
                yield f"{file}:{one.name}"


def _reward_functions(code: bytes) -> Sequence[Definition]:
    """Those that stand at the top of a module or class; none where the code cannot be read, which lint says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = read_module(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return [one.definition for one in module.rewards if not one.definition.outer]


def _from_here(path: Path) -> str:
    """A path as one would write it where the command runs."""
    return os.path.relpath(path)
