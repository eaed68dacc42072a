"""`--out json`: the result itself, keys in the order of the contract, and its JSON Schema.

The schema is made from the types, so it cannot drift from what is printed; `docs/schemas/audit-1.json` is its published copy.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sequester.findings.encoding import encode_result
from sequester.findings.model import SCHEMA, Result


def render(result: Result) -> str:
    """One JSON object and a newline. Raises GuardedTextError if guarded text stands in the result."""
    return encode_result(result, indent=1) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `render` prints. Every key is always there; unknown keys may be added later."""
    (top,), parts = msgspec.json.schema_components([Result], ref_template="#/$defs/{name}")
    for part in parts.values():
        if "properties" in part:
            part["required"] = list(part["properties"])
            for described in part["properties"].values():
                described.pop("default", None)
    parts["Result"]["properties"]["schema"] = {"const": SCHEMA}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **top, "$defs": parts}
