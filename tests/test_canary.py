"""A canary in every place where an episode can hold text appears in no output, message, exception or stored byte, unless revealed."""

import base64
import contextlib
import io
import json
import logging
import traceback
from pathlib import Path

import pytest
from tests.exposure import cases

from sequester.cli.main import run
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Episode, Skipped
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.registry import load_readers, recognise
from sequester.errors import SequesterError
from sequester.exposure.matching import normalise
from sequester.findings.store import ResultStore
from sequester.findings.workspace import Workspace

CANARY = cases.words("canary", 60)
DATA = Path(__file__).parent / "data"
WINDOW = 24
BROKEN = {"episode_id": "broken", "prompt": "p", "reasoning": "r", "answer": "a"}
NAMES = ("environment", "group", "model")
"""Keys whose values are names, which reports print."""
INPUTS = [
    *sorted((DATA / "jsonl").glob("*.jsonl")),
    *sorted(path for name in ("trl", "verl", "verifiers") for path in (DATA / name).iterdir() if path.is_dir()),
    *sorted((DATA / "inspect").glob("*.eval")),
    DATA / "bundle" / "run",
]


def forms(text):
    """Pieces of a text as they could slip out: raw, normalised, in hex, and in base64 at any alignment."""
    pieces = [text[at : at + WINDOW] for at in range(0, max(1, len(text) - WINDOW), 3)]
    for piece in pieces:
        data = piece.encode("utf-8", "replace")
        yield piece
        yield data.hex()
        if len(data) < 18:
            continue  # too few characters of base64 to mean anything
        yield from (
            base64.b64encode(b"." * shift + data + b"..").decode()[4 : 4 + 4 * (len(data) // 3 - 2)] for shift in range(3)
        )


def shown(output, *texts):
    """The texts of which a piece stands in some output, as bytes or text."""
    raw = output if isinstance(output, str) else output.decode("latin-1")
    folded = normalise(raw).decode("utf-8", "replace")
    return [
        text
        for text in texts
        if any(form in raw for form in forms(text))
        or any(form in folded for form in forms(normalise(text).decode("utf-8", "replace")))
    ]


def command(*arguments):
    """Exit code, stdout and stderr of one command line."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(one) for one in arguments])
    return code, out.getvalue(), err.getvalue()


def planted():
    """An episode with the canary in every channel, wrapping and value, one that the scorer saw, and one of several turns."""
    seen = cases.call(
        1,
        transcript=CANARY,
        wrapped=base64.b64encode(CANARY.encode()).decode(),
        codes=list(CANARY.encode()),
        nested=[{"a": [CANARY]}],
    )
    pieces = [
        {"turn": 0, "channel": "prompt", "text": f"prompt {CANARY[:150]}"},
        {"turn": 0, "channel": "reasoning", "text": CANARY},
        {"turn": 0, "channel": "tool_call", "text": f"write {CANARY}"},
        {"turn": 0, "channel": "tool_result", "text": f"wrote {CANARY}"},
        {"turn": 1, "channel": "reasoning", "text": f"again {CANARY}"},
        {"turn": 1, "channel": "answer", "text": f"answer {CANARY[:100]}"},
    ]
    return [
        cases.episode(1, seen, reasoning=CANARY),
        cases.episode(2, seen, prompt=CANARY, answer=CANARY, tool_results=[CANARY], columns={"truth": CANARY}, model="m"),
        cases.episode(3, seen, reasoning=None, answer=None, segments=pieces),
        cases.episode(4, seen, reasoning=None, answer=None, completion=f"<think>{CANARY}</think>{CANARY}", template="qwen3"),
        cases.episode(
            5, seen, reasoning=None, answer=None, completion=[{"role": "assistant", "reasoning": CANARY, "content": CANARY}]
        ),
        cases.episode(6, seen, reasoning=None, answer=None, completion=CANARY),
        cases.episode(7, seen, answer=f"<think>{CANARY}</think>"),
    ]


def malformed():
    """Lines that are wrong where the canary stands, or just before or after it."""
    for key in (
        *("environment", "step", "group", "prompt", "reasoning", "answer", "completion", "template", "segments", "tool_results"),
        *("columns", "completion_ids", "weight", "model", "sample", "visibility", "reward_calls"),
    ):
        for value in (CANARY, [CANARY], {"x": CANARY}, [{"channel": CANARY, "turn": 0, "text": CANARY}], [[CANARY]], 10**400):
            if not (key in NAMES and value is CANARY):
                yield json.dumps({**BROKEN, "episode_id": f"{key} {type(value).__name__}", key: value}).encode()
    line = json.dumps({**BROKEN, "reasoning": CANARY}).encode()
    yield line[: line.index(CANARY.encode()) + 50]
    yield line.replace(CANARY.encode()[40:41], b"\xff", 1)
    yield line.replace(CANARY.encode()[40:41], b"\\q", 1)
    yield line[:-1] + b', "reward_calls": [{"reward_path": "judge", "inputs": "' + CANARY.encode() + b'"}]}'
    yield CANARY.encode()
    yield json.dumps([CANARY]).encode()
    yield b'{"a": ' * 100_000 + CANARY.encode()


def test_the_search_for_a_canary_finds_one_in_every_form():
    assert not shown("", CANARY)
    assert not shown(cases.words("another", 60), CANARY)
    for form in (CANARY[30:90], CANARY.encode()[30:90].hex(), CANARY.upper(), repr(list(CANARY[:90].split()))):
        assert shown(form, CANARY)
    for shift in range(3):
        assert shown(base64.b64encode(b"x" * shift + CANARY.encode()), CANARY)


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "html"])
@pytest.mark.parametrize("lines", ["planted", "malformed"])
def test_no_format_shows_the_canary(tmp_path, monkeypatch, caplog, format_, lines):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    path = cases.write(tmp_path / "run.jsonl", planted())
    if lines == "malformed":
        path.write_bytes(path.read_bytes() + b"\n".join(malformed()))
    code, out, err = command("audit", path, "-v", "--out", format_, "--out", f"{format_}=report", "--workspace", tmp_path / "ws")
    assert code == 1
    assert not shown(out + err + caplog.text + (tmp_path / "report").read_text("utf-8"), CANARY)
    stored = [file for file in (tmp_path / "ws").rglob("*") if file.is_file()]
    assert any(file.name == "results.sqlite" for file in stored)
    assert not any(shown(file.read_bytes(), CANARY) for file in stored)


def test_malformed_lines_alone_are_told_without_the_canary(tmp_path):
    paths = [tmp_path / f"{number}.jsonl" for number, _ in enumerate(malformed())]
    for path, line in zip(paths, malformed(), strict=True):
        path.write_bytes(line)
    _, out, err = command("audit", *paths, "-v", "--out", "text", "--out", "json")
    assert not shown(out + err, CANARY)


LEAKY_REWARD = """
import sys


def reward(prompts, completions, **columns):
    print(completions)
    print(columns, file=sys.stderr)
    if any("cheat" in str(one) for one in completions):
        raise ValueError(completions)
    return [len(str(one)) / 1000 for one in completions]
"""


@pytest.mark.parametrize("lines", ["planted", "malformed"])
def test_a_swap_test_shows_the_canary_in_no_format_whatever_the_reward_code_does(tmp_path, monkeypatch, caplog, lines):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    (tmp_path / "rewards.py").write_text(LEAKY_REWARD)
    path = cases.write(tmp_path / "run.jsonl", planted())
    if lines == "malformed":
        path.write_bytes(path.read_bytes() + b"\n".join(malformed()))
    formats = ("text", "json", "sarif", "md", "html")
    outputs = [f"--out={name}=report.{name}" for name in formats]
    code, out, err = command("swap", "rewards.py:reward", "--episodes", path, "-v", "--out=text", *outputs, "--workspace", "ws")
    assert code in (1, 4)
    reports = "".join((tmp_path / f"report.{name}").read_text("utf-8") for name in formats)
    for finding in json.loads((tmp_path / "report.json").read_text("utf-8"))["findings"]:
        told = command("show", "r1", finding["id"], "--workspace", "ws")
        assert (told[0], finding["id"] in told[1]) == (0, True)
        reports += told[1] + told[2]
    assert not shown(out + err + caplog.text + reports, CANARY)
    stored = [file for file in (tmp_path / "ws").rglob("*") if file.is_file()]
    assert any(file.name == "results.sqlite" for file in stored)
    assert not any(shown(file.read_bytes(), CANARY) for file in stored)


def texts_of(path):
    """Every text that the episodes of an input hold, and what was raised or skipped on the way."""
    texts, messages = set(), []
    options = Options()
    reader = recognise(path, load_readers())
    for unit in reader.units(path, options):
        for record in reader.read(unit, options):
            if isinstance(record, Skipped):
                messages.append(record.detail)
            elif isinstance(record, Episode):
                found = [segment.text for segment in record.segments] + [field.text for field in record.columns if field.text]
                found += [field.text for call in record.calls for field in call.inputs or () if field.text]
                texts |= {text.reveal() for text in found}
                messages += [repr(record), str(record), record.split.reason]
    return sorted(text for text in texts if len(text) >= 20), messages


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: "-".join(path.relative_to(DATA).parts))
def test_no_text_of_any_reader_s_fixture_is_shown(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    texts, messages = texts_of(path)
    assert texts
    outputs = [("--out", format_) for format_ in ("text", "json", "sarif", "html")]
    code, out, err = command("audit", path, "-v", *(one for pair in outputs for one in pair))
    assert code in (0, 1, 3, 4)
    assert not shown(out + err + "".join(messages), *texts)


@pytest.mark.parametrize("path", [path for path in INPUTS if path.is_file()], ids=lambda path: path.name)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_no_exception_about_a_truncated_file_shows_its_text(tmp_path, path, share):
    texts, _ = texts_of(path)
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    told = []
    try:
        told += texts_of(cut)[1]
    except SequesterError as error:
        told += [str(error), repr(error), error.hint, "".join(traceback.format_exception(error))]
    assert not shown("".join(told), *texts)


def test_no_exception_about_a_malformed_line_shows_the_canary(tmp_path):
    reader = next(one for one in load_readers() if one.name == "jsonl")
    for number, line in enumerate(malformed()):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(line)
        for name in (None, "jsonl"):
            try:
                (recognise(path, load_readers()) if name is None else reader).declared(path, Options())
                told = [str(one) + repr(one) for unit in reader.units(path, Options()) for one in reader.read(unit, Options())]
            except SequesterError as error:
                told = [str(error), repr(error), "".join(traceback.format_exception(error))]
            assert not shown("".join(told), CANARY)


def test_an_internal_error_names_its_type_and_no_value(tmp_path, monkeypatch):
    def fail(*arguments, **keys):
        raise ValueError(CANARY)

    monkeypatch.delenv("SEQUESTER_DEBUG", raising=False)
    monkeypatch.setattr("sequester.cli.audit.audit", fail)
    code, out, err = command("audit", cases.write(tmp_path / "run.jsonl", planted()))
    assert code == 2
    assert "ValueError" in err
    assert not shown(out + err, CANARY)


def test_show_and_doctor_keep_the_canary_and_revealing_leaves_a_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases.write(tmp_path / "run.jsonl", planted()[:1])
    place = tmp_path / ".sequester"
    place.mkdir(mode=0o700)
    assert command("audit", "run.jsonl", "--out", "json=result.json")[0] == 1
    store = ResultStore(Workspace(place))
    finding = store.load(store.latest()).result.findings[0].id
    for name in ("r1", "result.json"):
        code, out, err = command("show", name, finding)
        assert code == 0
        assert finding in out
        assert not shown(out + err, CANARY)
    _, out, err = command("doctor")
    assert not shown(out + err, CANARY)
    assert store.reveals() == ()
    code, out, err = command("show", "r1", finding, "--reveal", "checking what the judge saw")
    assert code == 0
    assert shown(out, CANARY)
    (record,) = store.reveals()
    assert record.reason == "checking what the judge saw"
    assert finding in record.what
    assert not shown(record.what + (place / "results.sqlite").read_bytes().decode("latin-1"), CANARY)


def test_revealing_without_a_reason_or_a_place_for_the_record_shows_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases.write(tmp_path / "run.jsonl", planted()[:1])
    command("audit", "run.jsonl", "--out", "json=result.json")
    finding = json.loads(Path("result.json").read_text("utf-8"))["findings"][0]["id"]
    for options in (("--reveal", "a reason"), ("--reveal", " ", "--workspace", "ws")):
        code, out, err = command("show", "result.json", finding, *options)
        assert code == 2
        assert not shown(out + err, CANARY)


def test_guarded_text_does_not_print_format_or_pickle():
    text = GuardedText(CANARY)
    assert not shown(f"{text} {text!r} {text:>80} {[text]} {text!s}", CANARY)
    with pytest.raises(SequesterError) as caught:
        text.__reduce_ex__(4)
    assert not shown(str(caught.value), CANARY)
