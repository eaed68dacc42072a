"""`--out`: what is asked for, whether it has a place, and where it goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.report.results import result

from sequester.cli.output import Request, check_places, emit, parse_out
from sequester.errors import UsageError
from sequester.findings.model import Result
from sequester.report.formats import REPORTS


def test_nothing_asked_for_needs_no_place(capsys):
    check_places([])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "--out : no such format"),
        ("=x", "--out : no such format"),
        ("JSON", "no such format"),
        ("xml=a", "no such format"),
        ("json=", "the file name is empty"),
    ],
)
def test_what_names_no_format_or_no_file_is_refused(value, says):
    with pytest.raises(UsageError, match=says) as caught:
        parse_out(value, Result)
    assert "json" in caught.value.hint


@pytest.mark.parametrize("name", REPORTS[Result].formats)
def test_a_format_goes_to_stdout_or_to_a_file(name):
    assert parse_out(name, Result) == Request(name, None)
    assert parse_out(f"{name}=a=b.out", Result) == Request(name, Path("a=b.out"))


def test_two_reports_with_one_place_are_refused_however_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="two reports would go to"):
        check_places([Request("json", Path("r")), Request("html", tmp_path / "." / "r")])
    (tmp_path / "r").touch()
    (tmp_path / "link").symlink_to("r")
    with pytest.raises(UsageError, match="two reports would go to"):
        check_places([Request("json", Path("r")), Request("html", Path("link"))])
    check_places([Request("json", Path("r")), Request("html", Path("q"))])


def test_a_device_takes_several_reports():
    check_places([Request("json", Path(os.devnull)), Request("html", Path(os.devnull))])


@pytest.mark.parametrize(("stdout", "warned"), [(0, False), (1, False), (2, True)])
def test_only_several_reports_on_stdout_are_pointed_out(stdout, warned, tmp_path, capsys):
    check_places([*[Request("json", None)] * stdout, Request("html", tmp_path / "a"), Request("sarif", tmp_path / "b")])
    assert ("several reports" in capsys.readouterr().err) is warned


def test_checking_makes_nothing(tmp_path):
    check_places([Request("json", tmp_path / "a")])
    with pytest.raises(UsageError, match="there is no folder") as caught:
        check_places([Request("json", tmp_path / "no" / "a")])
    assert caught.value.hint == f"mkdir -p {tmp_path / 'no'}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("quiet", [False, True])
def test_the_line_of_counts_is_said_where_no_report_is_on_stdout(tmp_path, capsys, quiet):
    emit(result(), [Request("json", tmp_path / "a.json")], verbose=False, color=False, quiet=quiet)
    out, err = capsys.readouterr()
    assert out == ""
    assert (err == "") is quiet
    assert quiet or err.splitlines()[-1].startswith("NOTHING ASSESSED: ")
    emit(result(), [Request("json", None)], verbose=False, color=False, quiet=quiet)
    out, err = capsys.readouterr()
    assert out == (tmp_path / "a.json").read_text()
    assert err == ""
