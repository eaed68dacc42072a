"""What the resolved configuration of a verifiers run says about its judges. It lies beside the traces."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

LAST_REPLY = "last_reply"
FULL_TRACE = "full_trace"
_FILES = ("configs/resolved/*.json", "configs/*.json", "config.toml")
_MAX_BYTES = 8 << 20


class RunConfig(Struct, frozen=True):
    """The part of a configuration that decides what a judge is given."""

    views: dict[str, str | None] = {}
    """By reward name of a plugged judge, how much of the rollout its prompt renders; None where that is not said."""
    hidden_reasoning: bool | None = None
    """Whether an agentic judge is given the hidden reasoning; None where the configuration does not say."""


def run_config(folder: Path) -> RunConfig:
    """The configuration of the run whose traces lie in a folder; an empty one if there is none that can be read."""
    views: dict[str, str | None] = {}
    hidden: bool | None = None
    for path in sorted(path for pattern in _FILES for path in folder.glob(pattern)):
        for key, value in _entries(_parsed(path)):
            if key == "judges" and isinstance(value, list):
                views.update((_reward_name(judge), judge.get("view")) for judge in value if isinstance(judge, dict))
            elif key == "include_hidden_reasoning" and isinstance(value, bool):
                hidden = value or bool(hidden)
    return RunConfig(views, hidden)


def _reward_name(judge: dict[str, Any]) -> str:
    return str(judge.get("name") or judge.get("id"))


def _parsed(path: Path) -> Any:
    """A configuration, or None: without it the judges' views are unknown, which is what the reader then says."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        text = path.read_text()
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at whatever depth."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield from value.items()
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
