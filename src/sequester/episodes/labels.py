"""Reasoning behind words instead of delimiters: typed fields that a log printed, `reasoning_content: ... | content: ...`, `[reasoning]
... [content] ...`, what Ollama prints, and the steps of a ReAct prompt, `Thought: ... Action: ... Observation: ... Final Answer: ...`.
And behind delimiters that somebody wrote otherwise: `&lt;think&gt;`, `\\u003cthink\\u003e`, `< think >`, or in one code fence with the
answer.

No template writes this, so where the fields end is a guess and the split fails; but what stands after a reasoning label is worth
looking for in reward inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import dropwhile

from sequester.episodes.families import TAG_NAMES
from sequester.episodes.marks import begins_line
from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece

_REASONING = "reasoning_content|reasoning|thinking|analysis|thought"
_ANSWER = "content|final|answer|text|output|response"
_LABEL = re.compile(
    rf"(?:\A\s*|(?<=[ \t]))(?:(?:(?P<reasoning>{_REASONING})|(?P<answer>{_ANSWER})):"
    rf"|\[(?:(?P<bracketed_reasoning>{_REASONING})|(?P<bracketed_answer>{_ANSWER}))\])(?=\s|\Z)"
)
"""A label at the very start or inside a line. At the start of a later line it is YAML or prose."""
_PRINTED = "Thinking...\n", "\n...done thinking."
"""What Ollama's command line prints around reasoning."""
_MOST = 8
"""Labels; a text with more is a table or a transcript."""
_BLANK = " \t\r\n|"
_STEP = re.compile(
    r"(?:\A\s*|^)\*{0,2}(Thought|Action Input|Action|Code|Observation|Final Answer|Answer)(?: \d{1,3})?\*{0,2}:\*{0,2}",
    re.MULTILINE,
)
"""A step of a ReAct prompt, at the start of a line, perhaps in bold."""
_THOUGHT = re.compile(r"^\*{0,2}Thought\b", re.MULTILINE)
_DISGUISED = re.compile(
    rf"(?:&lt;|\\\\?u003c|\\x3c|\\?[<＜‹〈])[\s\u200b-\u200d\u2060]{{0,2}}(?P<closes>\\?[/／]\s?)?(?:{TAG_NAMES})[\s\u200b-\u200d\u2060]{{0,2}}"
    r"(?:&gt;|\\\\?u003e|\\x3e|\\?[>＞›〉])",
    re.IGNORECASE,
)
_GAP = r"[ \t\r]{0,40}"
_RESEMBLES = re.compile(
    rf"^{_GAP}/(?:{TAG_NAMES})>|</(?:{TAG_NAMES})(?:>|(?={_GAP}$))|^{_GAP}<(?:{TAG_NAMES})>(?={_GAP}$)",
    re.IGNORECASE | re.MULTILINE,
)
"""What a model writes where it means to close its reasoning: the delimiter of another name, one that lacks a bracket or its slash."""
_INK = re.compile(r"\S")
_FENCED = re.compile(r"\s*(?:```\w{0,8}\n\s*)?")
_QUOTED = re.compile(r"\s*(?:```\w{0,8}\n\s*|[\"'`“”‘«(\[*_>]{1,3}\s?)?")
_STEPS = {
    "Thought": Channel.REASONING,
    "Action": Channel.TOOL_CALL,
    "Action Input": Channel.TOOL_CALL,
    "Code": Channel.TOOL_CALL,
    "Observation": Channel.TOOL_RESULT,
}


