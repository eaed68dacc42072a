"""A completion or a prompt as the one text that a trainer without messages decodes: of every turn its CoT between think tags, then its
visible text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sequester.influence.message_fields import thought_of

Messages = str | Sequence[Mapping[str, Any]]
_CONTENT = "content"


def as_text(messages: Messages, thoughts: Iterable[tuple[int, str, str]] | None = None) -> str:
    """`thoughts`: every piece of CoT with index and key of its message (`Rendition.thoughts`); where they are not known, as for a prompt,
    what stands in the fields that servers use for CoT."""
    if isinstance(messages, str):
        return messages
    said: list[dict[str, str]] = [_in_fields(message) if thoughts is None else {} for message in messages]
    for index, key, thought in thoughts or ():
        said[index][key] = said[index].get(key, "") + thought
    return "\n".join(filter(None, map(_message_text, messages, said)))


def _in_fields(message: Mapping[str, Any]) -> dict[str, str]:
    content = message.get(_CONTENT)
    parts = enumerate(content) if isinstance(content, list | tuple) else ()
    found = {"": thought_of(message)}
    found.update(
        (f"{_CONTENT}/{number}/", str(part.get("thinking") or "")) for number, part in parts if isinstance(part, Mapping)
    )
    return {key: thought for key, thought in found.items() if thought}


def _message_text(message: Mapping[str, Any], said: Mapping[str, str]) -> str:
    content = message.get(_CONTENT)
    if isinstance(content, Sequence) and not isinstance(content, str):
        content = "".join(_part_text(part, f"{_CONTENT}/{number}", said) for number, part in enumerate(content))
    before = [thought for key, thought in said.items() if key.partition("/")[0] != _CONTENT]
    return _delimited(before) + (content if isinstance(content, str) else "")


def _part_text(part: Any, key: str, said: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return ""
    visible = f"{key}/text"
    is_thought = visible in said and part.get("type", "text") != "text"
    inside = [thought for name, thought in said.items() if name.startswith(f"{key}/") and (name != visible or is_thought)]
    return _delimited(inside) + ("" if is_thought else str(part.get("text") or ""))


def _delimited(thoughts: Iterable[str]) -> str:
    """Each once: servers log one CoT under several names. An empty one keeps its delimiters, as it does in a text."""
    return "".join(f"<think>\n{thought}\n</think>\n\n" for thought in dict.fromkeys(thoughts))
