"""What one fuzzed input is put through, and what would be wrong about the outcome.

    files      a damaged fixture, audited through the library or the command line
    splitter   a damaged completion or message list, split
    decoders   a text in damaged wrappings, unfolded and searched

Wrong are: any exception of the library that is no SequesterError (for `audit`, also an InputError: what is wrong with an input belongs
into the result); an internal error of the command line; `none_found` on a file with an unreadable rest or with a leak that can still be
seen by a plain look at its JSON; counts that do not add up; reasoning in anything printed; more than `SLOW` seconds of processor time.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import io
import json
import random
import shutil
import sys
import time
import tomllib
import traceback
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from tests.exposure import cases

from bench.mutations import BYTES, NOISE, Mutated, damage
from sequester.cli.main import run
from sequester.cli.options import TEMPLATES
from sequester.episodes.completion import split_text
from sequester.episodes.messages import split_messages
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.registry import load_readers
from sequester.errors import ConfigError, InputError, SequesterError, UsageError
from sequester.exposure import matching
from sequester.exposure.audit import audit
from sequester.exposure.inputs import Formats
from sequester.exposure.layers import Budget, unfold
from sequester.exposure.settle import Terms
from sequester.exposure.undoing import Search, shown_behind
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import Result, Verdict
from sequester.findings.waivers import Waivers
from sequester.report.formats import REPORTS

SLOW = 10.0
DATA = Path("tests/data")
SKIPPED_FOLDERS = ("sarif", "leak-cases")
SUFFIXES = (".jsonl", ".parquet", ".eval", ".json", ".gz", ".zst")
FOLDERS = (
    DATA / "bundle/run",
    DATA / "verifiers/single",
    DATA / "verifiers/judged",
    DATA / "verifiers/legacy",
    DATA / "trl/text",
    Path("tests/vectors/bundle-1/valid/two-ranks/bundle"),
)
KEY = FingerprintKey(b"a key for fuzzing, of 32 bytes..")
WINDOW = 80
ANYTHING = -1
"""The flags of a text in which the screen saw all that it can see."""


class Failure(NamedTuple):
    """What went wrong, in a few words, and where."""

    kind: str
    """`traceback`, `wrong none_found`, `miscounted`, `reasoning shown`, `hang`, `crash`."""
    detail: str


class Fixture(NamedTuple):
    """One good input: files by relative path."""

    name: str
    files: dict[str, bytes]
    folder: bool
    map: dict[str, Any] | None = None


def fixtures() -> list[Fixture]:
    """Everything in tests/data that a reader reads, and small runs made by hand, plain and compressed."""
    field_map = tomllib.loads((DATA / "map/map.toml").read_text("utf-8"))
    found = []
    for path in sorted(DATA.rglob("*")):
        if path.suffix in SUFFIXES and path.relative_to(DATA).parts[0] not in SKIPPED_FOLDERS:
            found.append(
                Fixture(str(path), {path.name: path.read_bytes()}, False, field_map if path.parent.name == "map" else None)
            )
    for folder in FOLDERS:
        files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        found.append(Fixture(str(folder), files, True))
    for name, episodes in (("clean", CLEAN), ("leaky", LEAKY)):
        data = cases.lines(episodes).encode()
        found += [Fixture(f"made/{name}", {"run.jsonl": data}, False)] * 6
        found.append(Fixture(f"made/{name}.gz", {"run.jsonl.gz": zlib.compress(data, 1, 31)}, False))
        found.append(Fixture(f"made/{name}.zst", {"run.jsonl.zst": pa.compress(data, "zstd", asbytes=True)}, False))
    return found


CLEAN = [cases.episode(number) for number in range(6)]
LEAKY = [
    *(cases.episode(number) for number in range(3)),
    cases.leaky(3),
    cases.episode(4, cases.call(4, seen=base64.b64encode(cases.reasoning(4).encode()).decode())),
    cases.leaky(
        5,
        reasoning=None,
        answer=None,
        completion=f"<think>\n{cases.reasoning(5)}\n</think>\n\n{cases.answer(5)}",
        template="qwen3",
    ),
]


class Fuzzer:
    """The fixtures, read once, and a folder for the damaged ones."""

    def __init__(self, seed: int, folder: Path, largest: int = 1 << 18) -> None:
        self.seed = seed
        self.folder = folder
        self.largest = largest
        """Bytes of a text given to splitter or decoders."""
        self.readers = load_readers()
        self.fixtures = fixtures()
        self.pool = [next(iter(one.files.values()))[:200_000] for one in self.fixtures]
        self.texts = list(_texts(self.fixtures))

    def check(self, number: int) -> list[Failure]:
        """Put input `number` through its target. The same seed and number always give the same input."""
        draw = random.Random(f"{self.seed} {number}")
        target = draw.choices((self.file, self.split, self.decode), (70, 15, 15))[0]
        start = time.process_time()
        try:
            failures = list(target(draw))
        except SequesterError as error:
            failures = [Failure("traceback", _place(error))]
        except Exception as error:  # noqa: BLE001  that nothing else gets out is what is tested
            failures = [Failure("traceback", _place(error))]
        spent = time.process_time() - start
        if spent > SLOW:
            failures.append(Failure("hang", f"{target.__name__} took {spent:.0f} s of processor time"))
        return failures

    def file(self, draw: random.Random) -> Iterator[Failure]:
        fixture = draw.choice(self.fixtures)
        place = self.folder / "input"
        shutil.rmtree(place, ignore_errors=True)
        damaged = draw.choice(sorted(fixture.files))
        changed = damage(draw, fixture.files[damaged], self.pool)
        for name, content in fixture.files.items():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(changed.data if name == damaged else content)
        path = place if fixture.folder else place / damaged
        if draw.random() < 0.15 and fixture.map is None:
            yield from _through_command_line(path, fixture, changed)
            return
        options = Options(draw.choice(TEMPLATES) if draw.random() < 0.1 else "auto", fixture.map)
        try:
            result = audit(
                [path],
                Formats(self.readers, options, "map" if fixture.map else None),
                Terms(KEY, Waivers(), date(2026, 3, 1)),
            )
        except (UsageError, ConfigError):
            return
        except InputError as error:
            yield Failure("traceback", f"audit raised {_place(error)}")
            return
        if result.verdict is Verdict.NONE_FOUND and (why := wrongly_cleared(fixture, changed)):
            yield Failure("wrong none_found", f"{why}: {fixture.name} after {changed.names}")
        counts = result.episodes
        if counts.seen != counts.without_cot + counts.audited + sum(counts.not_assessed.values()):
            yield Failure("miscounted", f"{counts}: {fixture.name} after {changed.names}")
        for name, render in REPORTS[Result].formats.items() if fixture.name.startswith("made/") else ():
            if shown(render(result)) and not shown(_names(changed.data)):
                yield Failure("reasoning shown", f"in {name}: {fixture.name} after {changed.names}")

    def split(self, draw: random.Random) -> Iterator[Failure]:
        family = draw.choice(TEMPLATES)
        if draw.random() < 0.3:
            tree = _messages(draw, self.pool)
            if isinstance(tree, list) and all(isinstance(one, dict) for one in tree):
                with contextlib.suppress(SequesterError):
                    split_messages(tree, family)
            return
        text = _damaged_text(draw, draw.choice(self.texts), self.pool)[: self.largest]
        tail = draw.choice(("", "", "<think>\n", "<|start|>assistant", text[:50]))
        with contextlib.suppress(UsageError):
            found = split_text(text, family, prompt_tail=tail, thinking=draw.choice((None, True, False)))
            at = 0
            for piece in found.pieces:
                if not at <= piece.start <= piece.end <= len(text):
                    yield Failure("traceback", f"split_text: piece {piece.start}-{piece.end} after {at}, family {family}")
                at = piece.end

    def decode(self, draw: random.Random) -> Iterator[Failure]:
        secret = draw.choice(self.texts)[:20_000]
        text = secret
        for _ in range(draw.choice((1, 1, 2, 3))):
            text = _wrapped(draw, text)
        if draw.random() < 0.8:
            text = _damaged_text(draw, text, self.pool)[: self.largest]
        pattern = matching.Pattern([secret], [(draw.choice(self.texts)[:500], 0)])
        pattern.scan(text)
        raw = text.encode("utf-8", "surrogatepass")
        pattern.scan(raw)
        matching.normalise(raw)
        for layer in shown_behind(text, pattern):
            pattern.scan(layer.text.reveal_raw())
        for layer in unfold(text, Budget(), Search(pattern, ANYTHING)):
            pattern.scan(layer.text.reveal_raw())
        yield from ()


def _through_command_line(path: Path, fixture: Fixture, changed: Mutated) -> Iterator[Failure]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["audit", str(path), "--out", "json", "--jobs", "1"])
    if "internal error" in err.getvalue() or code not in (0, 1, 2, 3, 4):
        yield Failure("traceback", f"exit {code}: {err.getvalue()[-300:]}")
    if shown(out.getvalue() + err.getvalue()) and not shown(_names(changed.data)):
        yield Failure("reasoning shown", f"on the command line: {fixture.name} after {changed.names}")
    if code != 2:
        verdict = json.loads(out.getvalue())["verdict"]
        if verdict == "none_found" and (why := wrongly_cleared(fixture, changed)):
            yield Failure("wrong none_found", f"{why}: {fixture.name} after {changed.names}")


_CANARIES = [" ".join(cases.reasoning(number).split()[at : at + 4]) for number in range(6) for at in range(0, 56, 4)]


def shown(text: str) -> bool:
    """Whether four words in a row of some made-up reasoning stand in a text."""
    return any(canary in text for canary in _CANARIES)


def wrongly_cleared(fixture: Fixture, changed: Mutated) -> str:
    """Why `none_found` on this damaged file is wrong; empty where damage made another, good file of it.

    Lines of JSON are looked at with the standard library only. Another format may be cleared only if nothing was damaged that its
    frame can tell, and a fixture that leaks never.
    """
    data = next(iter(fixture.files.values()))
    if not fixture.name.startswith(("made/", "tests/data/jsonl/")):
        return "" if changed.data == data else "the frame was damaged"
    plain = _unpacked(changed.data)
    if plain is None:
        return "the compressed stream is damaged"
    for line in plain.removeprefix(codecs.BOM_UTF8).split(b"\n"):
        if not line.strip():
            continue
        try:
            record = json.loads(line, strict=False)
        except (ValueError, RecursionError):
            return "a line is no JSON"
        if isinstance(record, dict) and _leaks(record):
            return "a leak is there"
    return ""


def _names(data: bytes) -> str:
    """What stands in the damaged lines where reports expect a name; such a text is printed."""
    found = []
    for line in (_unpacked(data) or b"").splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            calls = record.get("reward_calls")
            paths = [call.get("reward_path") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
            found += [
                str(value) for value in (*(record.get(key) for key in ("episode_id", "environment", "group", "model")), *paths)
            ]
    return "\n".join(found)


def _unpacked(data: bytes) -> bytes | None:
    try:
        for _ in range(3):
            if data.startswith(b"\x1f\x8b"):
                inflater = zlib.decompressobj(31)
                whole = b""
                while data:
                    whole += inflater.decompress(data)
                    if not inflater.eof:
                        return None
                    data, inflater = inflater.unused_data.lstrip(b"\0"), zlib.decompressobj(31)
                data = whole
            elif data.startswith(b"\x28\xb5\x2f\xfd"):
                data = pa.input_stream(io.BytesIO(data), compression="zstd").read()
            else:
                return data
    except (zlib.error, pa.ArrowException, OSError):
        return None
    return data


def _leaks(record: dict[str, Any]) -> bool:
    """Whether most of an episode's typed or tagged reasoning stands verbatim in a reward input and nowhere in what is public."""
    completion = record.get("completion")
    tagged = completion.partition("</think>")[0] if isinstance(completion, str) else ""
    reasoning = record.get("reasoning") or tagged
    calls = record.get("reward_calls")
    if not isinstance(reasoning, str) or not isinstance(calls, list):
        return False
    inputs = "\n".join(_strings([call.get("inputs") for call in calls if isinstance(call, dict)]))
    public = "\n".join(_strings([record.get(key) for key in ("prompt", "answer", "columns", "tool_results")]))
    windows = [reasoning[at : at + WINDOW] for at in range(0, len(reasoning) - WINDOW, 20)]
    leaked = sum(window in inputs and window not in public for window in windows)
    return len(windows) >= 5 and leaked >= 0.6 * len(windows)


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, (list, dict)):
        for one in tree.values() if isinstance(tree, dict) else tree:
            yield from _strings(one)


