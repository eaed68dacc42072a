"""The store: what goes in comes out, whoever else writes, and nothing is guessed."""

import multiprocessing
import sqlite3
from contextlib import closing
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from tests.findings import swap_results
from tests.findings.examples import finding
from tests.report.results import result, results

from sequester.episodes.guarded import GuardedText
from sequester.errors import ConfigError, GuardedTextError, InputError, UsageError
from sequester.findings.encoding import decode_result, encode_result
from sequester.findings.influence import with_findings
from sequester.findings.linted import LintFinding, LintResult, LintVerdict
from sequester.findings.model import FindingClass, Severity, Tool
from sequester.findings.store import ResultStore
from sequester.findings.waivers import Waivers
from sequester.findings.workspace import Workspace

LINTED = LintResult(
    verdict=LintVerdict.FOUND,
    tool=Tool("0.1.0", "lint/1", {}),
    files={"seen": 1, "linted": 1},
    not_assessed={},
    subjects={"reward_functions": 1},
    findings=(
        LintFinding(
            "0" * 24,
            "SQ201",
            FindingClass.CONTENT,
            Severity.MEDIUM,
            Severity.HIGH,
            "rewards.py",
            3,
            5,
            3,
            20,
            "accuracy",
            "Reads it.",
        ),
    ),
    waived=0,
)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / ".sequester")


def test_a_new_store_holds_nothing_and_says_so(workspace):
    store = ResultStore(workspace)
    assert store.latest() is None
    assert store.reveals() == ()
    with pytest.raises(UsageError, match="no result 'r1'") as caught:
        store.load("r1")
    assert "sequester audit" in caught.value.hint


def test_a_stored_result_comes_back_whole(workspace):
    store = ResultStore(workspace)
    given_result = result(findings=(finding(), finding(episode_id="e2")))
    result_id = store.save("audit", given_result, {"run.jsonl": "ab" * 32})
    stored = ResultStore(workspace).load(result_id)
    assert (stored.id, stored.verb, stored.result, stored.digests) == ("r1", "audit", given_result, {"run.jsonl": "ab" * 32})
    assert store.latest() == "r1"
    assert store.ids_from("000") == (finding().id,)
    assert store.ids_from("") == store.ids_from("1") == store.ids_from("none") == store.ids_from("0' OR 1") == ()


@settings(max_examples=20, deadline=None)
@given(results())
def test_any_result_comes_back_whole(tmp_path_factory, any_result):
    store = ResultStore(Workspace(tmp_path_factory.mktemp("w")))
    assert store.load(store.save("audit", any_result, {})).result == any_result


@settings(max_examples=20, deadline=None)
@given(swap_results.results())
def test_a_result_of_another_kind_comes_back_whole(tmp_path_factory, swapped):
    store = ResultStore(Workspace(tmp_path_factory.mktemp("w")))
    kept = with_findings(swapped, Waivers(), date(2026, 6, 1))
    stored = store.load(store.save("swap", kept, {"rewards.py": "ab" * 32}))
    assert (stored.verb, stored.result) == ("swap", kept)
    assert all(store.latest_with(one.id).result == "r1" for one in kept.findings)


def test_results_of_lint_are_kept_by_their_subject(workspace):
    store = ResultStore(workspace)
    store.save("lint", LINTED, {})
    assert store.load("r1").result == LINTED
    with closing(sqlite3.connect(workspace.results)) as connection:
        assert connection.execute("SELECT rule, reward_path, episode_id, step FROM findings").fetchall() == [
            ("SQ201", "accuracy", "", None)
        ]


def _save_some(root):
    store = ResultStore(Workspace(root))
    return [store.save("audit", result(findings=(finding(),) * 50), {}) for _ in range(10)]


def test_two_processes_write_at_once(workspace):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        ids = [one for batch in pool.map(_save_some, [workspace.root] * 2, chunksize=1) for one in batch]
    assert sorted(ids, key=lambda one: int(one[1:])) == [f"r{number}" for number in range(1, 21)]


@pytest.mark.parametrize("wrong", ["", "r", "r2", "r-1", "1; DROP TABLE results", "r" + "9" * 30, "r²"])
def test_an_unknown_id_names_the_latest(workspace, wrong):
    store = ResultStore(workspace)
    store.save("audit", result(), {})
    with pytest.raises(UsageError) as caught:
        store.load(wrong)
    assert caught.value.hint == "the latest is r1"


def test_a_newer_store_is_refused(workspace):
    ResultStore(workspace)
    connection = sqlite3.connect(workspace.results)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(ConfigError, match="version 9") as caught:
        ResultStore(workspace)
    assert "upgrade" in caught.value.hint


def test_what_is_no_store_is_refused(workspace):
    workspace.create().results.write_bytes(b"not a database at all" * 100)
    with pytest.raises(ConfigError, match="cannot be used"):
        ResultStore(workspace)


def test_a_failed_save_leaves_nothing_behind(workspace):
    store = ResultStore(workspace)
    with pytest.raises(ConfigError, match="cannot be used"):
        store.save("audit", result(findings=(finding(),)), {"run.jsonl": None})
    assert store.latest() is None


def test_a_reveal_is_recorded_with_name_and_reason(workspace):
    store = ResultStore(workspace)
    store.record_reveal("ada", "checking", "r1 0000")
    assert [(one.who, one.reason, one.what) for one in store.reveals()] == [("ada", "checking", "r1 0000")]


@pytest.mark.parametrize(("who", "reason"), [("", "checking"), ("ada", " ")])
def test_a_reveal_without_a_reason_is_refused(workspace, who, reason):
    store = ResultStore(workspace)
    with pytest.raises(UsageError, match="for a reason"):
        store.record_reveal(who, reason, "r1")
    assert store.reveals() == ()


def test_guarded_text_cannot_be_stored(workspace):
    canary = msgspec.structs.replace(result(), notes=(GuardedText("canary"),))
    with pytest.raises(GuardedTextError, match="GuardedText") as caught:
        encode_result(canary)
    assert "canary" not in str(caught.value)
    with pytest.raises(GuardedTextError):
        ResultStore(workspace).save("audit", canary, {})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "sequester.audit/2"}', '{"schema": "sequester.audit/1"}', "[" * 10**5]
)
def test_what_is_no_result_is_refused(text):
    with pytest.raises(InputError):
        decode_result(text, "somewhere")
