"""One canonical JSON for a result of any kind: what is printed is what is stored.

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
from sequester.findings.kinds import KINDS, AnyResult, PrintedResult

_NAMES = {schema.rpartition("/")[0]: schema for schema in KINDS}
"""Schemas by their names without a version."""
_HINT = "give a file that --out json=FILE wrote"


def encode_result(result: PrintedResult, indent: int | None = None) -> str:
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


def decode_result(text: str, where: str) -> AnyResult:
    """The result that `encode_result` wrote; `where` names the source in errors. Raises InputError."""
    try:
        value = json.loads(text)
        schema = value.get("schema") if isinstance(value, dict) else None
        if not isinstance(schema, str) or schema.rpartition("/")[0] not in _NAMES:
            raise InputError("is no result of sequester", where=where, hint=_HINT)
        if schema not in KINDS:
            hint = f"read it with the version that wrote it: this one reads {_NAMES[schema.rpartition('/')[0]]}"
            raise InputError("is a result of another version of sequester", where=where, hint=hint)
        return msgspec.convert(value, KINDS[schema])
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise InputError(f"is no result of sequester ({type(error).__name__})", where=where, hint=_HINT) from error
