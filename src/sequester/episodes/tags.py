"""Splitting a completion of any family that uses tags: from its marks to pieces.

The rules are those of the table in `splitter`. Time and memory are linear in the text, whatever stands in it: nothing here
looks at a stretch of text twice, and every look ahead is prepared by one backward pass over the marks of a turn.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter

from sequester.episodes.families import Kind
from sequester.episodes.labels import odd_closer
from sequester.episodes.marks import Fences, Mark, between_ideographs, in_prose, with_line_breaks
from sequester.episodes.model import Channel
from sequester.episodes.pieces import SHORTEST, Piece, Why

# Looking a member up in its enum costs as much as making a mark.
_OPEN, _CLOSE, _CALL, _RESULT = Kind.OPEN, Kind.CLOSE, Kind.CALL, Kind.RESULT
_TURN_OUT, _TURN_IN, _DROP = Kind.TURN_OUT, Kind.TURN_IN, Kind.DROP
_REASONING, _ANSWER = Channel.REASONING, Channel.ANSWER
_THINK = (_OPEN, _CLOSE)
_ASIDE = (_CALL, _RESULT)
_CLOSERS_ONLY = frozenset((Why.CLOSER_ONLY, Why.CLOSER_ONLY_ODD))
_EDGE = (_DROP, Kind.CALL_END, Kind.RESULT_END)
_ENDS = {_CALL: Kind.CALL_END, _RESULT: Kind.RESULT_END}
_START = attrgetter("start")
_INK = re.compile(r"[^\s\ufeff\u200b]")
_ENDED = re.compile(r"<\|(?:im_end|eot_id|eom_id|end_of_text|end_of_msg)\|>|<turn\|>|\[e~\[")
_TOOL_MESSAGE = re.compile(r"\s*<(?:tool_response|tool_result|function_results)>")
_ROLE = r"(?:^|[>\]|｜_])[ \t]*(?:{})(?:(?:_start)?[|｜\]]*>|\]|</\w+>|:[ \t]?|\s*$)"
_THEIR_ROLE = re.compile(_ROLE.format("user|human|tool"), re.IGNORECASE | re.MULTILINE)
_OUR_ROLE = re.compile(_ROLE.format("assistant|model|ai"), re.IGNORECASE | re.MULTILINE)
"""What is left of a message's header without its special tokens."""


Pieces = tuple[tuple[Piece, ...], set[Why]]
"""Pieces in order, and what was observed."""


def blank(text: str, start: int, stop: int) -> bool:
    """Whether a stretch of a text is white space only, or what a file's beginning and editors leave that looks like nothing."""
    return start >= stop or _INK.search(text, start, stop) is None


def chosen_pair(text: str, marks: Sequence[Mark]) -> str | None:
    """The name of the reasoning delimiter that a text uses: that of the first one that is no mere mention.

    Where text stands before that one, a delimiter that is closed more often than opened goes before it: the prompt opened it.
    """
    think = [mark for mark in marks if mark.kind in _THINK and not mark.mention]
    if not think:
        return None
    first = think[0]
    if first.kind is _OPEN and not blank(text, 0, first.start):
        closed = Counter(mark.name for mark in think if mark.kind is _CLOSE)
        closed.subtract(mark.name for mark in think if mark.kind is _OPEN)
        return next((name for name, excess in closed.items() if excess > 0), first.name)
    return first.name


def split_tags(
    text: str, marks: Sequence[Mark], pair: str | None, *, visible_at_start: bool, prefills: bool, opened: bool = False
) -> Pieces:
    """Pieces of a text, and what was observed.

    `marks` in order, of which those named `pair` delimit the reasoning. `visible_at_start`: the prompt is known to leave the
    policy outside of reasoning; `opened`: to leave it inside. `prefills`: the family may open reasoning in the prompt.
    """
    own = [mark for mark in marks if mark.kind not in _THINK or mark.name == pair]
    kept = with_line_breaks(text, own)
    single = single_block(text, kept, prefills)
    if single is not None:
        return single
    quoted = [mark.start for mark in own if mark.mention and mark.kind is _CLOSE]
    draft = Draft(text, quoted[-1] if quoted else -1, prefills)
    pieces, found = by_turns(draft, kept, visible_at_start)
    if (opened or not _CLOSERS_ONLY.isdisjoint(found)) and _any_turn_open(pieces, draft.closed):
        found.add(Why.TURN_OPEN)
    return pieces, found


