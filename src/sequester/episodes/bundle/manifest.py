"""`run.json`: what a run says about itself. Written last, it closes the bundle."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from sequester.episodes.bundle.schema import FOLDERS, MANIFEST, SUFFIX, VERSION
from sequester.errors import BundleError, LimitExceeded
from sequester.keys import shown
from sequester.mismatch import explain

SCHEMA = f"sequester.bundle/{VERSION}"
PART_NAME = re.compile(r"(?P<rank>[A-Za-z0-9_][A-Za-z0-9_.]{0,63})-(?P<sequence>[0-9]{6,12})")
"""`<rank>-<sequence>`: who wrote the part, and the how-manieth of its writer it is."""
_MAX_BYTES = 256 << 20
"""A manifest of a million files is a third of this."""

Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=1024)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """The model that was trained."""

    model: Name
    tokenizer: Name | None = None


class Parent(Struct, frozen=True, forbid_unknown_fields=True):
    """What the run started from."""

    kind: Literal["run", "model", "dataset"]
    id: Name


class Signal(Struct, frozen=True, forbid_unknown_fields=True):
    """A declared signal that depends on the reasoning: a waiver with an owner and an end."""

    name: Name
    """The reward path, filter or term."""
    reads: Literal["format", "length", "reasoning"]
    reason: Name
    owner: Name
    until: Name | None = None
    """ISO date."""


class RunInfo(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known about a run when it begins."""

    id: Name
    created: Annotated[datetime, Meta(tz=True)]
    policy: Policy
    config_digest: Name | None = None
    """Digest of the trainer's configuration, with its algorithm: `sha256:...`."""
    parents: tuple[Parent, ...] = ()
    signals: tuple[Signal, ...] = ()


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """What the run should hold; None where nobody said. What is missing from it is not assessed."""

    steps: tuple[int, int] | None = None
    """First and last training step, inclusive."""
    step_set: tuple[int, ...] | None = None
    """The steps themselves, where they are not all of `steps`."""
    ranks: Count | None = None
    """Processes that write episodes."""
    group_size: Count | None = None
    """Episodes per advantage group."""
    episodes: Count | None = None


class Counts(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of all files of a folder."""

    episodes: Count
    reasoning: Count
    reward_calls: Count
    findings: Count


class FileEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One Parquet file of the bundle."""

    path: str
    """`folder/part.parquet`, with a forward slash."""
    rows: Count
    bytes: Count
    sha256: Digest


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `run.json`."""

    schema: str
    tool: Name
    """Program and version that closed the bundle."""
    run: RunInfo
    expected: Expected
    counts: Counts
    files: tuple[FileEntry, ...]


class _Versioned(Struct):
    schema: str
    tool: Any = None


_KEYS = frozenset(
    field.encode_name
    for part in (Manifest, RunInfo, Policy, Parent, Signal, Expected, Counts, FileEntry)
    for field in msgspec.structs.fields(part)
)
"""Every key of a manifest, at whatever depth."""


def _writer(versioned: _Versioned) -> str:
    """What to read a manifest of another version with; the program is named if it is called by a name."""
    name = shown(versioned.tool) if isinstance(versioned.tool, str) else None
    return f"use the program that wrote it{f', {name}' if name else ''}, or write the bundle again"


def is_file_path(path: str) -> bool:
    """Whether a path of the manifest is `folder/part.parquet` and nothing else: no way out of the directory."""
    folder, _, name = path.partition("/")
    return folder in FOLDERS and name.endswith(SUFFIX) and PART_NAME.fullmatch(name.removesuffix(SUFFIX)) is not None


def read_manifest(directory: Path) -> Manifest | None:
    """The manifest of a bundle; None where there is none yet.

    Raises BundleError if it breaks the format, LimitExceeded if it is too large to be one.
    """
    path = directory / MANIFEST
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise LimitExceeded(f"larger than {_MAX_BYTES} bytes", where=str(path), hint="check that this is a run bundle")
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(
            f"cannot be read ({error.strerror})", where=str(path), hint="check the path and its permissions"
        ) from None
    try:
        versioned = msgspec.json.decode(raw, type=_Versioned)
        if versioned.schema != SCHEMA:
            raise BundleError(f"format version is not {SCHEMA}", where=f"{path}: schema", hint=_writer(versioned))
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "see docs/format.md for the keys; write the bundle again rather than edit the file by hand"
        raise BundleError(f"not a manifest: {explain(error, _KEYS)}", where=str(path), hint=hint) from None
    _check(manifest, path)
    return manifest


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of `run.json`: indented, since people read it too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _check(manifest: Manifest, path: Path) -> None:
    """What types alone do not say."""
    hint = "write the bundle again; do not edit run.json by hand"
    seen: set[str] = set()
    totals = dict.fromkeys(FOLDERS, 0)
    for index, entry in enumerate(manifest.files):
        if not is_file_path(entry.path):
            raise BundleError("is no folder/part.parquet of this bundle", where=f"{path}: files[{index}].path", hint=hint)
        if entry.path in seen:
            raise BundleError("is listed twice", where=f"{path}: files[{index}].path", hint=hint)
        seen.add(entry.path)
        totals[entry.path.partition("/")[0]] += entry.rows
    for folder, rows in totals.items():
        declared = getattr(manifest.counts, folder)
        if declared != rows:
            raise BundleError(f"declares {declared} rows, its files {rows}", where=f"{path}: counts.{folder}", hint=hint)
    steps = manifest.expected.steps
    if steps is not None and steps[0] > steps[1]:
        raise BundleError("the last step comes before the first", where=f"{path}: expected.steps", hint=hint)
