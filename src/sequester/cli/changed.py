"""`sequester swap --changed-since REV`: the declared reward paths that changed since a revision, five probes each."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from sequester import __version__
from sequester.cli.base_revision import AUTO, base_revision
from sequester.cli.configuration import FILE, PYPROJECT, declarations, verb_table
from sequester.cli.interrupt import ended_by_interrupt
from sequester.cli.progress import ScoringProgress, SkippedRecords
from sequester.cli.results import Books, ResultOptions
from sequester.episodes.model import Skipped
from sequester.errors import ConfigError, SequesterError, UsageError
from sequester.findings.changed import ChangedPath, ChangedResult
from sequester.findings.changed_verdict import NOT_DECLARED, accepting_share, changed_exit_code
from sequester.findings.digests import digests
from sequester.findings.influence import accepting_options, unusable, with_findings
from sequester.findings.model import ExitCode, Tool
from sequester.findings.store import ResultStore
from sequester.findings.swapped import SwapResult, SwapVerdict
from sequester.influence.changes import Surveyed, survey, withdrawn
from sequester.influence.conclusion import ENGINE
from sequester.influence.donors import ALL
from sequester.influence.footprint import file_of
from sequester.influence.installed import installed_here
from sequester.influence.links import end
from sequester.influence.repository import Repository, Since
from sequester.influence.reward_paths import EXAMPLE, TABLE, RewardPath, declared
from sequester.influence.swap_files import Settings, swap_files
from sequester.lint.definitions import Definition
from sequester.lint.module import read_module
from sequester.report.summary import counted, number
from sequester.report.untrusted import printable
from sequester.toml_file import parse_toml, read_toml

PROMPTS = 5
"""Prompts probed of each reward path, where nobody asks for another number."""
_VERB = "swap"
_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
"""Files that pytest collects: the reward functions in them train nothing."""


class Probing(NamedTuple):
    """How reward paths are probed, and what results are judged and kept by."""

    settings: Settings
    """What a table does not say otherwise."""
    books: Books
    progress: ScoringProgress
    on_skipped: Callable[[Skipped], None]
    clock: Callable[[], float]
    """Seconds."""
    say: Callable[[str], None]


def tell_changed(revision: str, config: Path | None, settings: Settings, results: ResultOptions) -> ExitCode:
    """Probe what changed and tell it. Raises as `changed_since_revision`, and UsageError and ConfigError before anything is run."""
    requests = results.requests(ChangedResult)
    books, talk = results.open_books(), results.talk
    settings = replace(settings, most=settings.most or PROMPTS)
    skipped = SkippedRecords(quiet=talk.quiet, verbose=talk.verbose)
    with ended_by_interrupt(talk.quiet) as clock:
        probing = Probing(settings, books, ScoringProgress(talk.quiet), skipped, clock, results.say)
        found = changed_since_revision(revision, config, probing)
    results.tell(found, requests)
    code = changed_exit_code(found, results.fail_on, results.allowed)
    if code is ExitCode.INCOMPLETE:
        _say_how_to_accept(found, results)
    return code


def _say_how_to_accept(found: ChangedResult, results: ResultOptions) -> None:
    if found.undeclared:
        results.say(f"to accept what is not declared: --allow-unassessed {NOT_DECLARED}={accepting_share(found):g}")
    for path in found.changed:
        if path.result is not None and (options := accepting_options(path.result, results.fail_on, results.allowed)):
            results.say(f"to accept what was not assessed of {printable(path.name)}: {options}")


def changed_since_revision(revision: str, config: Path | None, probing: Probing) -> ChangedResult:
    """Survey every reward path that `config` declares, probe those that changed and that no stored result covers.

    Raises UsageError without a table, a repository or the revision, ConfigError for a table that cannot be.
    """
    paths = _declared(config)
    assert config is not None  # or nothing is declared
    repository = Repository(config.resolve().parent)
    commit = base_revision(repository, os.environ) if revision == AUTO else repository.commit(revision)
    since = Since(repository, commit)
    folder = config.resolve().parent.relative_to(repository.root.resolve()).as_posix().removeprefix(".")
    tables = _tables_before(since, folder, config.name)
    before = {name: path for table in tables for name, path in _declared_before(table).items()}
    plan = probing.settings.plan
    tool = Tool(__version__, ENGINE, {"alpha": plan.alpha, "smallest": plan.smallest})
    installed = installed_here(repository.root.resolve(), tool.detector)
    try:
        surveyed = list(survey(paths, before, folder, since, installed))
        left, removed = withdrawn(paths, before, folder, since.read)
    except ConfigError as error:
        raise ConfigError(error.message, where=f"{config}: {error.where}", hint=error.hint) from error
    changed = [one for one in surveyed if one.because]
    earlier = _usual_before(probing.settings, tables[-1], config)
    return ChangedResult(
        tool=tool,
        since=revision,
        commit=commit,
        declared=len(paths),
        changed=tuple(
            _probed(one, _settings(one.path, before.get(one.name), probing.settings, earlier), config.parent, probing)
            for one in changed
        ),
        unchanged=tuple(one.name for one in surveyed if not one.because),
        undeclared=tuple(dict.fromkeys((*left.values(), *_undeclared(since, folder, paths.values())))),
        removed=removed,
        notes=(
            *(f"{name} was declared at {revision}; no table names {function} now" for name, function in left.items()),
            *_changed_settings(tables[-1], config),
            *dict.fromkeys(note for one in surveyed for note in one.notes),
        ),
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


def _tables_before(since: Since, folder: str, name: str) -> list[dict[str, Any]]:
    """`[swap]` at the revision in every file of `folder` that may hold it, the one of this name last; empty where it cannot be read, so
    that everything counts as newly declared."""
    found: list[dict[str, Any]] = []
    for file in dict.fromkeys((PYPROJECT, FILE, name)):
        data = since.before(f"{folder}/{file}".lstrip("/"))
        try:
            tables = verb_table(parse_toml(data.decode("utf-8"), file), file, _VERB) if data else {}
        except (ConfigError, UnicodeDecodeError):
            tables = {}
        found.insert(len(found) if file == name else 0, tables)
    return found


def _declared_before(table: dict[str, Any]) -> Mapping[str, RewardPath]:
    try:
        return declared(table.get(TABLE, {}), "")
    except ConfigError:
        return {}


def _usual_before(usual: Settings, before: Mapping[str, Any], config: Path) -> Settings:
    """What was usual at the revision: a `[swap]` that takes donors away, or declares noise absent, does so for the next change."""
    now = verb_table(read_toml(config), config.name, _VERB)
    donors, noise = usual.donors, usual.plan.noise
    if "donors" in now or "donors" in before:
        named = [name.strip() for name in str(before.get("donors", "")).split(",")]
        donors = tuple(name for name in ALL if name in named) or ALL
    if "noise" in now or "noise" in before:
        noise = "deterministic" if before.get("noise") == "deterministic" else "replicate"
    return replace(usual, donors=donors, plan=replace(usual.plan, noise=noise))


def _changed_settings(before: dict[str, Any], config: Path) -> Iterator[str]:
    """Settings of `[swap]` that are not what they were at the revision: they may weaken what this very run shows."""
    now = verb_table(read_toml(config), config.name, _VERB)
    for key in sorted((before.keys() | now.keys()) - {TABLE}):
        if before.get(key) != now.get(key):
            yield f"[swap] {key} changed: {_told(before.get(key))} -> {_told(now.get(key))}"


def _told(value: object) -> str:
    return "as usual" if value is None else str(value)


def _probed(one: Surveyed, settings: Settings, folder: Path, probing: Probing) -> ChangedPath:
    """A changed reward path with what its probes show, unless a stored result covers exactly what it is now."""
    label = f"[swap.{TABLE}.{one.name}]"
    settings = replace(settings, reward_path=one.name)
    source, episodes = _from_here(folder / one.path.function), Path(_from_here(folder / one.path.episodes))
    asked = ChangedPath(one.name, one.because, settings=_in_words(settings))
    try:
        inputs = digests([folder / one.path.file, episodes])
        digest = _armed(one.digest, settings, inputs)
        covered = _covering(probing.books.store, label, digest) if digest else None
        if covered is not None:
            return replace(asked, covered_by=covered)
        probing.say(f"probing {one.name}: {'; '.join(one.because)}")
        measured = swap_files(source, episodes, settings, probing.progress, probing.on_skipped, probing.clock)
    except SequesterError as error:  # of this reward path: the others are probed all the same
        return replace(asked, error=f"{error}{f'; {error.hint}' if error.hint else ''}")
    finally:
        probing.progress.done()
    result = with_findings(measured, probing.books.key, probing.books.waivers, date.today())
    if probing.books.store is not None:
        probing.books.store.save(_VERB, result, {**inputs, **({label: digest} if digest else {})})
    return replace(asked, result=result)


def _armed(digest: str, settings: Settings, inputs: Mapping[str, str]) -> str:
    """SHA-256 of what was probed, on which episodes and how; empty if the first cannot be known."""
    return (
        sha256(repr((digest, settings, sorted(inputs.values()))).encode("utf-8", "backslashreplace")).hexdigest()
        if digest
        else ""
    )


def _in_words(settings: Settings) -> str:
    plan = settings.plan
    donors = "all donors" if settings.donors == ALL else f"donors {', '.join(settings.donors)}"
    return (
        f"{donors}; {counted(settings.most or 0, 'prompt')} at most; noise {plan.noise}; outcome {plan.outcome}; smallest shift "
        f"{plan.smallest:g} s.d.; {number(plan.most_calls)} calls and {plan.seconds:g} s at most; template {settings.template}"
    )


def _settings(now: RewardPath, before: RewardPath | None, usual: Settings, earlier: Settings) -> Settings:
    """What the table says, over what is usual. What was declared, or usual, before is probed too: a change may not weaken its own probe."""
    was = before or now
    donors = dict.fromkeys((*(now.donors or usual.donors), *(was.donors or earlier.donors)))
    noise = now.noise or usual.plan.noise
    noise = noise if noise == (was.noise or earlier.plan.noise) else "replicate"
    plan = replace(usual.plan, noise=noise, outcome=now.outcome or usual.plan.outcome)
    return replace(usual, plan=plan, donors=ALL if donors.keys() == set(ALL) else tuple(donors))


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
    links = since.links()
    named = {(end(file_of(path, folder), links) or "", path.name) for path in paths}
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