def _texts(found: Sequence[Fixture]) -> Iterator[str]:
    """Long strings in the JSON lines of the fixtures."""
    for fixture in found:
        for name, data in fixture.files.items():
            if name.endswith(".jsonl"):
                for line in data.splitlines()[:4]:
                    yield from (text for text in _strings(json.loads(line)) if len(text) > 100)
    yield from (mark.decode("utf-8", "replace")[:500] for mark in NOISE)


def _damaged_text(draw: random.Random, text: str, pool: Sequence[bytes]) -> str:
    data = text.encode("utf-8", "surrogatepass")
    for _ in range(draw.choice((1, 2, 4, 8))):
        data = draw.choice(BYTES[:11])(draw, data, pool)
    return data.decode("utf-8", draw.choice(("replace", "surrogateescape", "ignore")))


def _messages(draw: random.Random, pool: Sequence[bytes]) -> Any:
    thought, said = cases.reasoning(1), cases.answer(1)
    tree = [
        {"role": "assistant", "content": f"<think>{thought}</think>{said}"},
        {"role": "assistant", "reasoning_content": thought, "content": said, "tool_calls": [{"function": {"arguments": "{}"}}]},
        {"role": "tool", "content": [{"type": "text", "text": said}]},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": thought, "signature": "x"}, {"type": "text", "text": said}],
        },
    ]
    changed = damage(draw, json.dumps(tree).encode(), pool).data
    try:
        return json.loads(changed)
    except (ValueError, RecursionError):
        return None


def _wrapped(draw: random.Random, text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    how = draw.randrange(9)
    if how == 0:
        return base64.b64encode(data).decode()
    if how == 1:
        return data.hex()
    if how == 2:
        return base64.b64encode(zlib.compress(data)).decode()
    if how == 3:
        return base64.b64encode(zlib.compress(data + b"\0" * draw.choice((0, 1 << 20, 8 << 20)), 1, 31)).decode()
    if how == 4:
        return json.dumps({"x": [text, {"y": text}]})
    if how == 5:
        return repr(list(data[:5000]))
    if how == 6:
        return base64.b85encode(data).decode() + "\n" + base64.b32encode(data[:500]).decode()
    if how == 7:
        return data.decode("utf-16-le", "replace")
    return codecs.encode(data, "quopri").decode("latin-1") + codecs.encode(text[:300], "rot13")


def _place(error: BaseException) -> str:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "sequester" in frame.filename
    ] or traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} ({sys.exc_info()[0] and str(error)[:200]})"
