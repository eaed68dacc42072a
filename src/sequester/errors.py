"""Every error Sequester raises on purpose.

    SequesterError                what went wrong, where, and the next step
    ├── UsageError                a flag, a path or a name that cannot be used
    ├── ConfigError               sequester.toml, [tool.sequester] or a waiver file
    ├── InputError                an input that cannot be read as what it claims to be
    │   ├── UnknownFormat         no reader recognised the content
    │   ├── MalformedRecord       one record of a readable file is wrong
    │   ├── LimitExceeded         reading on would cost unbounded time or memory
    │   └── BundleError           a run bundle that breaks its format
    └── GuardedTextError          guarded text was about to leave by accident

None of them carries text from an episode: they name files, lines, fields, lengths and types. All of them pickle, because workers
raise them across processes.
"""

from __future__ import annotations


class SequesterError(Exception):
    """Base of all errors: a sentence, where it happened, and what to do next."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        """File, line and field, as far as they are known; may be empty."""
        self.hint = hint
        """The next step for the person who reads this; may be empty."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.where, self.hint))


def _rebuild(kind: type[SequesterError], message: str, where: str, hint: str) -> SequesterError:
    return kind(message, where=where, hint=hint)


class UsageError(SequesterError):
    """A flag, a path or a name that cannot be used."""


class ConfigError(SequesterError):
    """A configuration or waiver file that cannot be used."""


class InputError(SequesterError):
    """An input that cannot be read as what it claims to be."""


class UnknownFormat(InputError):
    """No reader recognised the content of an input."""


class MalformedRecord(InputError):
    """One record of an otherwise readable input is wrong."""


class LimitExceeded(InputError):
    """Reading on would cost unbounded time or memory."""


class BundleError(InputError):
    """A run bundle breaks its format."""


class GuardedTextError(SequesterError, TypeError):
    """Guarded text was about to be printed, pickled or serialised by accident."""
