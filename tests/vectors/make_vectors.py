"""Writes the test vectors of the run bundle, format version 1: `python tests/vectors/make_vectors.py`.

    bundle-1/valid/<case>/case.toml     what a reader finds
                         expected.json  the episodes, as docs/format.md defines them
                         bundle/        the run bundle
    bundle-1/partial/<case>/            the same, with the class of failure and words of the message: the rest is read
    bundle-1/invalid/<case>/case.toml   the class of failure, and words of the message: nothing is read
                           bundle/

Each partial or invalid bundle breaks one rule and keeps all others: digests and counts are right wherever they are not the point.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from sequester.episodes.bundle import writer
from sequester.episodes.bundle.closing import close_run
from sequester.episodes.bundle.manifest import Expected, Parent, Policy, RunInfo, Signal
from sequester.episodes.bundle.schema import DICTIONARY, FOLDERS, SCHEMAS
from sequester.episodes.bundle.writer import BundleWriter, PartFile
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Source,
    Split,
    SplitStatus,
    Visibility,
)

HERE = Path(__file__).parent / "bundle-1"
FIXTURE = Path(__file__).parents[1] / "data" / "bundle" / "run"
PART = "0-000000"
OTHER = "1-000000"
RUN = RunInfo(
    id="demo-run",
    created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    policy=Policy("example/policy", "example/tokenizer"),
    config_digest="sha256:" + "0" * 64,
    parents=(Parent("model", "example/base"),),
    signals=(Signal("markup", "format", "the trainer needs the closing tag", "owner@example.org", "2026-03-31"),),
)
EXPECTED = Expected(steps=(0, 1), ranks=1, group_size=2)
Rows = list[list[dict[str, Any]]]
"""Rows of each row group."""


def episodes() -> list[Episode]:
    """Three episodes that hold every column once with a value and once without."""
    text = GuardedText
    full = Episode(
        episode_id="e0",
        segments=(
            Segment(0, Channel.PROMPT, text("What is 6 × 7?")),
            Segment(0, Channel.REASONING, text("Six sevens are forty-two."), array("q", [11, 12, 13]), 1.0),
            Segment(0, Channel.TOOL_CALL, text('{"tool": "calculator"}'), array("q", []), 0.0),
            Segment(1, Channel.TOOL_RESULT, text("")),
            Segment(1, Channel.REASONING, text("So it is.")),
            Segment(1, Channel.ANSWER, text("42")),
        ),
        split=Split(SplitStatus.SPLIT, "the log has typed fields", "typed"),
        source=Source("rollouts.jsonl", 7),
        calls=(
            RewardCall(
                "math/exact@1", Evidence.RECORDED, (Field("completion", text("42")), Field("ids", None, array("q", [4, 2]))), 1.0
            ),
            RewardCall("math/judge@1", Evidence.CONTRACT, None, None, "completion_ids", Reason.INPUT_NOT_LOGGED),
        ),
        environment="math",
        step=0,
        group="g0",
        columns=(Field("ground_truth", text("42")), Field("nothing")),
        completion_ids=array("q", [11, 12, 13, 14]),
        weight=0.5,
        model="policy-step-0",
        sample=0,
        shard="0",
        advantage=-0.25,
    )
    bare = Episode("e1", (), Split(SplitStatus.NO_COT, "thinking is off", "ids"), Source("", 0), visibility=Visibility.ABSENT)
    whole = Episode(
        episode_id="e2",
        segments=(Segment(0, Channel.PROMPT, text("Hi")), Segment(0, Channel.ANSWER, text("Hmm. Hello"))),
        split=Split(SplitStatus.AMBIGUOUS, "no delimiters", "auto"),
        source=Source("", 0),
        calls=(RewardCall("chat/judge@2", Evidence.REBUILT, (), 0.0),),
        step=1,
        group="g0",
    )
    return [full, bare, whole]


def main() -> None:
    """Also writes the reader's fixture."""
    shutil.rmtree(HERE, ignore_errors=True)
    writer._ROWS = 2  # two row groups of a part
    for kind, cases in (("valid", VALID), ("partial", PARTIAL), ("invalid", INVALID)):
        for name, (make, found) in cases.items():
            directory = HERE / kind / name / "bundle"
            base(directory)
            if kind == "partial" and name not in ALONE:
                two_parts(directory)
            make(directory)
            case(directory, found, with_episodes=kind != "invalid")
    shutil.rmtree(FIXTURE, ignore_errors=True)
    fixture(FIXTURE)


