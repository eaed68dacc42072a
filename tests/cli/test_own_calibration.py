"""What a workspace measured stands beside the shipped calibration in its reports."""

from sequester.cli.audit import own_calibrations
from sequester.exposure.calibration import CALIBRATION_FILE, NONE_SHIPPED, Label, as_json, calibrate, detail, headline, headlines
from sequester.findings.workspace import Workspace


def test_without_a_workspace_or_a_file_there_is_none(tmp_path):
    assert own_calibrations(None) == []
    assert own_calibrations(Workspace(tmp_path)) == []


def test_the_one_that_was_saved_is_read(tmp_path):
    measured = calibrate([], [Label("e1", leak=True, kind="json")], "mine", "lexical/1")
    (tmp_path / CALIBRATION_FILE).write_text(as_json(measured), "utf-8")
    assert own_calibrations(Workspace(tmp_path)) == [measured]
    own = headlines([measured], "lexical/1")[1]
    assert own.startswith("Calibration (your own, mine): recall at least 0.00% on leaks that you labelled (95% bounds).")


def test_the_line_at_the_head_is_short_and_the_rest_is_detail():
    labels = [Label("e1", leak=True, kind="json"), Label("e2", leak=False, kind="siblings")]
    measured = calibrate([], labels, "mine", "lexical/1")
    assert headline(measured, "lexical/1 (avx2)") == (
        "Calibration (shipped): recall at least 0.00% on planted classes, false alarms at most 95.0% of negatives (95% bounds)."
    )
    said = "\n".join(detail(measured, "lexical/1"))
    assert "planted leaks: 0 of 1 found in 1 class (" in said
    assert "false alarms: 0 in 1 siblings (at most 95.0%)" in said


def test_what_a_user_labelled_was_not_planted():
    measured = calibrate([], [Label("e1", leak=True, kind="json")], "mine", "lexical/1")
    said = "\n".join([headline(measured, "lexical/1", own=True), *detail(measured, "lexical/1", own=True)])
    assert "labelled leaks: 0 of 1 found" in said
    assert "planted" not in said


def test_a_calibration_of_another_detector_says_so():
    measured = calibrate([], [Label("e1", leak=True, kind="json")], "mine", "lexical/0")
    assert "Measured with lexical/0, not with lexical/1." in headline(measured, "lexical/1", own=True)
    assert "it says nothing about this version" in "".join(detail(measured, "lexical/1"))
    assert headlines([], "other/9") == (NONE_SHIPPED,)
