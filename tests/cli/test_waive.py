"""`sequester waive`: an exit code is waived, a verdict never."""

from __future__ import annotations

import json
import re

import pytest
from tests.cli.conftest import EXPOSED, QUIET, UNKNOWN

WORDS = ("--reason", "known leak", "--owner", "ada", "--approver", "grace", "--class", "in-conflict", "--workspace", ".sequester")


@pytest.fixture
def found(cli, log):
    """Id of the finding of an audit that was kept."""
    outcome = cli("audit", log(EXPOSED, QUIET), "--workspace", ".sequester", "--out", "json")
    assert outcome.code == 1
    return json.loads(outcome.out)["findings"][0]["id"]


def test_a_waived_finding_stays_in_every_numerator(cli, found, tmp_path):
    waived = cli("waive", found, *WORDS)
    assert (waived.code, waived.out) == (0, "")
    assert "sequester-waivers.toml" in waived.err
    again = cli("audit", "log.jsonl", "--out", "json")
    result = json.loads(again.out)
    assert again.code == 0
    assert (result["verdict"], result["waived"]) == ("exposed", 1)
    assert (result["episodes"]["exposed"], result["reward_calls"]["exposed"]) == (1, 1)
    assert result["findings"][0]["waiver"]["owner"] == "ada"


def test_how_many_findings_an_id_covers_is_said(cli, log):
    twice = EXPOSED | {"reward_calls": EXPOSED["reward_calls"] * 2}
    outcome = cli("audit", log(twice), "--workspace", ".sequester", "--out", "json")
    (name,) = {one["id"] for one in json.loads(outcome.out)["findings"]}
    assert cli("waive", name, *WORDS).err.endswith("; it covers 2 findings of r1\n")
    cli("audit", log(EXPOSED))
    assert cli("waive", name, *WORDS).err.endswith(", renewal 1; it covers 1 finding of r2\n")


def test_nothing_read_says_nothing_of_idle_waivers(cli, log, found, tmp_path):
    cli("waive", found, *WORDS)
    (tmp_path / "log.jsonl").write_text("")
    assert "fit no finding" not in cli("audit", "log.jsonl").out
    log(QUIET, UNKNOWN)
    said = " ".join(cli("audit", "log.jsonl").out.split())
    assert "1 of 1 waivers fit no finding of these inputs" in said
    assert "Keep them until everything could be assessed" in said
    log(QUIET)
    assert "remove them" in cli("audit", "log.jsonl").out


def test_waivers_may_stand_in_a_file_of_another_name(cli, found, tmp_path):
    waived = cli("waive", found, *WORDS, "--file", "ours.toml")
    assert (waived.code, "in ours.toml" in waived.err) == (0, True)
    assert not (tmp_path / "sequester-waivers.toml").exists()
    assert cli("audit", "log.jsonl").code == 1
    assert cli("audit", "log.jsonl", "--waivers", "ours.toml").code == 0


def test_enough_of_the_id_is_enough(cli, found, tmp_path):
    assert cli("waive", found[:6], *WORDS).code == 0
    assert f'fingerprint = "{found}"' in (tmp_path / "sequester-waivers.toml").read_text()
    outcome = cli("waive", "zz", *WORDS)
    assert outcome.code == 2
    assert "no finding has an id that starts with 'zz'" in outcome.err


def test_a_waiver_without_its_finding_is_said(cli, log, found):
    cli("waive", found, *WORDS)
    log(QUIET)
    assert "1 of 1 waivers fit no finding of these inputs" in " ".join(cli("audit", "log.jsonl").out.split())


def test_waiving_again_is_counted_as_a_renewal(cli, found):
    cli("waive", found, *WORDS)
    assert "renewal 1" in cli("waive", found, *WORDS).err


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (("--approver", "Ada"), "the approver is the owner"),
        (("--author", "grace"), "the approver is the author of the run"),
        (("--reason", " "), "reason is empty"),
        (("--days", "91"), "not in the range"),
        (("--class", "harmless"), "is not one of"),
    ],
)
def test_what_is_no_waiver_is_refused_and_nothing_is_written(cli, found, tmp_path, changes, says):
    outcome = cli("waive", found, *WORDS, *changes)
    assert outcome.code == 2
    assert says in outcome.err
    assert not (tmp_path / "sequester-waivers.toml").exists()


def test_without_a_workspace_ids_do_not_last_so_nothing_can_be_waived(cli):
    outcome = cli("waive", "0" * 32, *WORDS[:-2])
    assert outcome.code == 2
    assert "waivers need a workspace" in outcome.err


def test_the_runs_author_cannot_have_approved(cli, found):
    cli("waive", found, *WORDS)
    outcome = cli("audit", "log.jsonl", "--author", "grace")
    assert outcome.code == 2
    assert "the approver is the author of the run" in outcome.err


def test_an_expired_waiver_covers_nothing_and_says_so(cli, found, tmp_path):
    cli("waive", found, *WORDS)
    file = tmp_path / "sequester-waivers.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("since", "until"))]
    file.write_text("\n".join([*lines, "since = 2020-01-01", "until = 2020-02-01", ""]))
    outcome = cli("audit", "log.jsonl")
    assert outcome.code == 1
    assert "expired on 2020-02-01" in " ".join(outcome.out.split())


def test_a_wrong_entry_is_traced_to_its_line(cli, found, tmp_path):
    cli("waive", found, *WORDS)
    file = tmp_path / "sequester-waivers.toml"
    file.write_text(file.read_text() + "\n[[waiver]]\nowner = 3\n")
    assert "sequester-waivers.toml:12:1, waiver 2: " in cli("audit", "log.jsonl").err


def test_a_waiver_file_that_is_not_there_is_an_error_where_it_was_named(cli, found):
    outcome = cli("audit", "log.jsonl", "--waivers", "waivres.toml")
    assert (outcome.code, outcome.out) == (2, "")
    assert "waivres.toml: there is no such waiver file" in outcome.err


def test_a_waiver_that_lacks_its_key_says_so(cli, found, tmp_path):
    assert cli("waive", found, *WORDS).code == 0
    (tmp_path / ".sequester").rename(tmp_path / "elsewhere")
    outcome = cli("audit", "log.jsonl")
    assert outcome.code == 2
    assert "no key is here" in outcome.err
    assert "--workspace DIR" in outcome.err
    assert cli("audit", "log.jsonl", "--workspace", "elsewhere").code == 0


def test_what_lint_finds_is_waived_by_the_id_that_it_prints(cli, tmp_path):
    (tmp_path / "grpo.yaml").write_text("reward_model:\n  overlong_buffer:\n    enable: true\n    len: 4096\n")
    told = cli("lint", "grpo.yaml", "--workspace", ".sequester", "-v").out
    (name,) = re.findall(r"^ +([0-9a-f]{12}) +SQ246", told, re.MULTILINE)
    assert name in cli("show", "r1").out
    assert name not in cli("lint", "grpo.yaml").out
    refused = cli("waive", "abc", *WORDS)
    assert (refused.code, "`sequester show RESULT` the ids of one" in refused.err) == (2, True)
    assert "it is a result of `sequester lint`: `sequester show r1` lists" in cli("show", "r1", "abc").err
    assert cli("waive", name, *WORDS).code == 0
    assert cli("lint", "grpo.yaml").code == 0
    assert "fingerprint_key" not in (tmp_path / "sequester-waivers.toml").read_text()