def _any_turn_open(pieces: Sequence[Piece], closed: Mapping[int, int]) -> bool:
    """Whether some turn has visible text, long enough to be looked for, before the first block of reasoning that it closed, or no such
    block at all. `closed` says where that block ends."""
    shown: Counter[int] = Counter()
    for piece in pieces:
        if piece.channel is _ANSWER and piece.start < closed.get(piece.turn, piece.end):
            shown[piece.turn] += piece.end - piece.start
    return any(size >= SHORTEST for size in shown.values())


def single_block(text: str, marks: Sequence[Mark], prefills: bool) -> Pieces | None:
    """What nearly every completion is: no block at all, or one block of reasoning at the start, then the answer, perhaps an end-of-turn
    token. None for every other text. Only a shortcut: `by_turns` gives the same in three times the time."""
    stop = len(text)
    if marks and marks[-1].kind is _DROP and blank(text, marks[-1].end, stop):
        stop, marks = marks[-1].start, marks[:-1]
    kinds = [mark.kind for mark in marks]
    found: set[Why]
    if not kinds:
        return (() if blank(text, 0, stop) else (Piece(_ANSWER, 0, stop, 0),)), set()
    if kinds == [_CLOSE]:
        start, found = 0, {_closer_only(prefills)}
    elif kinds == [_OPEN, _CLOSE] and blank(text, 0, marks[0].start):
        start, found = marks[0].end, set()
    else:
        return None
    end, after = marks[-1].start, marks[-1].end
    pieces: tuple[Piece, ...] = () if blank(text, after, stop) else (Piece(_ANSWER, after, stop, 0),)
    if blank(text, start, end):
        found.add(Why.EMPTY_BLOCK)
        return pieces, found
    found.add(Why.PAIRED)
    return (Piece(_REASONING, start, end, 0), *pieces), found


def by_turns(draft: Draft, kept: Sequence[Mark], visible_at_start: bool) -> Pieces:
    """Pieces of any text, from its marks that are no mentions."""
    text = draft.text
    at = first = number = 0
    while number < len(kept):
        mark = kept[number]
        if mark.kind is _TURN_OUT or (mark.kind is _TURN_IN and _starts_turn(draft, at, mark)):
            _Turn(draft, at, mark.start, kept[first:number]).run(visible_at_start and at == 0)
            if mark.kind is _TURN_OUT:
                back = _return(kept, number)
                if back is None and any(later.kind in _THINK for later in kept[number:]):
                    draft.found.add(Why.HEADER_UNKNOWN)
                    draft.turn += 1
                    _Turn(draft, mark.end, len(text), kept[number + 1 :]).run(False)
                    return tuple(draft.pieces), draft.found
                draft.outside(mark, len(text) if back is None else kept[back].start)
                if back is None:
                    return tuple(draft.pieces), draft.found
                number, mark = back, kept[back]
                if mark.kind is _DROP:
                    draft.found.add(Why.HEADER_UNKNOWN)
            at, first = mark.end, number + 1
        number += 1
    _Turn(draft, at, len(text), kept[first:]).run(visible_at_start and at == 0)
    return tuple(draft.pieces), draft.found


def _closer_only(prefills: bool) -> Why:
    return Why.CLOSER_ONLY if prefills else Why.CLOSER_ONLY_ODD


def _starts_turn(draft: Draft, at: int, mark: Mark) -> bool:
    """Whether a header of the policy starts a turn: it stands first, or after an end-of-turn token. Else it is a mention in the
    text."""
    return draft.blank(at, mark.start) or _ENDED.match(draft.text, mark.start) is not None


def _return(marks: Sequence[Mark], number: int) -> int | None:
    """The number of the header with which the policy comes back after somebody else's message. Where reasoning is delimited after an
    end-of-turn token and before that, a header was not recognised: the number of that token."""
    wanted, ended = marks[number].name, None
    for at in range(number + 1, len(marks)):
        mark = marks[at]
        if mark.kind in (_TURN_IN, Kind.RESULT_END) and mark.name == wanted:
            return at
        if mark.kind is _DROP:
            ended = at
        elif mark.kind in _THINK and ended is not None:
            return ended
    return None


