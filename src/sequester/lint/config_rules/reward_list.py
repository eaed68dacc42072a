"""Reward functions that a configuration names in a list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sequester.lint.config_file import ConfigFile, snake
from sequester.lint.settings import Setting

_LISTS = re.compile(r"reward_(?:funcs?|functions?|fns?|names?|types?|components?)|rewards?|reward_funcs_names")


def reward_names(file: ConfigFile) -> Iterator[tuple[Setting, str]]:
    """Every item of such a list with its name in `snake` form, without the module it is imported from."""
    for setting, text in file.strings():
        if setting.path[-1].isdigit() and _LISTS.fullmatch(snake(setting.name)):
            yield setting, snake(re.split(r"[.:/]", text.strip())[-1])
