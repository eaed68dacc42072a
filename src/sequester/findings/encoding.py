"""One canonical JSON for a `Result`: what is printed is what is stored.

Keys come in the order of the contract, absent values as null. The text is pure ASCII, so names that no encoding can hold
(lone surrogates in an episode id) survive. Guarded text cannot be encoded: a result holds no CoT by construction, and
this is where a mistake would show.
"""

from __future__ import annotations

import json
from typing import NoReturn

import msgspec

from sequester.errors import GuardedTextError, InputError
from sequester.findings.model import SCHEMA, Result


def encode_result(result: Result, indent: int | None = None) -> str:
    """The result as one JSON object. Raises GuardedTextError if guarded text stands in it, InputError for NaN or infinity."""
    try:
        return json.dumps(msgspec.to_builtins(result, enc_hook=_refuse), ensure_ascii=True, indent=indent, allow_nan=False)
    except ValueError as error:
        raise InputError("a result holds a number that is not finite", hint="report this: a count or share went wrong") from error


def decode_result(text: str, where: str) -> Result:
    """The result that `encode_result` wrote; `where` names the source in errors. Raises InputError."""
    try:
        value = json.loads(text)
        schema = value.get("schema") if isinstance(value, dict) else None
        if schema != SCHEMA:
            raise InputError(f"schema {SCHEMA} expected", where=where, hint="it was written by another version of sequester")
        return msgspec.convert(value, Result)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise InputError(f"not a stored result ({type(error).__name__})", where=where, hint="run the audit again") from error


def _refuse(value: object) -> NoReturn:
    raise GuardedTextError(f"a result cannot hold {type(value).__name__}", hint="put lengths, offsets or fingerprints into it")
