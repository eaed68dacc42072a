"""TOML that people write (settings, waivers, field maps): read whole, or an error that names file, line and column."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from sequester.errors import ConfigError

MOST_BYTES = 4 << 20
"""Far beyond what anybody writes by hand; what is longer is not the file that was meant."""
_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigError."""
    try:
        if not path.is_file():
            problem = "is not a regular file" if path.exists() else "does not exist"
            raise ConfigError(problem, where=str(path), hint="check the path")
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(
                f"is longer than {MOST_BYTES} bytes", where=str(path), hint="check whether this is the file you meant"
            )
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path), hint="check its permissions") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("cannot be read as TOML: not UTF-8", where=f"{path}:{line}", hint="save it as UTF-8") from error
    return parse_toml(text, str(path))


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """As `read_toml`, from the text of a file; `where` names it in errors."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        placed = _PLACE.fullmatch(str(error))
        what = placed[1] if placed else str(error)
        end = (text.count("\n") + 1, len(text) - text.rfind("\n"))
        line, column = (placed[2], placed[3]) if placed and placed[2] else end
        raise ConfigError(
            f"cannot be read as TOML: {what[:1].lower()}{what[1:]}",
            where=f"{where}:{line}:{column}",
            hint="correct that line; strings stand in quotes, tables in [brackets]",
        ) from error
    except (ValueError, RecursionError) as error:  # integers too long for Python, and arrays nested too deeply
        raise ConfigError(
            f"cannot be read as TOML ({type(error).__name__})", where=where, hint="shorten its numbers and nesting"
        ) from error


def place_of(path: str | Path, key: str) -> str:
    """`path:line:column` of a key such as `audit.fail-on` or `reward_call[0].path`, for errors about what a file says.

    Of a key in an inline table the place of that table; of a file that is not there, or a key that is not found, the path alone.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return str(path)
    places = key_places(lines)
    while key and key not in places:
        key = key.rpartition(".")[0]
    return f"{path}:{places[key][0]}:{places[key][1]}" if key else str(path)


def key_places(lines: list[str]) -> dict[str, tuple[int, int]]:
    """Line and column of every table and key that begins a line, and of their parents, by names such as `waiver[0].owner`."""
    places: dict[str, tuple[int, int]] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(lines, 1):
        if header := _TABLE.match(line):
            table = header[2]
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            names, column = table, header.start(1)
        elif found := _KEY.match(line):
            names, column = f"{table}.{found[1]}".lstrip("."), found.start(1)
        else:
            continue
        parts = names.replace('"', "").replace("'", "").replace(" ", "").split(".")
        for end in range(1, len(parts) + 1):
            places.setdefault(".".join(parts[:end]), (number, column + 1))
    return places
