"""`sequester lint` from the command line: exit codes, formats, and what is never called a pass."""

import json
from pathlib import Path

import pytest

LEAKY = "reward_model:\n  overlong_buffer:\n    enable: true\n    len: 4096\n"
QUIET = "grpo:\n  num_generations: 8\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="configs/grpo.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_nothing_to_lint_is_no_pass(cli):
    outcome = cli("lint")
    assert outcome.code == 3
    assert outcome.out.startswith("NOTHING ASSESSED\n")


def test_a_file_that_holds_nothing_to_lint_is_no_pass_either(cli, file):
    path = file("# Hello\n", "README.md")
    assert cli("lint", path).code == 3
    assert cli("lint", path, "--fail-on", "high").code == 3


def test_a_hook_may_be_handed_such_files(cli, file):
    outcome = cli("lint", "--allow-nothing", file("# Hello\n", "README.md"))
    assert outcome.code == 0
    assert outcome.out.startswith("NOTHING ASSESSED\n")
    assert "none found" not in outcome.out.lower()


def test_what_a_hook_cannot_read_is_still_incomplete(cli, file):
    assert cli("lint", "--allow-nothing", file("reward: [\n")).code == 4
    assert cli("lint", file("reward: [\n")).code == 3


def test_findings_exit_1_and_name_their_line(cli, file):
    file(LEAKY)
    outcome = cli("lint")
    assert outcome.code == 1
    assert "configs/grpo.yaml:3:5: SQ246 medium: reward_model.overlong_buffer.enable: " in outcome.out
    assert (
        outcome.out.rstrip()
        .splitlines()[-1]
        .startswith("FOUND: 1 finding (0 high, 1 medium, 0 low), 0 waived; 1 file seen, 1 linted")
    )


def test_the_threshold(cli, file):
    assert cli("lint", file(LEAKY), "--fail-on", "high").code == 0


def test_none_found_has_its_denominators(cli, file):
    outcome = cli("lint", file(QUIET))
    assert outcome.code == 0
    assert outcome.out.startswith("NONE FOUND\nNo rule matched in 1 configuration.")


def test_a_broken_file_is_named_and_exits_4_unless_that_is_allowed(cli, file):
    file(QUIET)
    file("reward:\n  - [\n", "broken.yaml")
    outcome = cli("lint")
    assert outcome.code == 4
    assert "broken.yaml:3: not assessed: syntax_error" in outcome.out
    assert cli("lint", "--allow-unassessed", "0.5").code == 0
    assert cli("lint", "--allow-unassessed", "syntax_error=0.5").code == 0
    assert cli("lint", "--allow-unassessed", "not_utf8=0.5").code == 4
    assert cli("lint", "--allow-unassessed", "split_failed=0.5").code == 2


def test_a_comment_with_a_reason_waives(cli, file):
    waived = LEAKY.replace("true", "true  # noqa: SQ246 -- declared in the run card")
    outcome = cli("lint", file(waived))
    assert outcome.code == 0
    assert outcome.out.startswith("FOUND\n")
    assert "1 waived" in outcome.out
    assert "by noqa: declared in the run card" in " ".join(outcome.out.split())


def test_a_comment_without_a_reason_waives_nothing(cli, file):
    outcome = cli("lint", file(LEAKY.replace("true", "true  # noqa: SQ246")))
    assert outcome.code == 1
    assert "a noqa without a reason waives nothing" in " ".join(outcome.out.split())


def test_a_page_about_such_comments_is_not_told_that_they_match_nothing(cli, file):
    file(QUIET)
    file("Write `# noqa: SQ246 -- reason`.\n", "howto.md")
    assert "noqa" not in cli("lint").out


def test_several_reports_in_one_run(cli, file, tmp_path):
    path = file(LEAKY)
    outputs = [argument for name in ("json", "sarif", "md", "html") for argument in ("--out", f"{name}={tmp_path / f'r.{name}'}")]
    outcome = cli("lint", path, *outputs, "--no-color")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "FOUND: 1 finding" in outcome.err
    assert json.loads((tmp_path / "r.json").read_text())["findings"][0]["rule"] == "SQ246"
    assert json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "SQ246"
    assert "SQ246" in (tmp_path / "r.md").read_text()
    assert "SQ246" in (tmp_path / "r.html").read_text()


def test_quiet_says_results_only(cli, file):
    path = file(LEAKY)
    assert cli("lint", path, "-q", "--out", "json=r.json").err == ""
    assert cli("lint", path, "--quiet").out


def test_verbose_lists_everything(cli, file):
    path = file("reward_funcs:\n" + "- format\n" * 60)
    assert "more; all of them: -v" in cli("lint", path).out
    assert cli("lint", path, "-v").out.count("SQ247 medium") == 60


def test_a_report_never_replaces_what_is_linted(cli, file):
    path = file(LEAKY)
    assert cli("lint", path, "--out", f"sarif={path}").code == 2
    assert path.read_text() == LEAKY


def test_a_path_that_does_not_exist(cli):
    outcome = cli("lint", "absent")
    assert outcome.code == 2
    assert "no such file or directory" in outcome.err


def test_settings_from_a_file(cli, file):
    path = file(LEAKY)
    settings = file('[lint]\nfail-on = "high"\n', "own.toml")
    assert cli("lint", path, "--config", settings).code == 0
    assert cli("lint", path, "--config", settings, "--fail-on", "low").code == 1
    assert cli("lint", path, "--config", file("[lint]\nfail = 1\n", "own.toml")).code == 2


@pytest.mark.parametrize(
    "content",
    [b"reward: \xff\xfe\n", b"reward: '\x00'\n", b"reward: " + b"[" * 100_000, b"reward: &a [*a]\n", b"\xef\xbb\xbfreward: {\n"],
)
def test_hostile_files_are_counted_and_named(cli, file, content):
    file(QUIET)
    file(content, "hostile.yaml")
    outcome = cli("lint")
    assert outcome.code == 4
    assert "hostile.yaml:" in outcome.out
    assert "Traceback" not in outcome.err


def test_names_from_files_cannot_steer_a_terminal(cli, file):
    file(LEAKY.replace("reward_model", '"reward\\e[31m_model"'), "x\x1b[31m.yaml")
    assert "\x1b" not in cli("lint").out


def test_the_example_of_the_docs(cli, file):
    page = (Path(__file__).parents[2] / "docs" / "howto-lint.md").read_text()
    assert 'external = ["SQ"]' in page
    assert "--allow-nothing" in page
