"""Fields of a message that hold its CoT, by the names that servers and trainers give them, and which of them reward code asks for.

A log has the name that its writer chose: interchange JSONL `reasoning`, vLLM `reasoning` or `reasoning_content`, TRL with a response
template and verifiers `reasoning_content`; a chat template writes the CoT into the content. Reward code knows the name of its trainer, and
finds nothing under another one. So it is handed the CoT under the names that it asks for, too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FIELDS: Mapping[str, Callable[[str], Any]] = {
    "reasoning_content": str,
    "reasoning": str,
    "reasoning_text": str,
    "thinking": str,
    "reasoning_details": lambda text: [{"type": "reasoning.text", "text": text}],
    "thinking_blocks": lambda text: [{"type": "thinking", "thinking": text}],
}
"""Name of a field, and what makes its value of a text."""
_MOST_BYTES = 4 << 20


def names_in(files: Iterable[Path]) -> frozenset[str]:
    """What may be keys: identifiers that stand as string constants or declared attributes in Python code. A file that cannot be read names
    none."""
    return frozenset(name for file in files for node in ast.walk(_parsed(file)) if (name := _name(node)).isidentifier())


def _parsed(file: Path) -> ast.AST:
    try:
        with file.open("rb") as opened:
            return ast.parse(opened.read(_MOST_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.target.id if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else ""


def with_fields(
    messages: Sequence[Mapping[str, Any]], thoughts: Iterable[tuple[int, str]], named: frozenset[str]
) -> list[Mapping[str, Any]]:
    """Messages with their CoT in the fields named, too. `thoughts`: index of a message, and a piece of its CoT. A message that has one of
    these fields already is as the code expects it."""
    said: dict[int, list[str]] = {}
    for index, thought in dict.fromkeys(thoughts):
        said.setdefault(index, []).append(thought)
    return [
        {**message, **{name: FIELDS[name]("\n".join(said[index])) for name in sorted(named)}}
        if index in said and not named & message.keys()
        else message
        for index, message in enumerate(messages)
    ]


def thought_of(message: Mapping[str, Any]) -> str:
    """The CoT of a message that stands in a field of its own; empty where there is none."""
    return next((value for name in FIELDS if isinstance(value := message.get(name), str) and value), "")
