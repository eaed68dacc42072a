"""What a workspace measured stands beside the shipped calibration in its reports."""

from sequester.cli.audit import own_calibrations
from sequester.exposure.calibration import CALIBRATION_FILE, Label, as_json, calibrate, sentence
from sequester.findings.workspace import Workspace


def test_without_a_workspace_or_a_file_there_is_none(tmp_path):
    assert own_calibrations(None) == []
    assert own_calibrations(Workspace(tmp_path)) == []


def test_the_one_that_was_saved_is_read(tmp_path):
    measured = calibrate([], [Label("e1", leak=True, kind="json")], "mine", "lexical/1")
    (tmp_path / CALIBRATION_FILE).write_text(as_json(measured), "utf-8")
    assert own_calibrations(Workspace(tmp_path)) == [measured]
    assert "Your own calibration, mine: found 0 of 1" in sentence(measured, "Your own")
