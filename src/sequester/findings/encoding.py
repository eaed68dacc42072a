"""One canonical JSON for a `Result`: what is printed is what is stored.

Keys come in the order of the contract, absent values as null. The text is pure ASCII, so names that no encoding can hold
(lone surrogates in an episode id) survive. Guarded text cannot be encoded: a result holds no CoT by construction, and
this is where a mistake would show.
"""

from __future__ import annotations

import json
from io import StringIO

import msgspec
from msgspec import Struct

from sequester.errors import GuardedTextError, InputError
from sequester.findings.model import SCHEMA, Result


def encode_result(result: Result, indent: int | None = None) -> str:
    """The result as one JSON object. Raises GuardedTextError if guarded text stands in it, InputError for NaN or infinity.

    Piece by piece: the pieces of a hundred thousand findings would take ten times the memory of the text that they make.
    """
    text = StringIO()
    try:
        text.writelines(_Encoder(ensure_ascii=True, indent=indent, allow_nan=False).iterencode(result))
    except ValueError as error:
        raise InputError("a result holds a number that is not finite", hint="report this: a count or share went wrong") from error
    return text.getvalue()


class _Encoder(json.JSONEncoder):
    def default(self, value: object) -> dict[str, object]:
        """The members of a structure, itself not yet encoded."""
        if isinstance(value, Struct):
            return {
                name: getattr(value, field)
                for field, name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            }
        raise GuardedTextError(
            f"a result cannot hold {type(value).__name__}", hint="put lengths, offsets or fingerprints into it"
        )


def decode_result(text: str, where: str) -> Result:
    """The result that `encode_result` wrote; `where` names the source in errors. Raises InputError."""
    try:
        value = json.loads(text)
        schema = value.get("schema") if isinstance(value, dict) else None
        if isinstance(schema, str) and schema != SCHEMA and schema.startswith(SCHEMA.rpartition("/")[0]):
            hint = f"read it with the version that wrote it, or audit again: this one writes {SCHEMA}"
            raise InputError("is a result of another version of sequester", where=where, hint=hint)
        if schema != SCHEMA:
            raise InputError("is no result of `sequester audit`", where=where, hint="give a file that --out json=FILE wrote")
        return msgspec.convert(value, Result)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise InputError(
            f"is no result of `sequester audit` ({type(error).__name__})",
            where=where,
            hint="give a file that --out json=FILE wrote, or audit again",
        ) from error