def fixture(directory: Path) -> None:
    """Episodes whose sources are their places in the bundle, as the contract of the readers wants it."""
    for rank in ("0", "1"):
        with BundleWriter(directory, RUN, rank=rank) as out:
            for episode in episodes():
                changes = {name: getattr(episode, name) for name in Episode.__struct_fields__}
                out.write(
                    Episode(**changes | {"episode_id": f"{episode.episode_id}-{rank}", "source": Source("", 0), "shard": None})
                )
    close_run(directory, RUN, Expected(ranks=2), "make_vectors 1")


def base(directory: Path) -> None:
    """A valid, closed bundle of one part."""
    directory.mkdir(parents=True)
    with BundleWriter(directory, RUN) as out:
        for episode in episodes():
            out.write(episode)
    finding(directory)
    close_run(directory, RUN, EXPECTED, "make_vectors 1")


def finding(directory: Path) -> None:
    """One row in `findings/`, as the live guard writes it."""
    row = {field.name: {pa.string(): "x", pa.int64(): 0, pa.float64(): 0.5}.get(field.type, []) for field in SCHEMAS["findings"]}
    row |= {"episode_id": "e0", "spans": [{"cot_start": 0, "cot_end": 9, "input_start": 3, "input_end": 12}]}
    file = PartFile(directory, "findings", "guard-000000", RUN.id)
    file.write(pa.RecordBatch.from_pylist([row], schema=SCHEMAS["findings"]))
    file.finish()
    file.publish()


def case(directory: Path, found: dict[str, Any], with_episodes: bool) -> None:
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in found.items()]
    (directory.parent / "case.toml").write_text("".join(lines))
    if with_episodes:
        shown = expected(found.get("without_reasoning", []), found.get("parts", [PART]))
        (directory.parent / "expected.json").write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")


def expected(without_reasoning: list[str], parts: list[str]) -> list[dict[str, Any]]:
    """What a reader finds: nulls of `shard` and `source` filled in, reasoning that is sealed or missing left out."""
    found = []
    for part in parts:
        for row, episode in enumerate(episodes(), 1):
            shown = msgspec.to_builtins(
                episode, enc_hook=lambda value: value.reveal() if isinstance(value, GuardedText) else list(value)
            )
            rank = part.partition("-")[0]
            shown["episode_id"] += "" if part == PART else f"-{part}"
            shown["shard"] = shown["shard"] or rank
            if not shown["source"]["path"]:
                shown["source"] = {"path": f"episodes/{part}.parquet", "record": row}
            if part in without_reasoning:
                hide(shown)
            found.append(shown)
    return found


def hide(shown: dict[str, Any]) -> None:
    withheld = {"reasoning"} | ({"answer", "tool_call"} if shown["split"]["status"] in ("ambiguous", "split_failed") else set())
    shown["segments"] = [segment for segment in shown["segments"] if segment["channel"] not in withheld]
    shown["completion_ids"] = None
    shown["visibility"] = "absent" if shown["visibility"] == "absent" else "redacted"


# What breaks a bundle ----------------------------------------------------------------------------------------------------------


def rewrite(
    directory: Path,
    folder: str,
    change: Callable[[Rows], Rows | None],
    *,
    schema: pa.Schema | None = None,
    labels: dict[str, str] | None = None,
    dictionary: list[str] | None = None,
    seal: bool = True,
) -> None:
    """Reads a file's row groups as rows, changes them and writes them back, with digests and counts that fit."""
    path = directory / folder / f"{PART}.parquet"
    with pq.ParquetFile(path) as file:
        rows = [file.read_row_group(index).to_pylist() for index in range(file.num_row_groups)]
        metadata = {key.decode(): value.decode() for key, value in file.metadata.metadata.items()}
    rows = change(rows) or rows
    schema = schema or SCHEMAS[folder]
    encoded = DICTIONARY[folder] if dictionary is None else dictionary
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": encoded, "store_schema": False, "write_statistics": False}
    with pq.ParquetWriter(path, schema, **options) as out:
        for group in rows:
            out.write_table(pa.Table.from_pylist(group, schema=schema))
        out.add_key_value_metadata(metadata | (labels or {}))
    if seal:
        refresh(directory)


