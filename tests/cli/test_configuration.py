"""Where settings come from, and what is wrong with them."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import QUIET, UNKNOWN


@pytest.fixture
def settings(tmp_path):
    """Writes a `sequester.toml`, or another file of settings."""

    def write(text, name="sequester.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        return name

    return write


def test_flag_beats_environment_beats_file_beats_default(cli, log, settings, monkeypatch):
    path = log(QUIET, UNKNOWN)
    assert cli("audit", path).code == 4
    settings("[audit]\nallow-unassessed = [0.5]\n")
    assert cli("audit", path).code == 0
    monkeypatch.setenv("SEQUESTER_AUDIT_ALLOW_UNASSESSED", "0.1")
    assert cli("audit", path).code == 4
    assert cli("audit", path, "--allow-unassessed", "0.5").code == 0


def test_pyproject_holds_the_same_tables(cli, log, settings):
    settings("[project]\nname = 'x'\n[tool.sequester.audit]\nallow-unassessed = 'input_not_logged=0.5'\n", "pyproject.toml")
    assert cli("audit", log(QUIET, UNKNOWN)).code == 0


def test_the_nearest_file_upwards_is_in_force(cli, log, settings, tmp_path, monkeypatch):
    settings("[audit]\nout = 'json'\n")
    path = log(QUIET)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")
    assert json.loads(cli("audit", path).out)["verdict"] == "none_found"
    settings("[audit]\nout = 'text'\n", "deep/sequester.toml")
    assert "\nNONE FOUND\n" in cli("audit", path).out


def test_a_file_can_be_named_by_flag_or_variable(cli, log, settings, monkeypatch):
    other = settings("[audit]\nout = ['json']\n", "other.toml")
    assert cli("audit", log(QUIET), "--config", other).out.startswith("{")
    monkeypatch.setenv("SEQUESTER_CONFIG", other)
    assert cli("audit", "log.jsonl").out.startswith("{")


def test_paths_in_the_file_are_relative_to_it(cli, log, settings, tmp_path, monkeypatch):
    settings("[audit]\nworkspace = 'kept'\n")
    path = log(QUIET)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    cli("audit", path)
    assert (tmp_path / "kept" / "results.sqlite").exists()


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("[audit]\nfail_on = 'high'\n", "unknown key 'fail_on'", "did you mean 'fail-on'?"),
        ("[audit]\nfail-no = 'high'\n", "unknown key 'fail-no'", "did you mean 'fail-on'?"),
        ("[audti]\nfail-on = 'high'\n", "unknown table 'audti'", "did you mean 'audit'?"),
        ("fail-on = 'high'\n", "sequester.toml:1:1: the key 'fail-on' stands in no table", "put it under [audit]"),
        (
            "owner = 'ada'\n",
            "the key 'owner' stands in no table",
            "tables: [audit], [swap], [lint], [show], [waive], [calibrate]",
        ),
        ("[audit]\nallow-unassessed = 2\n", "sequester.toml:2:1: [audit] allow-unassessed: 2: a share lies", "written 0.05"),
        (
            "[audit]\nallow-unassessed = ['0.1', 'x=1']\n",
            "sequester.toml:2:1: [audit] allow-unassessed: x=1: unknown reason",
            "known:",
        ),
        ("[audit]\nconfig = 'x'\n", "unknown key 'config'", ""),
        ("[audit]\nhelp = true\n", "unknown key 'help'", ""),
        ("audit = 3\n", "must be a table", "[audit]"),
        ("[audit]\nfail-on = 'highest'\n", "'highest' is not one of", ""),
        ("[audit]\nfail-on = ['high']\n", "cannot be a list", ""),
        ("[audit]\nout = [{a = 1}]\n", "cannot be a list", ""),
        ("[audit]\njobs = 'many'\n", "'many' is not a valid integer.", ""),
        ("[audit\n", "cannot be read as TOML", ""),
        ('a = "\\ud800"\n', "cannot be read as TOML", ""),
    ],
)
def test_what_is_wrong_with_the_file_is_said_and_nothing_is_audited(cli, log, settings, text, says, hint):
    settings(text)
    outcome = cli("audit", log(QUIET))
    assert outcome.code == 2
    assert outcome.out == ""
    assert says in outcome.err
    assert hint in outcome.err


def test_a_setting_of_another_verb_is_no_error(cli, log, settings):
    settings("[waive]\nowner = 'ada'\n[audit]\nout = 'json'\n")
    assert cli("audit", log(QUIET)).code == 0


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("SEQUESTER_AUDIT_FAILON", "low", "did you mean SEQUESTER_AUDIT_FAIL_ON?"),
        ("SEQUESTER_FAIL_ON", "low", "_FAIL_ON?"),
        ("SEQUESTER_AUDIT_ZZZZZZZZZZZZ", "1", "the flag"),
        ("SEQUESTER_KERNL", "python", "did you mean SEQUESTER_KERNEL?"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_the_nearest(cli, log, monkeypatch, name, value, hint):
    monkeypatch.setenv(name, value)
    outcome = cli("audit", log(QUIET))
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{name}: unknown environment variable" in outcome.err
    assert hint in outcome.err
    assert f"BROKEN: {name}" in cli("doctor").out


def test_a_variable_of_something_else_is_only_said(cli, log, monkeypatch):
    monkeypatch.setenv("SEQUESTER_SERVICE_HOST", "10.0.0.1")
    outcome = cli("audit", log(QUIET))
    assert outcome.code == 0
    assert "SEQUESTER_SERVICE_HOST sets nothing" in outcome.err


def test_the_name_of_a_variable_is_that_of_the_flag(cli, log, monkeypatch):
    monkeypatch.setenv("SEQUESTER_AUDIT_FORMAT", "nonsense")
    assert "unknown format 'nonsense'" in cli("audit", log(QUIET)).err


def test_a_value_that_cannot_be_is_traced_to_its_file_or_variable(cli, log, settings, monkeypatch):
    settings("[audit]\nfail-on = 'highest'\n")
    assert "sequester.toml:2:1: [audit] fail-on: 'highest' is not one of" in cli("audit", log(QUIET)).err
    settings("")
    monkeypatch.setenv("SEQUESTER_AUDIT_JOBS", "many")
    assert "SEQUESTER_AUDIT_JOBS: 'many' is not a valid" in cli("audit", "log.jsonl").err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[episode]\nprompt = "p"\nanser = "a"\n', "m.toml:3:1: episode.anser: unknown key 'anser' (did you mean 'answer'?)"),
        ('[episode]\nanswer = "a"\nprompt = "p["\n', "m.toml:3:1: episode.prompt: 'p[' is no path"),
        ('[episode]\nprompt = "p"\nanswer = "a"\n[[reward_call]]\npath = "x"\nscore = 3\n', "m.toml:6:1: reward_call[0].score: "),
        ("a = 1\n", "m.toml:1:1: a: unknown key 'a'"),
        (
            '[episode]\nprompt = "p"\nanswer = "a"\n[[reward_call]]\npath = "x"\ntemplate = "qwen3"\n',
            "m.toml:6:1: reward_call[0].template: unknown key 'template' in this place: it belongs in [episode]",
        ),
        ('[episode]\nscore = "p"\n', "unknown key 'score' in this place: it belongs in [[reward_call]]"),
        ("", "m.toml: the key 'episode' is missing"),
        ("[episode\n", "m.toml:1:9: cannot be read as TOML"),
        ('[episode]\nprompt = "p"\nanswer = "a"\nstep = { value = nan }\n', "m.toml:4:1: episode.step: a constant must be"),
    ],
)
def test_what_is_wrong_with_a_map_is_traced_to_its_line(cli, log, settings, text, says):
    outcome = cli("audit", log(QUIET), "--map", settings(text, "m.toml"))
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
