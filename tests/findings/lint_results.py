"""A lint result to start from, for tests: everything plausible, nothing real."""

import msgspec

from sequester.findings.linted import LintFinding, LintResult, LintVerdict
from sequester.findings.model import FindingClass, Severity, Tool, WaiverNote

BASE = LintFinding(
    id="0" * 24,
    rule="SQ246",
    class_=FindingClass.LENGTH_FORMAT,
    severity=Severity.MEDIUM,
    confidence=Severity.MEDIUM,
    path="configs/grpo.yaml",
    line=7,
    column=5,
    end_line=7,
    end_column=18,
    subject="grpo.reward_shaping.enabled",
    message="the length of the whole sampled text, reasoning included, changes the reward",
)
NOQA = WaiverNote("noqa", "length is capped on purpose", "")
FOUND = LintResult(
    verdict=LintVerdict.FOUND,
    tool=Tool("0.0.0", "lint/1", {}),
    files={"seen": 9, "linted": 3, "without_subject": 5},
    not_assessed={"syntax_error": 1},
    subjects={"reward_functions": 2, "templates": 0, "configurations": 1},
    findings=(BASE,),
    waived=0,
    notes=("configs/broken.yaml:3: not assessed: syntax_error (cannot be read as YAML).",),
)


def finding(**changes):
    """`BASE` with these fields changed."""
    return msgspec.structs.replace(BASE, **changes)


def result(**changes):
    """`FOUND` with these fields changed."""
    return msgspec.structs.replace(FOUND, **changes)


def nothing(**changes):
    """A result in which nothing was looked at."""
    quiet = {"findings": (), "notes": (), "not_assessed": {}, "files": {"seen": 2, "linted": 0, "without_subject": 2}}
    subjects = {"reward_functions": 0, "templates": 0, "configurations": 0}
    return result(**{"verdict": LintVerdict.NOTHING_ASSESSED, "subjects": subjects, **quiet, **changes})
