"""Settings from `sequester.toml` or `[tool.sequester]` in `pyproject.toml`.

One table per verb, keys as the verb's flags. Precedence: flag > environment (`SEQUESTER_AUDIT_FAIL_ON`) > file > built-in default. An
unknown key is an error that names the nearest valid one, because a misspelt `fail-on` would otherwise pass a leak. Paths in the file
are relative to its folder.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import click

from sequester.errors import ConfigError

FILE = "sequester.toml"
PYPROJECT = "pyproject.toml"
VERB_TABLES = ("audit", "show", "waive", "calibrate")
"""Tables a configuration file may hold: the verbs that take settings."""


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
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, not TOML, integers too long for Python
        raise ConfigError(
            f"cannot be read as TOML ({type(error).__name__})", where=str(path), hint="see docs/configuration.md"
        ) from error


def settings(path: Path, verb: str) -> dict[str, Any]:
    """The table of one verb, keys as written. Raises ConfigError if the file has a table of no verb, or this one is no table."""
    tables = read(path)
    if path.name == PYPROJECT:
        tables = tables.get("tool", {}).get("sequester", {})
    _reject_unknown(tables, VERB_TABLES, str(path), "table")
    table = tables.get(verb, {})
    if not isinstance(table, dict):
        raise ConfigError("must be a table", where=f"{path}: {verb}", hint=f"write [{verb}] on a line of its own")
    return table


def defaults(path: Path | None, command: click.Command) -> dict[str, Any]:
    """The file's settings for one verb, in the form click takes as defaults. Raises ConfigError on any unknown table or key."""
    if path is None or command.name is None:
        return {}
    options = {
        flag.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name != "config_file"
        for flag in option.opts
        if flag.startswith("--")
    }
    given = settings(path, command.name)
    _reject_unknown(given, options, f"{path}: [{command.name}]", "key")
    return {str(options[key].name): _value(options[key], value, path, f"[{command.name}] {key}") for key, value in given.items()}


def _value(option: click.Option, value: Any, path: Path, key: str) -> Any:
    """What click takes as this option's default. A repeatable option takes a list, or one value alone."""
    values = value if option.multiple and isinstance(value, list) else [value]
    if any(isinstance(one, (dict, list)) for one in values):
        raise ConfigError(f"cannot be a {type(value).__name__}", where=f"{path}: {key}", hint="write it as on the command line")
    if isinstance(option.type, click.Path):
        return str(path.parent / str(value))
    return [str(one) for one in values] if option.multiple else value


def _reject_unknown(given: Iterable[str], known: Collection[str], where: str, kind: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            raise ConfigError(f"unknown {kind} {name!r}", where=where, hint=hint)
