"""Bad input, through the command line: named, counted, never a traceback, nothing half-written, and the files beside it audited."""

import contextlib
import gzip
import io
import json
import os
import resource
import shutil
import time
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench.mutations import archive_members
from tests.exposure import cases

from sequester.cli.main import run
from sequester.episodes.readers import jsonlines

DATA = Path(__file__).parent / "data"
SECONDS = 20.0
"""Processor time that any of these may take, on a machine that others use too."""
MEMORY = 1 << 30
"""Growth of resident memory, bytes."""


def audit(folder, *options):
    """Exit code, the result as JSON, and stderr of auditing a folder; checks what holds for every input."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 1 << 20}
    out, err = io.StringIO(), io.StringIO()
    start, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["audit", str(folder), "--out", "json", *options])
    assert time.process_time() - start < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024 < MEMORY
    assert "Traceback" not in err.getvalue()
    assert "internal error" not in err.getvalue()
    assert all(path.read_bytes() == content for path, content in before.items()), "inputs are never written to"
    return code, json.loads(out.getvalue()) if code != 2 else None, err.getvalue()


@pytest.fixture
def folder(tmp_path):
    """A folder with one good file in it, of three episodes."""
    cases.write(tmp_path / "good.jsonl", [cases.episode(number) for number in range(3)])
    return tmp_path


def unread(result, name):
    """The error of the one input that could not be read, which must be this file."""
    (bad,) = [one for one in result["inputs"] if one["error"]]
    assert Path(bad["path"]).name == name
    return bad["error"]


LINE = json.dumps(cases.episode(9)).encode()
PARQUET = (DATA / "map/rollouts.parquet").read_bytes()
EVAL = (DATA / "inspect/clean.eval").read_bytes()
FILES = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n\n", "is empty"),
    "zeros": (b"\0" * 10_000, "no reader recognises"),
    "binary": (bytes(range(256)) * 40, "no reader recognises"),
    "prose": (b"Dear harbour master,\nplease find enclosed\n", "no reader recognises"),
    "utf-16": (LINE.decode().encode("utf-16"), "UTF-16"),
    "utf-32": (LINE.decode().encode("utf-32"), "UTF-16|no reader recognises"),
    "a JSON array": (b"[" + LINE + b"]", "no reader recognises"),
    "unknown keys": (b'{"text": "x", "label": 1}\n', "no reader recognises"),
    "truncated Parquet": (PARQUET[: len(PARQUET) // 2], "footer|truncated|Parquet"),
    "headless Parquet": (b"PAR1" + b"\0" * 100 + PARQUET[-8:], "footer|truncated|Parquet|damaged"),
    "Parquet that claims a huge footer": (PARQUET[:-8] + b"\xff\xff\xff\x7fPAR1", "footer|truncated|Parquet"),
    "truncated zip": (EVAL[: len(EVAL) // 2], "zip|archive|truncated|directory"),
    "damaged gzip": (b"\x1f\x8b\x08\x00" + b"\xff" * 200, "gzip"),
    "damaged zstd": (b"\x28\xb5\x2f\xfd" + b"\xff" * 200, "zstd"),
    "a million brackets": (b"[" * 1_000_000, "no reader recognises"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_named_and_the_other_is_audited(folder, name):
    content, problem = FILES[name]
    (folder / "bad").write_bytes(content)
    code, result, _ = audit(folder)
    assert code == 4
    assert result["verdict"] == "incomplete"
    assert result["episodes"]["audited"] == 3
    assert any(word in unread(result, "bad") for word in problem.split("|"))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_nothing_assessed_alone(tmp_path, name):
    (tmp_path / "bad").write_bytes(FILES[name][0])
    code, result, _ = audit(tmp_path)
    assert code == 3
    assert result["verdict"] == "nothing_assessed"
    assert unread(result, "bad")


DEEP = 1_000_000
LINES = {
    "truncated": (LINE[:100], "malformed"),
    "no JSON": (b"not JSON", "malformed|invalid"),
    "binary": (b"\x80\x81\x82", "UTF-8|malformed|invalid"),
    "not UTF-8": (LINE.replace(b"harbour", b"harb\xffur", 1), "UTF-8"),
    "an array": (b"[1, 2]", "object"),
    "nested deeply": (b'{"columns": {"a": ' + b"[" * DEEP + b"]" * DEEP + b"}}", "nested"),
    "nested deeply in objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested|unknown key"),
    "an unknown key": (json.dumps({**cases.episode(9), "promt": "x"}).encode(), "prompt"),
    "a wrong type": (json.dumps({**cases.episode(9), "step": "three"}).encode(), "step: expected"),
    "a wrong type deep inside": (
        json.dumps(cases.episode(9, {"reward_path": "judge", "score": "x"})).encode(),
        "score: expected",
    ),
    "a missing key": (b'{"episode_id": "e9", "reasoning": "r"}', "prompt"),
    "an empty name": (json.dumps({**cases.episode(9), "episode_id": ""}).encode(), "episode_id"),
    "a huge step": (json.dumps({**cases.episode(9), "step": 2**70}).encode(), "step"),
    "an unknown channel": (
        json.dumps({"episode_id": "e9", "prompt": "p", "segments": [{"turn": 0, "channel": "thoughts", "text": "t"}]}).encode(),
        "channel",
    ),
    "an unknown template": (
        json.dumps({"episode_id": "e9", "prompt": "p", "completion": "c", "template": "qwen9"}).encode(),
        "template",
    ),
    "two forms at once": (json.dumps({**cases.episode(9), "completion": "c"}).encode(), "completion"),
    "an episode again": (json.dumps(cases.episode(0)).encode(), "episode_id|e0|repeat|twice|again"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_names_file_line_and_field_and_the_others_are_audited(folder, name):
    line, problem = LINES[name]
    path = folder / "good.jsonl"
    first, *rest = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join((first, line, *rest)) + b"\n")
    code, result, _ = audit(folder)
    assert code == 4
    assert result["verdict"] == "incomplete"
    assert result["episodes"]["audited"] == 3
    assert sum(result["episodes"]["not_assessed"].values()) == 1
    (skipped,) = result["skipped"]
    assert skipped["source"] == f"{path}:2"
    said = f"{skipped['reason']}: {skipped['cause']}"
    assert any(word in said for word in problem.split("|")), said


def test_a_line_beyond_the_limit_is_not_assessed_and_not_held(folder, monkeypatch):
    monkeypatch.setattr(jsonlines, "MAX_LINE", 1 << 20)
    path = folder / "good.jsonl"
    path.write_bytes(path.read_bytes() + b'{"episode_id": "' + b"x" * (8 << 20) + b'"}\n' + LINE + b"\n")
    code, result, _ = audit(folder)
    assert code == 4
    assert result["episodes"]["not_assessed"] == {"limit": 1}
    assert result["episodes"]["audited"] == 4


def test_lone_surrogates_are_read_and_what_is_around_them_is_still_searched(folder):
    leak = cases.leaky(9)
    line = json.dumps(leak).replace("<think>", "\\ud800<think>").encode()
    (folder / "surrogates.jsonl").write_bytes(line + b"\n")
    code, result, _ = audit(folder)
    assert code == 1
    counts = {"seen": 4, "without_cot": 0, "audited": 4, "exposed": 1, "not_assessed": {}}
    assert result["episodes"] == counts | {"unreadable": 0, "undelimited": 0}


def test_surrogates_in_names_are_printable_in_every_format(tmp_path):
    line = json.dumps({**cases.leaky(9), "environment": "\ud800 harbours", "episode_id": "\udfff"})
    (tmp_path / "run.jsonl").write_text(line + "\n", "ascii")
    outputs = [part for name in ("text", "sarif", "html") for part in ("--out", f"{name}={tmp_path}/report.{name}")]
    code, _, _ = audit(tmp_path, *outputs, "--workspace", str(tmp_path / "ws"))
    assert code == 1


def test_a_nul_in_text_hides_nothing(folder):
    seen = cases.reasoning(9).replace(" ", "\0 ")
    cases.write(folder / "nul.jsonl", [cases.episode(9, cases.call(9, transcript=seen))])
    assert audit(folder)[0] == 1


def test_a_file_of_two_formats_gives_the_records_of_the_other_as_malformed(folder):
    other = (DATA / "verl/v1/1.jsonl").read_bytes().splitlines()
    path = folder / "good.jsonl"
    path.write_bytes(path.read_bytes() + b"\n".join(other) + b"\n")
    code, result, _ = audit(folder)
    assert code == 4
    assert result["episodes"]["audited"] == 3
    assert result["episodes"]["not_assessed"] == {"malformed": len(other)}


def test_a_folder_of_two_formats_is_read_with_a_reader_each(folder):
    (folder / "other.jsonl").write_bytes((DATA / "verl/v1/1.jsonl").read_bytes())
    _, result, _ = audit(folder)
    assert {Path(one["path"]).name: one["format"] for one in result["inputs"]} == {"good.jsonl": "jsonl", "other.jsonl": "verl"}


@pytest.mark.parametrize("packed", ["gzip", "zstd", "gzip twice"])
def test_a_compression_bomb_is_refused_within_bounds(folder, packed):
    block = b" " * (1 << 20)
    if packed == "zstd":
        bomb = pa.compress(block * 600, "zstd", asbytes=True)
    else:
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(deflate.compress(block) for _ in range(600)) + deflate.flush()
        bomb = gzip.compress(bomb) if packed == "gzip twice" else bomb
    (folder / "bomb.jsonl").write_bytes(bomb)
    code, result, _ = audit(folder)
    assert code == 4
    assert result["episodes"]["audited"] == 3
    assert unread(result, "bomb.jsonl")


def test_a_zip_bomb_in_an_inspect_log_is_refused_within_bounds(folder):
    with zipfile.ZipFile(folder / "bomb.eval", "w", zipfile.ZIP_DEFLATED) as bad:
        for name, content in archive_members(EVAL):
            bad.writestr(name, (b" " * (300 << 20) if "author_ai_epoch_1" in name else b"") + content)
    code, result, _ = audit(folder)
    assert code == 4
    assert result["episodes"]["audited"] >= 3
    assert result["verdict"] == "incomplete"


def test_a_bomb_inside_a_reward_input_is_a_limit_and_not_assessed(folder):
    packed = zlib.compress(b"\0" * (100 << 20), 9).hex()
    cases.write(folder / "bomb.jsonl", [cases.episode(9, cases.call(9, attachment=packed))])
    code, result, _ = audit(folder)
    assert code == 4
    assert result["episodes"]["not_assessed"] == {"limit": 1}


def test_a_parquet_file_of_other_columns_is_refused_by_name(folder):
    pq.write_table(pa.table({"text": ["x"], "label": [1]}), folder / "other.parquet")
    code, result, _ = audit(folder)
    assert code == 4
    assert "label" in unread(result, "other.parquet")


def test_a_copy_of_a_file_is_named_and_read_once(folder):
    (folder / "again.jsonl").write_bytes((folder / "good.jsonl").read_bytes())
    (folder / "linked.jsonl").hardlink_to(folder / "good.jsonl")
    code, result, _ = audit(folder)
    assert code == 0
    assert result["episodes"]["seen"] == result["episodes"]["audited"] == 3
    assert sum("the same bytes" in note for note in result["notes"]) == 2


def test_what_lies_beside_a_log_or_in_it_is_read_once_however_often_it_is_given(tmp_path):
    shutil.copytree(DATA / "trl/messages", tmp_path / "run")
    folder = next((tmp_path / "run").rglob("*.parquet")).parent
    cases.write(folder / "beside.jsonl", [cases.episode(1)])
    (folder / "copy.jsonl").write_bytes((folder / "beside.jsonl").read_bytes())
    _, once, _ = audit(folder)
    assert once["episodes"]["seen"] == 25
    part = min(folder.glob("*.parquet"))
    for given in ((folder, folder / "beside.jsonl"), (folder, folder / "copy.jsonl"), (folder, part), (folder, folder)):
        _, result, _ = audit(given[0], str(given[1]))
        assert result["episodes"]["seen"] == 25, given
        assert all(one["rows_read"] == one["rows_declared"] for one in result["inputs"] if one["rows_declared"])


def test_a_damaged_log_beside_a_directory_s_own_is_unread_and_a_document_is_named(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(DATA / "bundle/run", run)
    _, whole, _ = audit(run)
    assert (whole["scope"], whole["notes"]) == ("run", [])
    (run / "cut.jsonl").write_bytes(LINE[:40])
    (run / "notes.txt").write_text("which run this was")
    _, result, _ = audit(run)
    assert result["scope"] == "files_given"
    assert "no reader recognises" in unread(result, "cut.jsonl")
    assert [note for note in result["notes"] if "beside the log" in note] == [
        f"{run}: 1 file(s) beside the log were not read, because no reader knows them: notes.txt."
    ]


@pytest.mark.parametrize("own", ["verl/v1/1.jsonl", "trl/messages", "verifiers/judged", "bundle/run"])
def test_subfolders_of_a_directory_that_a_reader_takes_are_read_or_listed(tmp_path, own):
    run = tmp_path / "run"
    if (DATA / own).is_dir():
        shutil.copytree(DATA / own, run)
    else:
        run.mkdir()
        shutil.copy(DATA / own, run)
    _, alone, _ = audit(run)
    for name in ("val/10.jsonl", ".cache/hidden.jsonl"):
        (run / name).parent.mkdir()
        cases.write(run / name, [cases.leaky(9)])
    (run / "val/deep").mkdir()
    shutil.copy(DATA / "map/rollouts.parquet", run / "val/deep/table.parquet")
    (run / "val/deep/notes.txt").write_text("which run this was")
    (run / "val/again").mkdir()
    part = min(path for path in run.rglob("*") if path.suffix in (".jsonl", ".parquet") and "val" not in path.parts)
    if own != "bundle/run":
        shutil.copy(part, run / "val/again")
    _, result, _ = audit(run)
    assert result["episodes"]["seen"] == alone["episodes"]["seen"] + 1
    assert any(Path(one["path"]).name == "10.jsonl" and one["rows_read"] == 1 for one in result["inputs"])
    assert "no reader recognises" in unread(result, "table.parquet")
    assert any("val/deep/notes.txt" in note for note in result["notes"])
    assert any("hidden" in note and ".cache" in note for note in result["notes"])


def test_a_subfolder_given_too_is_read_once(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(DATA / "verl/v1", run)
    _, alone, _ = audit(run)
    shutil.copytree(DATA / "trl/messages", run / "more")
    _, once, _ = audit(run)
    assert once["episodes"]["seen"] > alone["episodes"]["seen"]
    for further in (run / "more", next((run / "more").rglob("*.parquet"))):
        _, twice, _ = audit(run, str(further))
        assert twice["episodes"] == once["episodes"]


def test_two_ranks_may_use_the_same_episode_ids(folder):
    cases.write(folder / "rank1.jsonl", [{**cases.episode(number), "answer": f"Another {number}"} for number in range(3)])
    _, result, _ = audit(folder)
    assert result["episodes"]["seen"] == result["episodes"]["audited"] == 6


def test_a_missing_path_is_a_usage_error_that_names_it(tmp_path):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["audit", str(tmp_path / "absent")])
    assert code == 2
    assert "absent" in err.getvalue()
    assert out.getvalue() == ""


def test_a_link_that_leads_round_in_circles_stops_nothing(folder):
    (folder / "loop").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    code, result, _ = audit(folder)
    assert code in (0, 4)
    assert result["episodes"]["audited"] == 3


def test_a_link_that_leads_nowhere_or_out_of_the_folder_is_named(folder):
    other = folder.parent / "other"
    other.mkdir()
    for name, target in (("nowhere.jsonl", folder / "gone"), ("out", other)):
        (folder / name).symlink_to(target)
        code, result, _ = audit(folder)
        assert code == 4
        assert result["verdict"] == "incomplete"
        assert any(words in unread(result, name) for words in ("No such file", "link to something outside"))
        (folder / name).unlink()


def test_a_folder_that_cannot_be_listed_is_named(folder, monkeypatch):
    locked = folder / "locked"
    locked.mkdir()
    listed = os.scandir

    def scandir(path):
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr("os.scandir", scandir)
    code, result, _ = audit(folder)
    assert code == 4
    assert "Permission denied" in unread(result, "locked")


def test_a_report_is_written_whole_or_not_at_all(folder):
    report = folder / "reports" / "report.html"
    err = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        code = run(["audit", str(folder / "good.jsonl"), "--out", f"html={report}"])
    assert code == 2
    assert "report.html" in err.getvalue()
    assert not report.parent.exists()
    report.parent.mkdir()
    report.write_text("the old report", "utf-8")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run(["audit", str(folder / "good.jsonl"), "--out", "text=" + str(folder / "good.jsonl")]) == 2
    assert report.read_text("utf-8") == "the old report"
    assert sorted(path.name for path in folder.iterdir()) == ["good.jsonl", "reports"]
