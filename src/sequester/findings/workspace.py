"""The workspace: the one directory in which Sequester keeps state, `.sequester/` beside `sequester.toml`.

It ignores itself in git, and nobody but its owner may enter it: the keys in it turn fingerprints back into questions that
can be guessed.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from sequester.errors import ConfigError

NAME = ".sequester"
"""Name of the directory."""


class Workspace(Struct, frozen=True):
    """Where a workspace keeps what. Building one touches nothing on disk; `create` does."""

    root: Path

    @property
    def results(self) -> Path:
        return self.root / "results.sqlite"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    def create(self) -> Workspace:
        """Make the directory if it is not there. Raises ConfigError if it cannot be made."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"the workspace cannot be made ({error.strerror})",
                where=str(self.root),
                hint="choose another place with --workspace DIR",
            ) from error
        return self