def refresh(directory: Path) -> None:
    """Makes `run.json` fit the files again."""

    def change(manifest: dict[str, Any]) -> None:
        for entry in manifest["files"]:
            path = directory / entry["path"]
            entry["bytes"] = path.stat().st_size
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            if not path.read_bytes().startswith(b"PARE"):
                entry["rows"] = pq.read_metadata(path).num_rows
        for folder in FOLDERS:
            manifest["counts"][folder] = sum(
                entry["rows"] for entry in manifest["files"] if entry["path"].startswith(f"{folder}/")
            )

    edit(directory, change)


def edit(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((directory / "run.json").read_text())
    change(manifest)
    (directory / "run.json").write_text(json.dumps(manifest, indent=2) + "\n")


def manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda directory: edit(directory, change)


def rows(folder: str, change: Callable[[Rows], Rows | None], **options: Any) -> Callable[[Path], None]:
    return lambda directory: rewrite(directory, folder, change, **options)


def value(folder: str, group: int, row: int, column: str, new: object) -> Callable[[Path], None]:
    return rows(folder, lambda found: found[group][row].update({column: new}))


def file(folder: str, change: Callable[[Path], object], *, seal: bool = True) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        change(directory / folder / f"{PART}.parquet")
        if seal:
            refresh(directory)

    return make


def with_column(folder: str, field: pa.Field) -> pa.Schema:
    kept = [old for old in SCHEMAS[folder] if old.name != field.name]
    return pa.schema([*kept, field])


class _VectorKeys(pe.KmsClient):
    """Wraps nothing: the vector shows a file without its key."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
        return base64.b64encode(key_bytes).decode()

    def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


def sealed(directory: Path, *, plaintext_footer: bool = False) -> None:
    path = directory / "reasoning" / f"{PART}.parquet"
    with pq.ParquetFile(path) as file:
        tables = [file.read_row_group(index) for index in range(file.num_row_groups)]
        labels = file.metadata.metadata
    factory = pe.CryptoFactory(lambda _: _VectorKeys())
    configuration = pe.EncryptionConfiguration(
        footer_key="footer",
        column_keys={"column": ["episode", "segment", "text", "ids.list.element"]},
        encryption_algorithm="AES_GCM_V1",
        plaintext_footer=plaintext_footer,
        double_wrapping=False,
        cache_lifetime=timedelta(minutes=1),
    )
    keys = factory.file_encryption_properties(pe.KmsConnectionConfig(), configuration)
    with pq.ParquetWriter(
        path, SCHEMAS["reasoning"], encryption_properties=keys, store_schema=False, use_dictionary=False
    ) as out:
        for table in tables:
            out.write_table(table)
        out.add_key_value_metadata(labels)

    def change(manifest: dict[str, Any]) -> None:
        (entry,) = [entry for entry in manifest["files"] if entry["path"] == f"reasoning/{PART}.parquet"]
        entry |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    edit(directory, change)


def two_parts(directory: Path, part: str = OTHER) -> None:
    """A further part, and `run.json` for all of them."""
    (directory / "run.json").unlink()
    with BundleWriter(directory, RUN, rank=part.split("-")[0]) as out:
        for episode in episodes():
            changes = {name: getattr(episode, name) for name in Episode.__struct_fields__}
            out.write(Episode(**changes | {"episode_id": f"{episode.episode_id}-{part}", "shard": episode.shard}))
    close_run(directory, RUN, Expected(ranks=2), "make_vectors 1")


def another_run(directory: Path) -> None:
    (directory / "run.json").unlink()
    other = RunInfo("another-run", RUN.created, RUN.policy)
    with BundleWriter(directory, other, rank="1") as out:
        out.write(Episode("e9", (), Split(SplitStatus.NO_COT, "thinking is off", "ids"), Source("", 0)))


def swapped(group: int) -> Callable[[Rows], None]:
    return lambda found: found[group].reverse()


def empty(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.mkdir()
    (directory / "notes.txt").write_text("not a bundle\n")


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 1
    path.write_bytes(raw)


def many_rows(found: Rows) -> Rows:
    return [[found[0][0] | {"episode_id": f"e{number}"} for number in range(1001)]]


def leaked(found: Rows) -> None:
    found[0][0]["segments"][1]["text"] = "in the open"


def lacking(found: Rows) -> None:
    found[0][0]["segments"][0]["text"] = None


def null_id(found: Rows) -> None:
    found[0][0]["episode_id"] = None


def one_group(found: Rows) -> Rows:
    return [[row for group in found for row in group]]


_NULLABLE = pa.schema([pa.field(field.name, field.type) for field in SCHEMAS["episodes"]])
_LISTED = with_column("reasoning", pa.field("text", pa.int64()))


def _numbers(found: Rows) -> None:
    for group in found:
        for row in group:
            row["text"] = 1


def _invalid(kind: str, words: str, make: Callable[[Path], object]) -> tuple[Callable[[Path], object], dict[str, Any]]:
    return make, {"class": kind, "words": words}


def _partial(
    kind: str, words: str, make: Callable[[Path], object], **found: object
) -> tuple[Callable[[Path], object], dict[str, Any]]:
    """The first of two parts is not read, unless `found` says otherwise."""
    return make, {"class": kind, "words": words, "closed": True, "rows": 6, "parts": [OTHER]} | found


def _removed(*paths: str) -> Callable[[Path], object]:
    return lambda directory: [
        shutil.rmtree(directory / path) if (directory / path).is_dir() else (directory / path).unlink() for path in paths
    ]


def _of(part: str) -> list[str]:
    return [f"{folder}/{part}.parquet" for folder in FOLDERS[:3]]


def exchanged(directory: Path) -> None:
    """The files of two parts under each other's names."""
    for folder in FOLDERS[:3]:
        one, other = (directory / folder / f"{part}.parquet" for part in (PART, OTHER))
        one.rename(directory / "between")
        other.rename(one)
        (directory / "between").rename(other)


def unlisted(directory: Path) -> None:
    """A part that joined after the run was closed."""
    raw = (directory / "run.json").read_bytes()
    two_parts(directory)
    (directory / "run.json").write_bytes(raw)


VALID: dict[str, tuple[Callable[[Path], object], dict[str, Any]]] = {
    "closed": (lambda directory: None, {"closed": True, "rows": 3}),
    "unfinished": (_removed("run.json"), {"closed": False, "rows": 3}),
    "two-ranks": (two_parts, {"closed": True, "rows": 6, "ranks": 2, "parts": [PART, OTHER]}),
    "rank-absent": (manifest(lambda run: run["expected"].update(ranks=2)), {"closed": True, "rows": 3, "ranks": 2}),
    "more-expected": (manifest(lambda run: run["expected"].update(episodes=9)), {"closed": True, "rows": 9}),
    "sealed-reasoning": (sealed, {"closed": True, "rows": 3, "without_reasoning": [PART]}),
}

ALONE = frozenset({"part-not-listed", "part-renamed", "number-missing"})
"""Partial bundles that begin with one part."""

PARTIAL: dict[str, tuple[Callable[[Path], object], dict[str, Any]]] = {
    "rank-missing": _partial("missing", "listed in run.json and missing", _removed(*_of(PART))),
    "all-parts-missing": _partial(
        "missing", "listed in run.json and missing", _removed(*_of(PART), "episodes", "reasoning", "reward_calls"), parts=[]
    ),
    "episodes-missing": _partial("missing", "listed in run.json and missing", _removed(_of(PART)[0])),
    "reward-calls-missing": _partial("missing", "listed in run.json and missing", file("reward_calls", Path.unlink, seal=False)),
    "reasoning-of-a-part-missing": _partial(
        "missing",
        "listed in run.json and missing",
        file("reasoning", Path.unlink, seal=False),
        parts=[PART, OTHER],
        without_reasoning=[PART],
    ),
    "reasoning-missing": _partial(
        "missing",
        "listed in run.json and missing",
        _removed("reasoning"),
        parts=[PART, OTHER],
        without_reasoning=[PART, OTHER],
    ),
    "findings-missing": _partial(
        "missing", "listed in run.json and missing", _removed("findings/guard-000000.parquet"), parts=[PART, OTHER]
    ),
    "unfinished-reasoning-missing": _partial(
        "missing",
        "missing from its part",
        _removed("run.json", "reasoning"),
        closed=False,
        parts=[PART, OTHER],
        without_reasoning=[PART, OTHER],
    ),
    "unfinished-reward-calls-missing": _partial(
        "missing", "missing from its part", _removed("run.json", _of(PART)[2]), closed=False, rows=4
    ),
    "unfinished-episodes-missing": _partial(
        "missing", "no file in episodes/", _removed("run.json", _of(PART)[0]), closed=False, rows=4
    ),
    "number-missing": _partial(
        "missing",
        "rank 1 has 1 of 2 parts",
        lambda directory: (
            [two_parts(directory, part) for part in (OTHER, "1-000001")],
            (directory / "run.json").unlink(),
            _removed(*_of(OTHER))(directory),
        ),
        closed=False,
        rows=7,
        parts=[PART, "1-000001"],
    ),
    "part-not-listed": _partial("missing", "not listed in run.json", unlisted, rows=4, parts=[PART]),
    "findings-not-listed": _partial(
        "missing",
        "not listed in run.json",
        manifest(
            lambda run: (
                run.update(files=[entry for entry in run["files"] if not entry["path"].startswith("findings/")]),
                run["counts"].update(findings=0),
            )
        ),
        parts=[PART, OTHER],
    ),
    "stranger": _partial(
        "missing",
        "is no part of a bundle",
        lambda directory: (directory / "episodes" / "notes.txt").write_text("which run this was\n"),
        parts=[PART, OTHER],
    ),
    "folder-is-a-file": _partial(
        "missing",
        "cannot be listed",
        lambda directory: (shutil.rmtree(directory / "reasoning"), (directory / "reasoning").write_text("")),
        parts=[PART, OTHER],
        without_reasoning=[PART, OTHER],
    ),
    "rows-contradict": _partial(
        "count",
        "has 3 rows, run.json says 2",
        manifest(lambda run: (run["files"][0].update(rows=2), run["counts"].update(episodes=5))),
        rows=5,
    ),
    "part-renamed": _partial(
        "label",
        "written under another name",
        lambda directory: (
            (directory / "run.json").unlink(),
            [shutil.copy(directory / name / f"{PART}.parquet", directory / name / f"{OTHER}.parquet") for name in FOLDERS[:3]],
        ),
        closed=False,
        rows=4,
        parts=[PART],
    ),
    "parts-exchanged": _partial(
        "label", "written under another name", lambda directory: (exchanged(directory), refresh(directory)), parts=[]
    ),
    "run-differs": _partial("label", "another run", manifest(lambda run: run["run"].update(id="another-run")), parts=[]),
    "file-version": _partial(
        "version", "does not say sequester.bundle = 1", rows("episodes", list, labels={"sequester.bundle": "2"})
    ),
    "digest": _partial("digest", "SHA-256", file("reward_calls", flip, seal=False)),
    "size": _partial("count", "bytes, run.json says", manifest(lambda run: run["files"][0].update(bytes=1))),
    "truncated": _partial(
        "damaged", "is truncated", file("reasoning", lambda path: path.write_bytes(path.read_bytes()[:-20]), seal=False)
    ),
    "empty-file": _partial("damaged", "is empty", file("reasoning", lambda path: path.write_bytes(b""), seal=False)),
    "column-unknown": _partial(
        "schema",
        "column 'extra'",
        rows("episodes", list, schema=with_column("episodes", pa.field("extra", pa.int64()))),
    ),
    "column-missing": _partial("schema", "column step", rows("episodes", list, schema=SCHEMAS["episodes"].remove(2))),
    "column-type": _partial("schema", "column text: is not string", rows("reasoning", _numbers, schema=_LISTED)),
    "null-required": _partial("schema", "needs a value", rows("episodes", null_id, schema=_NULLABLE)),
    "enum-unknown": _partial("schema", "none of split, no_cot", value("episodes", 0, 0, "split_status", "perhaps")),
    "dictionary-text": _partial("encoding", "encoding", rows("reasoning", list, dictionary=["text"])),
    "group-too-large": _partial("encoding", "more than 1000", rows("episodes", many_rows), rows=1004),
    "groups-differ": _partial("order", "row groups", rows("reward_calls", one_group)),
    "duplicate-id": _partial("duplicate", "same episode_id", value("episodes", 1, 0, "episode_id", "e0")),
    "duplicate-id-across-parts": _partial(
        "duplicate", "same episode_id", value("episodes", 1, 0, "episode_id", f"e0-{OTHER}"), parts=[]
    ),
    "calls-unordered": _partial("order", "numbered 0, 1, 2", rows("reward_calls", swapped(0))),
    "call-unknown-episode": _partial("join", "row group does not hold", value("reward_calls", 1, 0, "episode", 9)),
    "call-other-group": _partial("join", "row group does not hold", value("reward_calls", 1, 0, "episode", 0)),
    "call-missing": _partial("order", "numbered 0, 1, 2", rows("reward_calls", lambda found: found[0].pop(0) and None)),
    "reasoning-unordered": _partial("order", "order of the segments", rows("reasoning", swapped(0))),
    "reasoning-unknown-episode": _partial("join", "row group does not hold", value("reasoning", 1, 0, "episode", -1)),
    "reasoning-out-of-range": _partial("join", "no segment of this number", value("reasoning", 0, 2, "segment", 6)),
    "reasoning-twice": _partial("order", "order of the segments", rows("reasoning", lambda found: found[0].append(found[0][-1]))),
    "reasoning-row-missing": _partial(
        "join", "missing from reasoning/", rows("reasoning", lambda found: found[0].pop() and None)
    ),
    "reasoning-surplus": _partial("join", "text in episodes/ already", value("reasoning", 0, 2, "segment", 5)),
    "reasoning-without-text": _partial("join", "its text, or neither", value("reasoning", 0, 1, "text", None)),
    "reasoning-in-the-open": _partial("hazard", "outside reasoning/", rows("episodes", leaked)),
    "text-missing": _partial("join", "a text is missing", rows("episodes", lacking)),
    "source-half": _partial("schema", "go together", value("episodes", 0, 1, "source_record", 3)),
    "columns-encrypted": _partial(
        "encoding", "columns are encrypted", lambda directory: sealed(directory, plaintext_footer=True)
    ),
}

INVALID: dict[str, tuple[Callable[[Path], object], dict[str, Any]]] = {
    "no-bundle": _invalid("missing", "neither run.json nor episodes/", empty),
    "version": _invalid("version", "format version", manifest(lambda run: run.update(schema="sequester.bundle/2"))),
    "manifest-unknown-key": _invalid("manifest", "unknown key 'extra'", manifest(lambda run: run.update(extra=1))),
    "manifest-missing-key": _invalid("manifest", "the key 'tool' is missing", manifest(lambda run: run.pop("tool"))),
    "manifest-no-json": _invalid("manifest", "ends early", lambda directory: (directory / "run.json").write_text("{")),
    "manifest-deep": _invalid("manifest", "not a manifest", lambda directory: (directory / "run.json").write_text("[" * 100_000)),
    "path-escapes": _invalid(
        "path", "no folder/part.parquet", manifest(lambda run: run["files"][0].update(path="../x-000000.parquet"))
    ),
    "path-absolute": _invalid(
        "path", "no folder/part.parquet", manifest(lambda run: run["files"][0].update(path="/etc/x-000000.parquet"))
    ),
    "listed-twice": _invalid("manifest", "listed twice", manifest(lambda run: run["files"].append(run["files"][0]))),
    "steps-reversed": _invalid("manifest", "last step comes before", manifest(lambda run: run["expected"].update(steps=[2, 1]))),
    "counts-contradict": _invalid(
        "count", "declares 9 rows, its files 3", manifest(lambda run: run["counts"].update(episodes=9))
    ),
    "two-runs": _invalid("label", "another run", another_run),
}

if __name__ == "__main__":
    main()
