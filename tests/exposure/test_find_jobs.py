"""What of a folder is an input: logs, and whatever may be a damaged one; documents and settings are named and not read."""

import pytest
from tests.exposure.cases import audited, episode, write
from tests.growth import assert_linear

from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.registry import load_readers
from sequester.exposure.inputs import Formats, find_jobs
from sequester.findings.model import Verdict

READERS = load_readers()


def found(folder, **formats):
    return {str(job.path.relative_to(folder)): job for job in find_jobs([folder], Formats(READERS, **formats))}


def test_an_empty_folder_is_an_input_that_could_not_be_read(tmp_path):
    (job,) = find_jobs([tmp_path], Formats(READERS))
    assert (job.reader, job.error) == (None, "is a directory without files")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sequester.toml", '[audit]\nfail-on = "medium"\n'),
        ("pyproject.toml", "[[tool]]\nname = 1\n"),
        ("list.toml", '{"prompt": "p"}\n'),
        ("setup.cfg", "[metadata]\nname = x\n"),
        ("README.md", "[![build](badge)](link)\n"),
        ("page.html", "{% extends 'base' %}\n"),
        ("list.yaml", "[a, b]\n"),
        ("notes.rst", "Notes.\n"),
    ],
)
def test_documents_are_named_and_not_read(tmp_path, name, text):
    write(tmp_path / "log.jsonl", [episode(0)])
    (tmp_path / name).write_text(text)
    result = audited(tmp_path)
    assert (result.verdict, len(result.inputs)) == (Verdict.NONE_FOUND, 1)
    assert any(name in note and "were not read" in note for note in result.notes)


@pytest.mark.parametrize("text", ['[{"prompt": "p"}]', '{"prompt": "p"}\n', '[[{"prompt": 1', "\ufeff [ {}]", "\0\1\2"])
def test_what_may_be_a_log_is_no_document_whatever_its_name(tmp_path, text):
    write(tmp_path / "log.jsonl", [episode(0)])
    (tmp_path / "log.md").write_text(text)
    assert "log.md" in found(tmp_path)


def test_a_folder_of_documents_alone_is_not_passed_over(tmp_path):
    (tmp_path / "notes.md").write_text("Notes.\n")
    assert found(tmp_path)["notes.md"].error


def test_the_settings_in_force_are_no_inputs_whatever_their_names(tmp_path):
    write(tmp_path / "log.jsonl", [episode(0)])
    for name in ("map.txt", "own.conf"):
        (tmp_path / name).write_text("[episode]\n")
    assert set(found(tmp_path)) == {"log.jsonl", "map.txt", "own.conf"}
    jobs = found(tmp_path, settings=[tmp_path / "map.txt", tmp_path / "sub" / ".." / "own.conf"])
    assert set(jobs) == {"log.jsonl"}
    assert "map.txt, own.conf" in jobs["log.jsonl"].notes[0]


@pytest.mark.parametrize("magic", [b"PAR1", b"PK\x03\x04"])
@pytest.mark.parametrize("name", ["verl", "jsonl", "verifiers"])
def test_a_named_format_of_lines_is_not_that_of_a_binary_file(tmp_path, magic, name):
    log = tmp_path / "log.jsonl"
    log.write_bytes(magic + b"\n\x01\x02\n" * 50)
    result = audited(log, format=name)
    assert result.verdict is Verdict.NOTHING_ASSESSED
    assert (result.episodes.seen, result.inputs[0].rows_read) == (0, 0)
    assert result.inputs[0].error


def test_the_time_for_a_folder_grows_with_its_files(tmp_path):
    text = (write(tmp_path / "one.jsonl", [episode(0)])).read_text()

    def folder(size):
        made = tmp_path / str(size)
        if not made.exists():
            made.mkdir()
            for number in range(size):
                (made / f"a{number}.py").write_text("x = 1\n")
                (made / f"l{number}.jsonl").write_text(f"{text}\n" + "\n" * number)
        return made

    for size in (100, 1600):
        folder(size)
    assert_linear(lambda size: find_jobs([folder(size)], Formats(READERS, Options())), 1600)
