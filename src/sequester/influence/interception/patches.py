"""Methods put in the place of others, and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patches:
    """What was replaced, by owner and name."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, made: Callable[[Any], Any]) -> None:
        """Put `made(original)` in the place of an attribute of a class or module, inherited or its own."""
        self._originals.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, made(getattr(owner, name)))

    def undo(self) -> None:
        """Everything as it was, the last first."""
        while self._originals:
            owner, name, original = self._originals.pop()
            if original is None:  # it was inherited
                delattr(owner, name)
            else:
                setattr(owner, name, original)