def split_labelled(text: str, lenient: bool = False) -> tuple[Piece, ...] | None:
    """The pieces of a text whose first word is a label and that has one of each kind; None for any other, or where no reasoning
    stands after its label. `lenient`: reasoning needs no label of an answer beside it, and steps may begin at a later line."""
    start = text.find(_PRINTED[0], 0, len(_PRINTED[0]) + 1)
    end = text.find(_PRINTED[1], start) if start >= 0 else -1
    if end >= 0:
        spans = [(Channel.REASONING, start + len(_PRINTED[0]), end), (Channel.ANSWER, end + len(_PRINTED[1]), len(text))]
        return _pieces(text, spans)
    thought = _THOUGHT.search(text) if lenient else _THOUGHT.match(text.lstrip())
    if thought is not None:
        return _split_steps(text, lenient)
    first = _LABEL.match(text)
    if first is None:
        return None
    labels = [first]
    for match in _LABEL.finditer(text, first.end()):
        labels.append(match)
        if len(labels) > _MOST:
            return None
    kinds = [Channel.REASONING if (match.lastgroup or "").endswith("reasoning") else Channel.ANSWER for match in labels]
    ends = [match.start() for match in labels[1:]] + [len(text)]
    pieces = _pieces(text, zip(kinds, [match.end() for match in labels], ends, strict=True))
    reasoned = any(piece.channel is Channel.REASONING and text[piece.start : piece.end].strip("'\"") for piece in pieces)
    return pieces if reasoned and (lenient or len(set(kinds)) == 2) else None


def split_disguised(text: str, lenient: bool = False) -> tuple[Piece, ...] | None:
    """The pieces of a text that begins with a disguised delimiter: reasoning up to the last that closes; None for any other.
    `lenient`: the delimiter may stand in quotation marks."""
    fence = (_QUOTED if lenient else _FENCED).match(text)
    opener = _DISGUISED.match(text, fence.end() if fence is not None else 0)
    if opener is None or opener["closes"]:
        return None
    closers = [match for match in _DISGUISED.finditer(text, opener.end()) if match["closes"]]
    start, end = closers[-1].span() if closers else (len(text), len(text))
    return _pieces(text, [(Channel.REASONING, opener.end(), start), (Channel.ANSWER, end, len(text))])


def odd_closer(text: str, start: int, stop: int) -> int | None:
    """Where the last thing ends that may have been meant to close the reasoning: on one side of it no text of its line, text before and
    after it. None if nothing does."""
    first = _INK.search(text, start, stop)
    written = first.start() if first is not None else stop
    found: tuple[int, int] | None = None
    for match in (*_RESEMBLES.finditer(text, start, stop), *_DISGUISED.finditer(text, start, stop)):
        begins, ends = match.span()
        alone = begins_line(text, begins) or text.startswith(("\n", "\r\n"), ends)
        closes = match.re is _RESEMBLES or match["closes"]
        if alone and closes and written < begins and (found is None or begins > found[0]):
            found = begins, ends
    return found[1] if found is not None and _INK.search(text, found[1], stop) is not None else None


def _split_steps(text: str, lenient: bool) -> tuple[Piece, ...] | None:
    """The steps of a ReAct prompt. What the environment answers begins a new turn."""
    steps = list(_STEP.finditer(text))
    if lenient:
        steps = list(dropwhile(lambda step: step[1] != "Thought", steps))
    alone = lenient and bool(steps) and not text[: steps[0].start()].strip()
    if not steps or steps[0][1] != "Thought" or (not alone and len({step[1] for step in steps}) < 2):
        return None
    pieces, turn = [*_pieces(text, [(Channel.ANSWER, 0, steps[0].start())])], 0
    ends = [step.start() for step in steps[1:]] + [len(text)]
    for step, end in zip(steps, ends, strict=True):
        pieces += [
            Piece(piece.channel, piece.start, piece.end, turn)
            for piece in _pieces(text, [(_STEPS.get(step[1], Channel.ANSWER), step.end(), end)])
        ]
        turn += step[1] == "Observation"
    return tuple(pieces)


def _pieces(text: str, spans: Iterable[tuple[Channel, int, int]]) -> tuple[Piece, ...]:
    """Pieces without the white space and bars at their edges, those that are not blank."""
    pieces = []
    for channel, start, end in spans:
        while start < end and text[start] in _BLANK:
            start += 1
        while end > start and text[end - 1] in _BLANK:
            end -= 1
        if start < end:
            pieces.append(Piece(channel, start, end, 0))
    return tuple(pieces)
