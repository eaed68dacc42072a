"""`--out json`: the result itself, keys in the order of the contract, and its JSON Schema.

The schema is made from the types, so it cannot drift from what is printed; `docs/schemas` holds the published copies.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sequester.findings.encoding import encode_result
from sequester.findings.kinds import PRINTED, PrintedResult


def render(result: PrintedResult) -> str:
    """One JSON object and a newline. Raises GuardedTextError if guarded text stands in the result."""
    return encode_result(result, indent=1) + "\n"


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `render` prints for results of this schema, such as `sequester.audit/1`.

    Every key is always there; unknown keys may be added later.
    """
    kind = PRINTED[name]
    (top,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    for part in parts.values():
        if "properties" in part:
            part["required"] = list(part["properties"])
            for described in part["properties"].values():
                described.pop("default", None)
    parts[kind.__name__]["properties"]["schema"] = {"const": name}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **top, "$defs": parts}


def schema_file(name: str) -> str:
    """The name of its published copy, such as `audit-1.json`."""
    return f"{name.removeprefix('sequester.').replace('/', '-')}.json"