def _stripped_turn(text: str, start: int, stop: int) -> tuple[int, int] | None:
    """Where somebody else's message and then the policy's next turn begin, if of their headers only the roles are known."""
    theirs = _THEIR_ROLE.search(text, start, stop)
    ours = [match.start() for match in _OUR_ROLE.finditer(text, theirs.end(), stop)] if theirs is not None else []
    return (theirs.start(), ours[-1]) if theirs is not None and ours else None


def _partners(marks: Sequence[Mark]) -> list[int | None]:
    """For each opening mark of a tool call or result the number of the mark that ends it: the next of its name, unless another
    one opens before."""
    partners: list[int | None] = [None] * len(marks)
    pending: dict[tuple[Kind, str], int | None] = {}
    for number in range(len(marks) - 1, -1, -1):
        mark = marks[number]
        end = _ENDS.get(mark.kind)
        if end is None:
            pending[mark.kind, mark.name] = number
        else:
            partners[number] = pending.get((end, mark.name))
            pending[end, mark.name] = None
    return partners


class Draft:
    """What is known of one completion so far."""

    def __init__(self, text: str, last_quoted_closer: int, prefills: bool) -> None:
        self.text = text
        self.last_quoted_closer = last_quoted_closer
        self.prefills = prefills
        self.fences = Fences(text)
        self.pieces: list[Piece] = []
        self.found: set[Why] = set()
        self.turn = 0
        self.closed: dict[int, int] = {}
        """By turn, where its first block of reasoning ends."""

    def blank(self, start: int, stop: int) -> bool:
        return blank(self.text, start, stop)

    def inside_line(self, start: int, position: int) -> bool:
        """Whether text stands before a position on its line, in a family whose prompt may have opened the reasoning."""
        line = self.text.rfind("\n", start, position) + 1
        return self.prefills and not self.blank(max(line, start), position)

    def emit(self, channel: Channel, start: int, end: int) -> bool:
        """Add a piece, unless it is blank."""
        if blank(self.text, start, end):
            return False
        self.pieces.append(Piece(channel, start, end, self.turn))
        return True

    def outside(self, mark: Mark, stop: int) -> None:
        """Somebody else's message inside the completion."""
        header = self.text[mark.start : mark.end].lower()
        user = "user" in header or "inst" in header
        tool = _TOOL_MESSAGE.match(self.text, mark.end) is not None
        self.emit(Channel.PROMPT if user and not tool else Channel.TOOL_RESULT, mark.end, stop)
        self.turn += 1


class _Outlook:
    """What lies ahead of each mark of a turn, from one backward pass."""

    def __init__(self, text: str, marks: Sequence[Mark]) -> None:
        kinds = [mark.kind for mark in marks]
        nothing: list[int | None] = [None] * len(marks)
        self.ends = nothing
        self.in_call = in_result = [False] * len(marks)
        if _CALL in kinds or _RESULT in kinds:
            self.ends = _partners(marks)
            self.in_call = self._inside(marks, _CALL)
            in_result = self._inside(marks, _RESULT)
        self.next_think = [*nothing, None]
        """The first delimiter of reasoning at or after a mark; those inside a tool result are the tool's."""
        self.next_break = [*nothing, None]
        """The first of these, or of the openings of tool calls and results, at or after a mark."""
        self.lowest = [0] * (len(marks) + 1)
        """The lowest depth of reasoning reached from a mark on, from depth 0; negative if there are closers without openers."""
        self.lowest_but_prose = [0] * (len(marks) + 1)
        """The same without the delimiters that are words of a sentence."""
        self.last_closer = -1
        think = found = None
        low = sober = 0
        for number in range(len(marks) - 1, -1, -1):
            kind = kinds[number]
            if kind in _THINK and not in_result[number]:
                think = found = number
                step = 1 if kind is _OPEN else -1
                low = min(0, step + low)
                sober = sober if in_prose(text, marks[number]) else min(0, step + sober)
                if kind is _CLOSE and self.last_closer < 0:
                    self.last_closer = number
            elif kind in _ASIDE:
                found = number
            self.next_think[number], self.next_break[number] = think, found
            self.lowest[number], self.lowest_but_prose[number] = low, sober

    def _inside(self, marks: Sequence[Mark], kind: Kind) -> list[bool]:
        inside = [False] * len(marks)
        until = 0
        for number, mark in enumerate(marks):
            inside[number] = number < until
            end = self.ends[number]
            if mark.kind is kind and end is not None:
                until = max(until, end)
        return inside


