"""Which outcomes a call of reward code comes to, told instruction by instruction: `sys.settrace` with opcode events.

A frame is watched until every outcome of its code has come in the call, or until that code has run as many instructions as one call may
be slowed down by.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any

from sequester.influence.conditions import Jumps, Outcome

Tracer = Callable[[FrameType, str, Any], Any]


class OutcomeTrace:
    """Of one call, in this thread and those that it starts."""

    def __init__(
        self, jumps_of: Callable[[CodeType], Jumps | None], known: Iterable[Outcome], instructions: int, calls: int
    ) -> None:
        """`jumps_of`: None for code that is not the reward's own. `known`: not looked for. `instructions`: of one code object that are
        watched at most. `calls`: of any function, after which nothing is watched any more."""
        self.came: set[Outcome] = set()
        self.ran = False
        """Whether any of the reward's own code has."""
        self._jumps_of = jumps_of
        self._known = frozenset(known)
        self._instructions = instructions
        self._calls = calls
        self._watched: dict[int, _Watched] = {}

    def start(self) -> None:
        self._before = threading.gettrace()
        threading.settrace(self._trace)
        sys._getframe().f_trace_opcodes = True  # Python 3.12 tells of none unless some frame has asked before
        sys.settrace(self._trace)

    def stop(self) -> None:
        self._calls = 0
        if sys.gettrace() == self._trace:  # rather than of somebody who has put theirs there meanwhile
            sys.settrace(None)
        if threading.gettrace() == self._trace:
            threading.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Tracer | None:
        self._calls -= 1
        if self._calls < 0:
            sys.settrace(None)
            return None
        code = frame.f_code
        watched = self._watched.get(id(code))
        if watched is None:
            jumps = self._jumps_of(code)
            if jumps is None:
                return None
            self.ran = True
            watched = self._watched[id(code)] = _Watched(code, jumps, self._known, self._instructions)
        if not watched.left or watched.instructions <= 0:
            return None
        return self._following(frame, watched)

    def _following(self, frame: FrameType, watched: _Watched) -> Tracer:
        after, at, shared = watched.jumps
        came = self.came
        jump: tuple[int, Outcome | None, Outcome | None] | None = None
        not_its_own = -1

        def note(frame: FrameType, outcome: Outcome | None) -> None:
            if outcome is not None and outcome not in came:
                came.add(outcome)
                frame.f_trace_opcodes = watched.waits_after(outcome)

        def follow(frame: FrameType, event: str, argument: Any) -> Tracer | None:
            nonlocal jump, not_its_own
            if event == "opcode":
                here = frame.f_lasti
                if jump is not None:
                    if here == jump[0]:
                        note(frame, jump[1])
                    else:
                        note(frame, jump[2])
                        not_its_own = shared.get(here, -1)
                if here in at:
                    note(frame, at[here])
                jump = after.get(here)
                if here == not_its_own and jump is not None:
                    jump, not_its_own = (jump[0], None, None), -1
                watched.instructions -= 1
                if watched.instructions <= 0:
                    frame.f_trace_opcodes = False
                    frame.f_trace = None
                    return None
            elif event == "exception":
                if jump is None or jump[1] is None or jump[1].what != "entered" or argument[0] is not StopIteration:
                    jump = None  # else it is how an iterator written in Python ends its loop
                frame.f_trace_opcodes = bool(watched.left)
            return follow

        frame.f_trace = follow  # Python 3.13 tells of instructions only where it is set before what follows
        frame.f_trace_lines = False
        frame.f_trace_opcodes = watched.waits
        return follow


class _Watched:
    """One code object, in one call."""

    def __init__(self, code: CodeType, jumps: Jumps, known: frozenset[Outcome], instructions: int) -> None:
        self.code = code
        """Kept, so that no other gets its id."""
        self.jumps = jumps
        self.left = jumps.outcomes() - known
        self.instructions = instructions

    @property
    def waits(self) -> bool:
        """Whether instructions are to be told of although nothing was raised: a handler runs only then."""
        return any(outcome.what != "run" for outcome in self.left)

    def waits_after(self, outcome: Outcome) -> bool:
        self.left.discard(outcome)
        return self.waits
