"""Settings from `sequester.toml` or `[tool.sequester]` in `pyproject.toml`.

One table per verb, keys as the verb's flags. Precedence: flag > environment (`SEQUESTER_AUDIT_FAIL_ON`) > file > built-in default. An
unknown key is an error that names the nearest valid one, because a misspelt `fail-on` would otherwise pass a leak.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import click

from sequester.errors import ConfigError

FILE = "sequester.toml"
PYPROJECT = "pyproject.toml"


def locate(explicit: str | None, start: Path | None = None) -> Path | None:
    """The configuration file in force: the one named, else the nearest of `sequester.toml` and `pyproject.toml` upwards."""
    if explicit is not None:
        path = Path(explicit)
        if not path.is_file():
            raise ConfigError("the configuration file does not exist", where=str(path), hint="check --config")
        return path
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder / FILE
        if (folder / PYPROJECT).is_file() and "sequester" in read(folder / PYPROJECT).get("tool", {}):
            return folder / PYPROJECT
    return None


def read(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"cannot be read as TOML ({type(error).__name__})", where=str(path), hint="see docs/configuration.md"
        ) from error


def defaults(explicit: str | None, verb: str, command: click.Command | None) -> dict[str, Any]:
    """The file's settings for one verb, in the form click takes as defaults. Raises ConfigError on any unknown table or key."""
    path = locate(explicit)
    if path is None or command is None:
        return {}
    tables = read(path)
    if path.name == PYPROJECT:
        tables = tables.get("tool", {}).get("sequester", {})
    _reject_unknown(tables, VERB_TABLES, str(path), "table")
    options = {
        option.lstrip("-"): parameter.name for parameter in command.params for option in parameter.opts if option.startswith("--")
    }
    settings = tables.get(verb, {})
    if not isinstance(settings, dict):
        raise ConfigError("must be a table", where=f"{path}: {verb}", hint=f"write [{verb}] on a line of its own")
    _reject_unknown(settings, options, f"{path}: [{verb}]", "key")
    return {str(options[key]): value for key, value in settings.items()}


VERB_TABLES = ("audit", "show", "calibrate", "waive", "doctor")
"""Tables a configuration file may hold: the verbs that take settings."""


def _reject_unknown(given: Any, known: Any, where: str, kind: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            raise ConfigError(f"unknown {kind} {name!r}", where=where, hint=hint)
