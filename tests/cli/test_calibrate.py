"""`sequester calibrate`: labels that nobody looked for are no result."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import EXPOSED, QUIET

from sequester.exposure.calibration import CALIBRATION_FILE


@pytest.fixture
def labels(tmp_path):
    def write(*given):
        rows = ({"episode_id": name, "leak": leak, "kind": "plain" if leak else "quiet"} for name, leak in given)
        (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return "labels.jsonl"

    return write


def test_no_labels_are_no_calibration(cli, log, labels):
    outcome = cli("calibrate", log(QUIET), "--labels", labels())
    assert outcome.code == 2
    assert "holds no labels" in outcome.err


def test_a_label_without_its_episode_is_refused(cli, log, labels):
    outcome = cli("calibrate", log(QUIET, EXPOSED), "--labels", labels(("quiet", False), ("exposd", True)), "--save", "c.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "1 of 2 labels name no episode that was read, the first 'exposd'" in outcome.err


def test_labels_that_contradict_each_other_are_refused(cli, log, labels):
    outcome = cli("calibrate", log(EXPOSED), "--labels", labels(("exposed", True), ("exposed", False)), "--save", "c.json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "call episode 'exposed' a leak and none" in outcome.err


def test_a_label_given_twice_counts_once(cli, log, labels):
    said = [("exposed", True), ("quiet", False)]
    once = cli("calibrate", log(EXPOSED, QUIET), "--labels", labels(*said), "-v").out
    assert cli("calibrate", "log.jsonl", "--labels", labels(*said, *said), "-v").out == once


def test_what_was_measured_is_printed_kept_and_said_in_reports(cli, log, labels, tmp_path):
    outcome = cli(
        "calibrate", log(EXPOSED, QUIET), "--labels", labels(("exposed", True), ("quiet", False)), "--workspace", "w", "-v"
    )
    assert outcome.code == 0
    assert "all leaks                          1       1" in outcome.out
    assert (tmp_path / "w" / CALIBRATION_FILE).exists()
    said = cli("audit", "log.jsonl", "--workspace", "w").out.splitlines()
    assert said[1].startswith("Calibration (your own, labelled episodes): recall at least 5.00% on leaks that you labelled, ")


def test_reports_call_it_by_the_name_it_was_given(cli, log, labels, tmp_path):
    given = labels(("exposed", True), ("quiet", False))
    assert cli("calibrate", log(EXPOSED, QUIET), "--labels", given, "--workspace", "w", "--name", "pilot judge").code == 0
    assert cli("audit", "log.jsonl", "--workspace", "w").out.splitlines()[1].startswith("Calibration (your own, pilot judge): ")


def test_without_a_leak_there_is_no_recall_and_none_is_kept(cli, log, labels, tmp_path):
    outcome = cli("calibrate", log(QUIET), "--labels", labels(("quiet", False)), "--workspace", "w", "-v")
    assert outcome.code == 0
    assert "no label is a leak, so recall was not measured" in outcome.out
    assert json.loads((tmp_path / "w" / CALIBRATION_FILE).read_text())["overall"] is None
    for said in (outcome.err, cli("audit", "log.jsonl", "--workspace", "w").out.splitlines()[1]):
        assert "recall at least" not in said
        assert "planted" not in said
    assert "of 0" not in cli("doctor", "--workspace", "w").out


def test_without_a_negative_there_are_no_false_alarms_to_tell(cli, log, labels):
    outcome = cli("calibrate", log(EXPOSED), "--labels", labels(("exposed", True)))
    assert outcome.out.endswith("\nevery label is a leak, so false alarms were not measured\n")
    assert "clusters" not in outcome.out


def test_a_place_that_cannot_be_written_to_is_an_error(cli, log, labels):
    outcome = cli("calibrate", log(EXPOSED), "--labels", labels(("exposed", True)), "--save", "nowhere/c.json")
    assert outcome.code == 2
    assert "nowhere/c.json: the file cannot be written" in outcome.err


def test_episodes_that_were_not_assessed_make_it_incomplete(cli, log, labels):
    unlogged = QUIET | {"episode_id": "unlogged", "reward_calls": [{"reward_path": "judge"}]}
    outcome = cli(
        "calibrate", log(EXPOSED, unlogged), "--labels", labels(("exposed", True), ("unlogged", False)), "--save", "c.json"
    )
    assert outcome.code == 4
    assert "1 of 2 episodes were not assessed (input_not_logged 1)" in outcome.err
