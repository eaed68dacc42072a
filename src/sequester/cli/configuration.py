"""Settings from `sequester.toml` or `[tool.sequester]` in `pyproject.toml`.

One table per verb, keys as the verb's flags. Precedence: flag > environment (`SEQUESTER_AUDIT_FAIL_ON`) > file > built-in default. An
unknown key or variable is an error that names the nearest valid one, because a misspelt `fail-on` would otherwise pass a leak. Paths in
the file are relative to its folder.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from sequester.errors import ConfigError
from sequester.mismatch import TOML, kind_of
from sequester.toml_file import place_of, read_toml

FILE = "sequester.toml"
PYPROJECT = "pyproject.toml"
PREFIX = "SEQUESTER_"
OTHER_VARIABLES = ("SEQUESTER_CONFIG", "SEQUESTER_DEBUG", "SEQUESTER_KERNEL")
"""Variables that belong to no flag of a verb."""
VERB_TABLES = ("audit", "swap", "lint", "show", "waive", "calibrate")
"""Tables a configuration file may hold: the verbs that take settings."""
DECLARATIONS = {"swap": ("reward",)}
"""Tables within the table of a verb that are none of its flags."""


def locate(explicit: str | None) -> Path | None:
    """The configuration file in force: the one named, else the nearest of `sequester.toml` and `pyproject.toml` upwards."""
    if explicit is not None:
        path = Path(explicit)
        if not path.is_file():
            raise ConfigError("the configuration file does not exist", where=str(path), hint="check --config")
        return path
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder / FILE
        if (folder / PYPROJECT).is_file() and "sequester" in read_toml(folder / PYPROJECT).get("tool", {}):
            return folder / PYPROJECT
    return None


def declarations(tables: dict[str, Any], name: str, verb: str, key: str) -> object:
    """The table `[verb.key]` in the tables of a file of this name; empty where there is none."""
    return verb_table(tables, name, verb).get(key, {})


def verb_table(tables: dict[str, Any], name: str, verb: str) -> dict[str, Any]:
    """The table `[verb]` in the tables of a file of this name; empty where there is none."""
    table = _own(tables, name).get(verb, {})
    return table if isinstance(table, dict) else {}


def _own(tables: dict[str, Any], name: str) -> dict[str, Any]:
    """The tables of a file of this name that are about Sequester."""
    if name != PYPROJECT:
        return tables
    tool = tables.get("tool", {})
    own = tool.get("sequester", {}) if isinstance(tool, dict) else {}
    return own if isinstance(own, dict) else {}


def settings(path: Path, verb: str, known: Collection[str]) -> dict[str, Any]:
    """The table of one verb, keys as written; `known` are those that it can have.

    Raises ConfigError if the file has a table of no verb or a key outside of all tables, or if this one is no table.
    """
    tables = _own(read_toml(path), path.name)
    for key, value in tables.items():
        if key not in VERB_TABLES and not isinstance(value, dict):
            hint = f"put it under [{verb}]" if key in known else f"tables: {', '.join(f'[{one}]' for one in VERB_TABLES)}"
            raise ConfigError(f"the key {key!r} stands in no table", where=setting(path, "", key), hint=hint)
    _reject_unknown(tables, VERB_TABLES, path, "", "table")
    table = tables.get(verb, {})
    if not isinstance(table, dict):
        raise ConfigError("must be a table", where=f"{setting(path, verb)}: {verb}", hint=f"write [{verb}] on a line of its own")
    return {key: value for key, value in table.items() if key not in DECLARATIONS.get(verb, ())}


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
    given = settings(path, command.name, options)
    _reject_unknown(given, options, path, command.name, "key")
    return {str(options[key].name): _value(options[key], value, path, command.name, key) for key, value in given.items()}


def check_values(path: Path | None, command: click.Command) -> None:
    """Raises ConfigError if the file gives one of a verb's options a value that cannot be, which only a run would tell."""
    if path is None:
        return
    given = defaults(path, command)
    with click.Context(command, info_name=command.name) as ctx:
        for option in command.params:
            try:
                if option.name in given:
                    option.type_cast_value(ctx, given[option.name])
            except click.BadParameter as error:
                key = max(option.opts, key=len).removeprefix("--")
                raise ConfigError(
                    f"[{command.name}] {key}: {error.message}", where=setting(path, str(command.name), key)
                ) from error


def setting(path: Path, verb: str, key: str = "") -> str:
    """Where a file sets something: file, line and column."""
    top = "tool.sequester." if path.name == PYPROJECT else ""
    return place_of(path, f"{top}{f'{verb}.{key}'.strip('.')}")


def variable(verb: str, flag: str) -> str:
    """The environment variable of a verb's flag, such as `SEQUESTER_AUDIT_FAIL_ON` for `--fail-on`."""
    return f"{PREFIX}{verb}_{flag.removeprefix('--')}".replace("-", "_").upper()


def unknown_variables(environment: Mapping[str, str], commands: Mapping[str, click.Command]) -> list[str]:
    """Names in the environment that look like ours and set nothing; something else may own them.

    Raises ConfigError for one that begins with a verb or is nearly a name of ours: somebody meant it to set something.
    """
    known = [name for command in commands.values() for option in command.params for name in _variables_of(option)]
    strangers = [name for name in environment if name.startswith(PREFIX) and name not in (*known, *OTHER_VARIABLES)]
    for name in strangers:
        rest = name.removeprefix(PREFIX)
        near = difflib.get_close_matches(rest, [one.removeprefix(PREFIX) for one in (*known, *OTHER_VARIABLES)], 1, 0.65)
        if near or rest.partition("_")[0].lower() in commands:
            hint = (
                f"did you mean {PREFIX}{near[0]}?" if near else "name: SEQUESTER_, the verb, the flag; see `--help` of the verb"
            )
            raise ConfigError("unknown environment variable", where=name, hint=hint)
    return strangers


def _variables_of(option: click.Parameter) -> list[str]:
    return [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())


def _value(option: click.Option, value: Any, path: Path, verb: str, key: str) -> Any:
    """What click takes as this option's default. A repeatable option takes a list, or one value alone."""
    values = value if option.multiple and isinstance(value, list) else [value]
    if any(isinstance(one, (dict, list)) for one in values):
        where = f"{setting(path, verb, key)}: [{verb}] {key}"
        raise ConfigError(f"cannot be {kind_of(value, TOML)}", where=where, hint="write it as on the command line")
    if isinstance(option.type, click.Path):
        return str(path.parent / str(value))
    return [str(one) for one in values] if option.multiple else value


def _reject_unknown(given: Iterable[str], known: Collection[str], path: Path, verb: str, kind: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            where = setting(path, verb, name) + (f": [{verb}]" if verb else "")
            raise ConfigError(f"unknown {kind} {name!r}", where=where, hint=hint)
