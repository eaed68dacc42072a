"""`sequester lint` from the command line: exit codes, formats, and what is never called a pass."""

import json
from datetime import date, timedelta
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
    assert outcome.out.startswith("NONE FOUND\nNo rule matched in 1 configuration; no reward function was recognised")


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


WORDS = ("--reason", "in the run card", "--owner", "ada", "--approver", "grace", "--class", "orthogonal")
ENTRY = """
[[waiver]]
{target}
class = "orthogonal"
reason = "in the run card"
owner = "ada"
approver = "grace"
since = {since}
until = {until}
"""


def in_file(file, target, since=None, days=30):
    """A waiver file made by hand, under a key that nobody here has."""
    since = since or date.today()
    entry = ENTRY.format(target=target, since=since, until=since + timedelta(days=days))
    return file('fingerprint_key = "fk-0123456789ab"\n' + entry, "sequester-waivers.toml")


def test_a_result_is_stored_shown_and_waived_as_those_of_other_verbs(cli, file):
    path = file(LEAKY)
    outcome = cli("lint", path, "--workspace", ".sequester", "--out", "json")
    assert outcome.code == 1
    assert "stored as r1 in .sequester; to look at a finding: sequester show r1 ID" in outcome.err
    (finding,) = json.loads(outcome.out)["findings"]
    assert "SQ246" in cli("show", "r1", finding["id"][:6]).out
    assert cli("waive", finding["id"][:6], *WORDS).code == 0
    again = cli("lint", path)
    assert again.code == 0
    assert again.out.startswith("FOUND\n")
    assert "1 waived" in again.out
    assert "by ada until " in " ".join(again.out.split())


def test_nothing_is_stored_without_a_workspace(cli, file, tmp_path):
    assert "stored" not in cli("lint", file(LEAKY)).err
    assert not (tmp_path / ".sequester").exists()


def test_a_waiver_needs_no_key_because_the_id_is_made_without_one(cli, file, tmp_path):
    path = file(LEAKY)
    (finding,) = json.loads(cli("lint", path, "--out", "json").out)["findings"]
    in_file(file, f'fingerprint = "{finding["id"]}"')
    assert cli("lint", path).code == 0
    assert cli("lint", path, "--workspace", "else/where").code == 1  # another project, and no file beside it
    assert cli("lint", path, "--workspace", "else/where", "--waivers", "sequester-waivers.toml").code == 0
    assert cli("lint", path, "--waivers", "absent.toml").code == 2
    assert cli("lint", path, "--author", "grace").code == 2
    (tmp_path / "sequester-waivers.toml").write_text("[[waiver]]\n")
    assert cli("lint", path).code == 2


def test_an_expired_waiver_covers_nothing_and_says_so(cli, file):
    path = file(LEAKY)
    (finding,) = json.loads(cli("lint", path, "--out", "json").out)["findings"]
    in_file(file, f'fingerprint = "{finding["id"]}"', date(2026, 1, 1))
    outcome = cli("lint", path)
    assert outcome.code == 1
    assert "expired on 2026-01-31: 1 finding(s) count as unwaived" in " ".join(outcome.out.split())


def test_a_declared_length_signal_is_waived_by_its_key_and_nothing_else_is(cli, file):
    path = file("reward_model:\n  overlong_buffer:\n    enable: true\n  judge:\n    include_hidden_reasoning: true\n")
    in_file(file, 'reward_path = "reward_model.overlong_buffer.enable"')
    found = json.loads(cli("lint", path, "--out", "json").out)["findings"]
    assert {one["rule"]: one["waiver"] is not None for one in found} == {"SQ246": True, "SQ241": False}
    in_file(file, 'reward_path = "reward_model.judge.include_hidden_reasoning"')
    found = json.loads(cli("lint", path, "--out", "json").out)["findings"]
    assert not any(one["waiver"] for one in found)


def test_a_comment_and_a_waiver_hold_side_by_side(cli, file):
    noted = LEAKY.replace("true", "true  # noqa: SQ246 -- declared") + "  soft_overlong:\n    enable: true\n"
    in_file(file, 'reward_path = "reward_model.soft_overlong.enable"')
    found = json.loads(cli("lint", file(noted), "--out", "json").out)["findings"]
    assert [one["waiver"]["owner"] for one in found] == ["noqa", "ada"]


def test_waivers_of_other_verbs_say_nothing_here(cli, file):
    in_file(file, f'fingerprint = "{"0" * 32}"')
    outcome = cli("lint", file(QUIET))
    assert outcome.code == 0
    assert "fit no finding" not in outcome.out


def test_what_would_accept_the_rest_is_said(cli, file):
    file(QUIET)
    file("reward:\n  - [\n", "broken.yaml")
    said = cli("lint").err.splitlines()[-1]
    assert said == "to accept what is not assessed: --allow-unassessed syntax_error=0.5"
    assert cli("lint", *said.split()[-2:]).code == 0


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


def test_verbose_names_the_files_without_anything_to_lint(cli, file):
    code, data = file("x = 1\n", "tools/plain.py"), file("a: 1\n", "tools/other.yaml")
    short = cli("lint", code.parent)
    assert "read and hold nothing that a rule speaks of: `-v`" in short.out
    assert "plain.py" not in short.out
    long = cli("lint", code.parent, "-v", "--out", "text", "--out", "md=r.md", "--out", "json=r.json").out
    assert long.index(code.as_posix()) < long.index(data.as_posix())
    assert json.loads(Path("r.json").read_text())["without_subject"] == [code.as_posix(), data.as_posix()]
    assert "plain.py" not in Path("r.md").read_text()


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
