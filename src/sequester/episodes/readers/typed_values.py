"""Values of a loosely typed record as the types that an episode wants: `null`, NaN and labels without a character as absent, numbers
that tables keep as text as numbers, anything else wrong by name."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from sequester.episodes.flatten import integer_array
from sequester.errors import MalformedRecord
from sequester.mismatch import kind_of

_LABEL_LENGTH = 1024
_INTEGER = re.compile(r"\s?[-+]?[0-9]{1,18}\s?")
_NUMBER = re.compile(
    r"\s?[-+]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?\s?|(?i:[-+]?(?:nan|inf(?:inity)?))"
)
"""A number as tables and JSON encoders write it where they keep it as text."""
_INT64 = range(-(2**63), 2**63)


class TypedValues(Struct, frozen=True):
    """The mapped fields of one record. Every method raises MalformedRecord, naming the field, where the type is another."""

    values: Mapping[str, Any]

    def label(self, name: str) -> str | None:
        """An identifier: a text of at most 1,024 characters, or an integer, also one that a table holds as a float."""
        value = self.values.get(name)
        if _is_missing(value) or value == "":
            return None
        if isinstance(value, str) and len(value) <= _LABEL_LENGTH:
            return value
        whole = _whole(value)
        if whole is not None:
            return str(whole)
        raise self._mismatch(name, f"a text of 1 to {_LABEL_LENGTH} characters or an integer")

    def integer(self, name: str) -> int | None:
        value = self.values.get(name)
        if _is_missing(value):
            return None
        whole = _whole(int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value)
        if whole is not None:
            return whole
        raise self._mismatch(name, "an integer")

    def number(self, name: str) -> float | None:
        value = self.values.get(name)
        if _is_missing(value):
            return None
        if isinstance(value, int | float | Decimal) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
            return _finite(value)
        raise self._mismatch(name, "a number")

    def text(self, name: str) -> str | None:
        """A text, or a list of texts joined by blank lines."""
        value = _as_text(self.values.get(name))
        if value is None or isinstance(value, str):
            return value
        return "\n\n".join(self.texts(name))

    def texts(self, name: str) -> Sequence[str]:
        """A list of texts, without the nulls in it; a single text is a list of one."""
        value = _as_text(self.values.get(name))
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list):
            texts = [_as_text(item) for item in value if item is not None]
            if all(isinstance(text, str) for text in texts):
                return texts
        raise self._mismatch(name, "text or a list of texts")

    def conversation(self, name: str) -> str | Sequence[Mapping[str, Any]] | None:
        """A text, or messages; one message is a list of one."""
        value = self.values.get(name)
        if isinstance(value, Mapping):
            return [value]
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            return value
        return self.text(name)

    def ids(self, name: str) -> array[int] | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, list) and all(type(item) is int for item in value):
            return integer_array(value)
        raise self._mismatch(name, "a list of integers")

    def _mismatch(self, name: str, expected: str) -> MalformedRecord:
        return MalformedRecord(f"{name}: expected {expected}, got {kind_of(self.values.get(name))}")


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, Decimal) and value.is_nan()) or (isinstance(value, float) and math.isnan(value))


def _as_text(value: Any) -> Any:
    """Bytes that are UTF-8 as a text: some writers of Parquet do not say that their bytes are text."""
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _whole(value: Any) -> int | None:
    """An integer, also where it is held as a float; None for anything else."""
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == value // 1:
        value = int(value)
    return value if isinstance(value, int) and value in _INT64 else None


def _finite(value: int | float | Decimal | str) -> float | None:
    """None for what no float holds."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
