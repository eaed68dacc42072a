"""Text that is, or may hold, a model's chain of thought.

Everything that comes out of a training log is carried as `GuardedText`: a mis-split answer or a scorer input can hold reasoning just
as the reasoning field does. The type does not print, format, pickle or serialise by accident; reading the characters is an explicit,
greppable call (`reveal`, `reveal_utf8`, `reveal_raw`).

What it does not do: it is no security boundary. Code in this process can call `reveal`. It stops accidents, not intent.
"""

from __future__ import annotations

from typing import NoReturn

from sequester.errors import GuardedTextError


class GuardedText:
    """An immutable text whose characters only the three `reveal` methods return.

    Wraps a `str`, or UTF-8 bytes (`bytes` or a `memoryview` into an Arrow buffer, so that columnar readers need not copy).
    Lone surrogates in a `str` are allowed; they become U+FFFD in UTF-8.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: str | bytes | memoryview) -> None:
        # Never assigned again. Enforcing that would cost more than everything else here, once per text of a run.
        self._raw = raw

    def reveal(self) -> str:
        """The characters. Every call site is a place where CoT may be read."""
        raw = self._raw
        return raw if isinstance(raw, str) else str(raw, "utf-8", "replace")

    def reveal_utf8(self) -> bytes | memoryview:
        """The characters as UTF-8, without a copy where they are held so. Lone surrogates become U+FFFD."""
        raw = self._raw
        if not isinstance(raw, str):
            return raw
        try:
            return raw.encode()
        except UnicodeEncodeError:
            return raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()

    def reveal_raw(self) -> str | bytes | memoryview:
        """The characters in whatever form they are held, without a copy: for the matching kernel."""
        return self._raw

    def __len__(self) -> int:
        """Length in code points."""
        return len(self.reveal())

    def __bool__(self) -> bool:
        return len(self._raw) > 0

    def __eq__(self, other: object) -> bool:
        return self.reveal() == other.reveal() if isinstance(other, GuardedText) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __repr__(self) -> str:
        return f"<guarded text, {len(self)} characters>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise GuardedTextError(
            "guarded text cannot be pickled or copied into another process",
            hint="pass lengths, offsets or fingerprints instead; reveal() is the explicit way to the characters",
        )

    def __copy__(self) -> GuardedText:
        return self

    def __deepcopy__(self, memo: object) -> GuardedText:
        return self