class _Turn:
    """The state machine over one turn of the policy, or several with tool results between them but no end-of-turn token."""

    def __init__(self, draft: Draft, start: int, stop: int, marks: Sequence[Mark]) -> None:
        first = 0
        while first < len(marks) and marks[first].kind is _DROP and draft.blank(start, marks[first].start):
            start, first = marks[first].end, first + 1
        marks = marks[first:]
        self._draft = draft
        self._at = self._visible_since = start
        self._stop = stop
        self._marks = marks
        self._outlook = _Outlook(draft.text, marks)
        self._edges = [mark for mark in marks if mark.kind in _EDGE]
        self._block_start = -1
        """Where the last block of reasoning of this turn began; -1 before the first one."""
        self._block_piece: int | None = None
        """Its piece, if it was not blank."""
        self._after_block = 0
        """How many pieces there were after it."""
        self._blocks = 0

    def run(self, visible: bool) -> None:
        """Append the turn's pieces to the draft. `visible`: known to begin outside of reasoning."""
        number = self._begin(0, visible)
        while number < len(self._marks):
            mark = self._marks[number]
            if mark.kind in _THINK and self._draft.fences.holds(mark.start, self._visible_since):
                number += 1
            elif mark.kind is _OPEN:
                if self._block_start >= 0 and in_prose(self._draft.text, mark):
                    self._draft.found.add(Why.MARK_IN_PROSE)
                self._show(mark.start)
                number = self._reason(mark.end, number + 1)
            elif mark.kind is _CLOSE:
                self._close_again(mark)
                number += 1
            elif mark.kind in _ASIDE:
                number = self._aside(number)
            else:
                number += 1
        self._show(self._stop)

    def _begin(self, number: int, visible: bool) -> int:
        """The start of a turn: outside of reasoning, or inside of reasoning that the prompt opened?"""
        think = self._outlook.next_think[number]
        if think is None:
            return number
        mark, found = self._marks[think], self._draft.found
        if mark.kind is _OPEN:
            if visible or self._draft.blank(self._at, mark.start):
                return number
            if self._outlook.lowest[think] >= 0:
                before = self._marks[think - 1] if think > number else None
                header = before is not None and before.kind is Kind.RESULT_END
                if not self._draft.inside_line(before.end if before is not None and header else self._at, mark.start):
                    return number
                found.add(Why.OPENER_IN_LINE)
            elif self._outlook.lowest_but_prose[think] >= 0:
                found.add(Why.MARK_IN_PROSE)
                return number
        elif self._outlook.in_call[think]:
            found.add(Why.CLOSER_IN_CALL)
        found.add(_closer_only(self._draft.prefills))
        return self._reason(self._at, number)

    def _reason(self, start: int, number: int) -> int:
        """A block of reasoning from `start`; `number` is the first mark inside it. Returns the first mark after it."""
        marks, draft = self._marks, self._draft
        while number < len(marks) and marks[number].kind is _OPEN and draft.blank(start, marks[number].start):
            start, number = marks[number].end, number + 1
        end = self._matching(start, number)
        if end is None:
            odd = odd_closer(draft.text, start, self._stop)
            if odd is not None:
                draft.found.add(Why.CLOSER_ODD)
                self._block(start, odd, odd)
                return next((at for at in range(number, len(marks)) if marks[at].start >= odd), len(marks))
            draft.found.add(Why.UNCLOSED)
            if draft.last_quoted_closer >= start:
                draft.found.add(Why.CLOSER_QUOTED)
            self._block(start, self._trimmed(start, self._stop), self._stop)
            return len(marks)
        inside = {mark.kind for mark in marks[number:end]}
        if _OPEN in inside and _RESULT in inside:  # an opener that is text would join the turns before and after a tool result
            draft.found.add(Why.MARK_IN_PROSE)
        self._block(start, marks[end].start, marks[end].end)
        return end + 1

    def _matching(self, start: int, number: int) -> int | None:
        """The closing delimiter of a block: by depth where the nesting is balanced, else the last one."""
        outlook = self._outlook
        depth = 1
        for candidate in range(number, outlook.last_closer + 1):
            if outlook.next_think[candidate] == candidate:
                depth += 1 if self._marks[candidate].kind is _OPEN else -1
                if depth == 0:
                    return candidate
        if outlook.last_closer < number:
            return None
        self._draft.found.add(Why.UNBALANCED)
        if self._draft.fences.holds(self._marks[outlook.last_closer].start, start):
            self._draft.found.add(Why.MARK_IN_PROSE)
        return outlook.last_closer

    def _block(self, start: int, end: int, after: int) -> None:
        written = self._draft.emit(_REASONING, start, end)
        late = len(self._draft.pieces) > 0
        self._draft.found.add(Why.PAIRED if written else Why.EMPTY_LATE if late else Why.EMPTY_BLOCK)
        self._after_block = len(self._draft.pieces)
        self._blocks += 1
        self._draft.closed.setdefault(self._draft.turn, after)
        self._block_start, self._block_piece = start, self._after_block - 1 if written else None
        self._at = self._visible_since = after

    def _close_again(self, mark: Mark) -> None:
        """A closing delimiter outside of reasoning. What stands before it was reasoning too, unless nothing does. After several blocks it
        may belong to the first of them, and what stands between them too."""
        draft = self._draft
        pieces = draft.pieces
        repeated = len(pieces) == self._after_block and draft.blank(self._at, mark.start)
        at, self._at = self._at, mark.end
        self._visible_since = mark.end
        if self._block_start < 0 or repeated:
            return
        if (turn := _stripped_turn(draft.text, at, mark.start)) is not None:
            draft.found.add(Why.TOKENS_STRIPPED)
            draft.emit(_ANSWER, at, turn[0])
            draft.emit(Channel.PROMPT, *turn)
            draft.turn += 1
            self._block(turn[1], mark.start, mark.end)
            return
        mention = in_prose(draft.text, mark) or between_ideographs(draft.text, mark)
        draft.found.add(Why.MARK_IN_PROSE if self._blocks > 1 or mention else Why.REPEATED)
        del pieces[self._after_block if self._block_piece is None else self._block_piece :]
        self._block_piece = len(pieces)
        pieces.append(Piece(_REASONING, self._block_start, mark.start, draft.turn))
        self._after_block = len(pieces)

    def _aside(self, number: int) -> int:
        """A tool call or a tool result outside of reasoning. One that is not closed ends where anything else begins."""
        mark, end = self._marks[number], self._outlook.ends[number]
        self._show(mark.start)
        if end is not None:
            stop, after, following = self._marks[end].start, self._marks[end].end, end + 1
        else:
            found = self._outlook.next_break[number + 1]
            after = self._stop if found is None else self._marks[found].start
            following = len(self._marks) if found is None else found
            stop = self._trimmed(mark.end, after)
        self._at = self._visible_since = after
        if mark.kind is _CALL:
            self._draft.emit(Channel.TOOL_CALL, mark.end, stop)
            return following
        self._draft.emit(Channel.TOOL_RESULT, mark.end, stop)
        self._draft.turn += 1
        self._block_start, self._block_piece, self._blocks = -1, None, 0
        return self._begin(following, visible=False)

    def _show(self, stop: int) -> None:
        """Visible text up to `stop`, without the control tokens at its edges."""
        start = self._at
        self._at = stop
        for mark in self._edge_marks(start, stop):
            if not self._draft.blank(start, mark.start):
                break
            start = mark.end
        self._draft.emit(_ANSWER, start, self._trimmed(start, stop))

    def _trimmed(self, start: int, stop: int) -> int:
        for mark in reversed(self._edge_marks(start, stop)):
            if not self._draft.blank(mark.end, stop):
                break
            stop = mark.start
        return stop

    def _edge_marks(self, start: int, stop: int) -> list[Mark]:
        edges = self._edges
        if not edges:
            return edges
        return edges[bisect_left(edges, start, key=_START) : bisect_left(edges, stop, key=_START)]
