"""Ways to damage a log file: as bytes, as lines of JSON, as a Parquet table, as an archive. All drawn from one `random.Random`."""

from __future__ import annotations

import gzip
import io
import json
import random
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq


class Mutated(NamedTuple):
    """A damaged file and how it came about."""

    data: bytes
    names: tuple[str, ...]


ZSTD = 93
"""Compression method of a zip entry."""

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

NOISE = (
    b"\0",
    b"\0" * 4096,
    b"\xff\xfe\xfd",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\\u0000",
    b"\n",
    b"\r",
    b"\x1a",
    b'"',
    b"\\",
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b"1" * 5000,
    b"1e999999",
    b"-9223372036854775809",
    b"NaN",
    b"\xe2\x80\xa8",
    "\u202e\u200b\ufeff".encode(),
    b"<think>",
    b"</think>",
    b"<|channel|>analysis<|message|>",
    b"</think></think><think><think>",
    b"[THINK]",
    b"<|end|><|start|>assistant",
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**400,
    2**63,
    -(2**63) - 1,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\0",
    "\ud800",
    "think",
    [],
    {},
    [[]],
    [None],
    [1, "a", None],
    {"": ""},
    {"role": 1},
    [{"role": "assistant"}],
    [{"role": "assistant", "content": [{"type": "text", "text": None}]}],
    [{"role": "tool", "content": {"x": [1]}}],
    "x" * 100_000,
    list(range(3000)),
    [256] * 40,
)


def damage(draw: random.Random, data: bytes, others: Sequence[bytes]) -> Mutated:
    """One to four mutations of a file, such as its content suggests; `others` are files to splice with."""
    names = []
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        if data.startswith(b"PAR1") and draw.random() < 0.6:
            kinds = PARQUET
        elif data.startswith(b"PK\3\4") and draw.random() < 0.7:
            kinds = ARCHIVE
        elif data[:1] in (b"{", b"[") and draw.random() < 0.6:
            kinds = JSON
        else:
            kinds = BYTES
        mutation = draw.choice(kinds)
        data = mutation(draw, data, others)
        names.append(mutation.__name__)
    return Mutated(data, tuple(names))


def _at(draw: random.Random, data: bytes) -> int:
    return draw.randint(0, len(data))


