"""Entries of a ZIP file from somewhere else: bounded, checked, and with the one method that older Pythons lack.

Inspect writes its entries with zstd (method 93), which `zipfile` inflates only from Python 3.14 on. So `zipfile` reads the
directory, and the entries are inflated here, the same way everywhere. What the directory claims about sizes is never trusted.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import pyarrow as pa

from sequester.errors import InputError, LimitExceeded

MAX_ENTRY = 256 << 20
"""Inflated bytes of one entry. Decoded JSON takes five to ten times as much memory."""
_FREE_BYTES = 2 << 20
_MAX_RATIO = 400
"""Beyond `_FREE_BYTES`, inflated bytes per compressed byte. Logs reach 5 to 100; deflate can reach 1032, zstd 10^5."""
_BLOCK = 1 << 20
_STORED, _DEFLATED, _ZSTD = 0, 8, 93
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, NotImplementedError, ValueError, OverflowError, EOFError)
_DAMAGED = (zlib.error, pa.ArrowException, OSError, ValueError, MemoryError)
_COPY_AGAIN = "copy the file again from where it was written; its writer may also have been stopped halfway"


class ZippedFile:
    """An open ZIP file, its entries by name. Of entries with one name the last counts, which is how writers supersede one."""

    def __init__(self, path: Path) -> None:
        """Raises InputError if the file cannot be opened or its directory cannot be read."""
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be opened ({type(error).__name__})", where=str(path), hint="check the path") from None
        try:
            with zipfile.ZipFile(self._file) as archive:
                infos = archive.infolist()
            if sum(info.compress_size for info in infos) > path.stat().st_size:
                raise ValueError("entries overlap")
        except (*_BROKEN, OSError) as error:
            self._file.close()
            raise InputError(
                f"the directory at the end of the ZIP file cannot be read ({type(error).__name__})",
                where=str(path),
                hint=_COPY_AGAIN,
            ) from None
        self.entries = {info.filename: info for info in infos}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def read(self, name: str, limit: int = MAX_ENTRY) -> bytes:
        """The inflated bytes of an entry, which must exist.

        Raises LimitExceeded if it inflates to more than `limit` bytes or to far more than its size, InputError if it is damaged.
        """
        info = self.entries[name]
        where = f"{self._path}: {shown_entry(name)}"
        if info.flag_bits & _ENCRYPTED:
            raise InputError("the entry is encrypted", where=where, hint="decrypt the file first")
        bound = min(limit, max(_FREE_BYTES, _MAX_RATIO * info.compress_size))
        blocks: list[bytes] = []
        size = checksum = 0
        try:
            for block in _inflate(self._stored_bytes(info, limit), info.compress_type):
                size += len(block)
                if size > bound:
                    raise LimitExceeded(
                        f"the entry inflates to more than {bound >> 20} MB",
                        where=where,
                        hint="inflate it by hand and look at it, if you trust where it comes from",
                    )
                checksum = zlib.crc32(block, checksum)
                blocks.append(block)
        except _DAMAGED as error:
            raise InputError(f"the entry is damaged ({type(error).__name__})", where=where, hint=_COPY_AGAIN) from None
        if checksum != info.CRC:
            raise InputError("the entry is damaged (its checksum differs)", where=where, hint=_COPY_AGAIN)
        return b"".join(blocks)

    def _stored_bytes(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        """The entry as it stands in the file. Raises LimitExceeded if even that is too much, ValueError if it is not there."""
        if info.compress_size > limit:
            raise LimitExceeded(f"the entry holds more than {limit >> 20} MB", where=str(self._path), hint="split the log")
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            raise ValueError("the file ends before the entry")
        magic, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        if magic != _LOCAL_MAGIC:
            raise ValueError("no entry at the offset that the directory names")
        self._file.seek(name_length + extra_length, 1)
        data = self._file.read(info.compress_size)
        if len(data) < info.compress_size:
            raise ValueError("the file ends inside the entry")
        return data


def shown_entry(name: str) -> str:
    """An entry's name for an error message: sample ids in it may be any text, so only their kind and length are shown."""
    folder, _, rest = name.partition("/")
    return f"{folder}/<{len(rest)} characters>" if folder == "samples" and rest else name[:80]


def _inflate(data: bytes, method: int) -> Iterator[bytes]:
    """Inflated blocks of at most 1 MB. Raises what the decompressors raise, and ValueError for a stream that ends early."""
    if method == _STORED:
        yield from (data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK))
    elif method == _DEFLATED:
        yield from _deflated(data)
    elif method == _ZSTD:
        if not data:
            return
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            while block := stream.read(_BLOCK):
                yield block
    else:
        raise ValueError(f"compression method {method} is not known")


def _deflated(data: bytes) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    while not stream.eof:
        block = stream.decompress(data, _BLOCK)
        data = stream.unconsumed_tail
        if not block and not data and not stream.eof:
            raise ValueError("the stream ends early")
        yield block
