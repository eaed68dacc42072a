"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "sequester.cli.pytest_plugin"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose pytest loads this plugin by name and no other by entry point, so that it is the same one however it is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")]))
    return pytester


def run(project: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """Run tests with this code in them, in this process."""
    project.makepyfile(test_it=code)
    return project.runpytest_inprocess("-p", PLUGIN, "--strict-markers", "-W", "error", *arguments)


# Canaries


def test_a_marked_test_that_takes_no_completions_fails(project):
    result = run(
        project,
        "import pytest\n@pytest.mark.cot_canary\ndef test_none(): pass\n@pytest.mark.cot_canary\ndef test_unused(cot_canary): pass\n",
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*nothing was watched*"])


def test_the_fixture_without_the_marker_fails(project):
    result = run(project, "def test_it(cot_canary): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*mark this one*"])


QUIET = """
import pytest
@pytest.mark.cot_canary
def test_it(cot_canary):
    assert len(cot_canary.prompts) == len(cot_canary.completions) == 1
    assert cot_canary.text in cot_canary.completions[0]
"""


def test_a_reward_that_keeps_quiet_passes(project):
    result = run(project, QUIET)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*sequester: non-interference*", "canaries: 0 of 1 test let theirs out or had none"])


LEAKS = {
    "stdout": "print('scored', completion)",
    "stderr": "print(completion, file=sys.stderr)",
    "log records of rewards": "logging.getLogger('rewards').warning('scored %s', completion)",
    "log records of quiet": "quiet.warning(completion)",
    "warnings": "warnings.warn(completion)",
    "the text of an exception": "raise ValueError(completion)",
    "Captured stdout call": "subprocess.run(['echo', completion], check=True)",
}
LEAKING = """
import base64, json, logging, subprocess, sys, warnings
import pytest
quiet = logging.getLogger('quiet')
quiet.propagate = False
quiet.addHandler(logging.NullHandler())
@pytest.mark.filterwarnings("default")
@pytest.mark.cot_canary
def test_it(cot_canary):
    completion = cot_canary.completions[0]
    {}
"""


@pytest.mark.parametrize(("where", "leak"), LEAKS.items())
def test_a_canary_that_gets_out_fails_the_test_and_says_where(project, where, leak):
    result = run(project, LEAKING.format(leak))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*its canary stands in {where} (1 time)*", "canaries: 1 of 1 test let theirs out or had none"])


@pytest.mark.parametrize(
    "leak",
    [
        "print(completion.upper())",
        "print(json.dumps({'c': completion}))",
        "print(base64.b64encode(completion.encode()).decode())",
        "print(base64.b64encode(('x' + completion).encode()).decode())",
        "print(base64.b64encode(('xx' + completion).encode()).decode())",
        "print(completion.encode().hex())",
        "print('\\n'.join(completion))",
        "print(json.dumps('\\n'.join(completion)))",
        "print(''.join('\\x1b[31m' + c for c in completion))",
        "sys.stdout.writelines([completion])",
        "sys.stdout.write(completion[:40]); sys.stdout.write(completion[40:])",
    ],
)
def test_a_canary_is_found_however_it_is_written(project, leak):
    run(project, LEAKING.format(leak)).assert_outcomes(failed=1)


def test_what_holds_the_canary_is_withheld_from_the_report(project):
    result = run(project, LEAKING.format("print('REASONING', completion); assert False, 'own failure'"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*own failure*", "*characters withheld: the canary stands in them*", "*its canary stands in stdout*"]
    )
    result.stdout.no_fnmatch_line("*REASONING*<think>*")


def test_a_canary_is_watched_without_capturing_too(project):
    run(project, LEAKING.format("print(completion)"), "-s").assert_outcomes(failed=1)


def test_streams_loggers_and_warnings_are_put_back(project):
    code = (
        "import sys, logging, warnings\n"
        "BEFORE = logging.getLogRecordFactory(), warnings.showwarning\n"
        f"{QUIET}"
        "def test_after():\n"
        "    assert (logging.getLogRecordFactory(), warnings.showwarning) == BEFORE\n"
        "    assert 'Copy' not in type(sys.stdout).__name__\n"
    )
    run(project, code).assert_outcomes(passed=2)


def test_a_skipped_test_is_no_failure(project):
    run(project, QUIET.replace("    assert len", "    pytest.skip()\n    assert len")).assert_outcomes(skipped=1)


# Runs that have nothing to do with it


ORDINARY = "def test_it(capsys):\n    print('x')\n    assert capsys.readouterr().out == 'x\\n'\n"


def test_a_run_that_does_not_use_it_is_not_changed(project):
    result = run(project, ORDINARY)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*sequester*")


def test_a_run_that_switches_it_off_is_not_changed(project):
    project.makepyfile(test_it=ORDINARY)
    project.runpytest_inprocess("-p", "no:sequester", "-p", f"no:{PLUGIN}").assert_outcomes(passed=1)


HEAVY = ("numpy", "scipy", "pyarrow", "rich", "click", "msgspec", "sequester.findings", "sequester.influence")


def test_loading_it_imports_nothing_heavy(project):
    project.makepyfile(test_it=f"import sys\ndef test_it():\n    assert not set({HEAVY}) & set(sys.modules)\n")
    result = project.runpytest_subprocess("-p", PLUGIN)
    result.assert_outcomes(passed=1)


def test_the_section_counts_every_process_of_a_distributed_run(project):
    project.makepyfile(test_a=QUIET, test_b=LEAKING.format("print(completion)"), test_c=ORDINARY)
    result = project.runpytest_subprocess("-p", "xdist.plugin", "-p", PLUGIN, "-n", "2")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["canaries: 1 of 2 tests let theirs out or had none"])