def flip_bits(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 3, 20)) if changed else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def overwrite(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start = _at(draw, data)
    return data[:start] + draw.randbytes(draw.choice((1, 4, 64))) + data[start + 4 :]


def truncate(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data[: _at(draw, data)]


def behead(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data[_at(draw, data) :]


def cut_out(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start = _at(draw, data)
    return data[:start] + data[start + draw.choice((1, 7, 100, 5000)) :]


def repeat(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start = _at(draw, data)
    piece = data[start : start + draw.choice((1, 16, 300))]
    return data[:start] + piece * draw.choice((2, 3, 50)) + data[start:]


def splice(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = draw.choice(others)
    return data[: _at(draw, data)] + other[_at(draw, other) :]


def append(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data + draw.choice(others)


def insert_noise(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start = _at(draw, data)
    return data[:start] + draw.choice(NOISE) + data[start:]


def duplicate_line(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        lines.insert(draw.randint(0, len(lines)), draw.choice(lines))
    return b"".join(lines)


def shuffle_lines(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def insert_line(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.insert(draw.randint(0, len(lines)), draw.choice((*NOISE, *others))[:300_000] + b"\n")
    return b"".join(lines)


def encode_otherwise(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data.decode("latin-1").encode(draw.choice(("utf-16", "utf-32", "utf-16-le", "utf-7", "utf-8-sig")), "replace")


def compress(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    packed = gzip.compress(data, 1) if draw.random() < 0.5 else pa.compress(data, "zstd", asbytes=True)
    return packed if draw.random() < 0.5 else flip_bits(draw, packed, others)


def bomb(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Megabytes of one thing behind the data, compressed once or twice."""
    packed = gzip.compress(data + draw.choice((b"\0" * (8 << 20), b" " * (64 << 20), b"[" * (8 << 20), b"{}\n" * 500_000)), 1)
    return gzip.compress(packed, 1) if draw.random() < 0.3 else packed


BYTES: tuple[Mutation, ...] = (
    flip_bits,
    flip_bits,
    overwrite,
    truncate,
    behead,
    cut_out,
    repeat,
    splice,
    append,
    insert_noise,
    insert_noise,
    duplicate_line,
    shuffle_lines,
    insert_line,
    encode_otherwise,
    compress,
    bomb,
)


def change_json(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One line, or the whole file, with some of its tree changed."""
    lines = data.splitlines(keepends=True)
    at = draw.randrange(len(lines)) if lines else 0
    for start, stop in ((at, at + 1), (0, len(lines))):
        try:
            tree = json.loads(b"".join(lines[start:stop]))
        except (ValueError, RecursionError):
            continue
        for _ in range(draw.choice((1, 1, 2, 5))):
            tree = _changed(draw, tree)
        text = json.dumps(tree, ensure_ascii=draw.random() < 0.5)
        return b"".join((*lines[:start], text.encode("utf-8", "surrogatepass") + b"\n", *lines[stop:]))
    return flip_bits(draw, data, others)


def _changed(draw: random.Random, tree: Any) -> Any:
    """The tree with one node replaced, removed, renamed, doubled, wrapped, or swapped with another."""
    if isinstance(tree, (dict, list)) and tree and draw.random() < 0.8:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = draw.choice(keys)
        if draw.random() < 0.55:
            tree[key] = _changed(draw, tree[key])
            return tree
        other = draw.choice(keys)
        how = draw.randrange(5)
        if how == 0:
            tree[key], tree[other] = tree[other], tree[key]
        elif how == 1:
            del tree[key]
        elif how == 2 and isinstance(tree, dict):
            name = draw.choice((f"{key}s", "", "\ud800", "reward_calls", "content", "Ж" * 2000, str(tree[other])[:60]))
            tree[name] = tree.pop(key)
        elif how == 2 and isinstance(tree, list):
            tree *= 2
        else:
            tree[key] = deepcopy(draw.choice(ODD_VALUES))
        return tree
    how = draw.randrange(4)
    if how == 0 and isinstance(tree, str):
        cut = draw.randint(0, len(tree))
        return tree[:cut] + draw.choice(NOISE).decode("utf-8", "replace")[:2000] + tree[cut:]
    if how == 1:
        return [tree]
    if how == 2:
        return {"text": tree}
    return deepcopy(draw.choice(ODD_VALUES))


JSON: tuple[Mutation, ...] = (change_json,)


def damage_footer(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Bytes of the last part changed: that is where Parquet and zip keep their counts and places."""
    changed = bytearray(data)
    length = int.from_bytes(data[-8:-4], "little") + 8 if len(data) > 8 else len(data)
    first = max(0, len(changed) - min(length, draw.choice((8, 64, length))))
    for _ in range(draw.choice((1, 2, 8)) if changed else 0):
        changed[draw.randrange(first, len(changed))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
    return bytes(changed)


def retype_columns(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The table written again with columns renamed, dropped, doubled or of another type."""
    try:
        table = pq.read_table(io.BytesIO(data))  # type: ignore[no-untyped-call]
        table.column_names  # noqa: B018  an earlier mutation may have left a name that is no UTF-8
    except (pa.ArrowException, OSError, ValueError):
        return damage_footer(draw, data, others)
    for _ in range(draw.choice((1, 1, 2))):
        if not table.num_columns:
            break
        at = draw.randrange(table.num_columns)
        name = table.column_names[at]
        how = draw.randrange(4)
        if how == 0:
            table = table.remove_column(at)
        elif how == 1:
            table = table.rename_columns([f"{one}_" if one == name else one for one in table.column_names])
        elif how == 2:
            table = table.append_column(name, table.column(at))
        else:
            table = table.set_column(at, name, _odd_column(draw, table.num_rows))
    out = io.BytesIO()
    metadata = table.schema.metadata if draw.random() < 0.5 else None
    packing = draw.choice(("snappy", "zstd", "none", "gzip"))
    try:
        pq.write_table(table.replace_schema_metadata(metadata), out, compression=packing)  # type: ignore[no-untyped-call]
    except (pa.ArrowException, ValueError):
        return damage_footer(draw, data, others)
    return out.getvalue()


def _odd_column(draw: random.Random, rows: int) -> pa.Array:
    kinds: tuple[tuple[Any, pa.DataType], ...] = (
        (None, pa.null()),
        (None, pa.string()),
        (3, pa.int8()),
        (2**63 + 1, pa.uint64()),
        (float("nan"), pa.float32()),
        (b"\xff\xfe", pa.binary()),
        ("{", pa.string()),
        ("x" * 50_000, pa.large_string()),
        (True, pa.bool_()),
        ([[1], None], pa.list_(pa.list_(pa.int32()))),
        ([{"role": "assistant", "content": None}], pa.list_(pa.struct({"role": pa.string(), "content": pa.string()}))),
        ({"a": [1.5]}, pa.struct({"a": pa.list_(pa.float64())})),
        ([("k", "v")], pa.map_(pa.string(), pa.string())),
        (1, pa.timestamp("ns")),
        (1, pa.duration("s")),
        ("1.5", pa.string()),
    )
    value, kind = draw.choice(kinds)
    column = pa.array([value if draw.random() < 0.8 else None for _ in range(rows)], kind)
    return column.dictionary_encode() if draw.random() < 0.2 and pa.types.is_string(kind) else column


PARQUET: tuple[Mutation, ...] = (damage_footer, damage_footer, retype_columns, retype_columns, flip_bits, truncate)


def archive_members(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents, also of entries that zstd packed, which the standard library does not inflate."""
    members = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.compress_type == ZSTD:
                names = data[entry.header_offset + 26 : entry.header_offset + 30]
                start = entry.header_offset + 30 + int.from_bytes(names[:2], "little") + int.from_bytes(names[2:], "little")
                packed = io.BytesIO(data[start : start + entry.compress_size])
                members.append((entry.filename, pa.input_stream(packed, compression="zstd").read()))
            else:
                members.append((entry.filename, archive.read(entry)))
    return members


def rewrite_archive(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The archive written again with one member damaged, dropped, doubled, bloated or renamed."""
    try:
        members = archive_members(data)
    except (zipfile.BadZipFile, NotImplementedError, pa.ArrowException, OSError, ValueError, EOFError, zlib.error, RuntimeError):
        return damage_footer(draw, data, others)
    if members:
        at = draw.randrange(len(members))
        name, content = members[at]
        how = draw.randrange(6)
        if how == 0:
            del members[at]
        elif how == 1:
            members.append((name, content))
        elif how == 2:
            members[at] = (draw.choice(("../../x.json", "", "a" * 3000, f"{name}/", name.upper())), content)
        elif how == 3:
            members[at] = (name, content + b" " * (4 << 20))
        elif how == 4:
            members[at] = (name, draw.choice(BYTES)(draw, content, others))
        else:
            members[at] = (name, change_json(draw, content, others))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in members:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a name that stands twice is meant
                archive.writestr(zipfile.ZipInfo(name or "x"), content)
    return out.getvalue()


ARCHIVE: tuple[Mutation, ...] = (rewrite_archive, rewrite_archive, rewrite_archive, damage_footer, flip_bits, truncate)
