"""Splitting a harmony completion (gpt-oss): messages with a role, a channel and perhaps a recipient, not tags.

    <|start|>assistant<|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>...<|return|>

`analysis` is reasoning; a message with a recipient is a tool call on whatever channel; `commentary` without one is a visible
preamble; `final` is the answer. The header of the first message may stand in the prompt. Source of the grammar: OpenAI's
harmony format guide.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece, Why

_FIELD = r"[\w.:=/ -]{0,160}"
_HEADER = (
    rf"(?:start\|>(?P<role>{_FIELD})(?:<\|channel\|>(?P<after>{_FIELD}))?|channel\|>(?P<alone>{_FIELD}))"
    rf"(?:<\|constrain\|>{_FIELD})?<\|message\|>"
)
_NAME = r"[\w.]{0,40}(?: to=[\w.]{0,60})?"
_CUT = rf"(?:start\|>{_NAME}(?:<\|channel\|>{_NAME})?|channel\|>{_NAME})(?: ?<\|constrain\|>)?(?: ?[a-z]{{0,8}})?\Z"
_TOKEN = re.compile(rf"<\|(?:(?P<stop>(?:end|return|call)\|>)|(?P<header>{_HEADER})|(?P<cut>{_CUT})|(?P<message>message\|>))")
"""The end of a message, a header, a header cut off by the end of the text, and a body without a header."""
_BARE = re.compile(
    rf"\s*(?:assistant)?(?P<alone>(?:analysis|commentary|final)(?:\s{_FIELD})?)(?:<\|constrain\|>{_FIELD})?<\|message\|>"
)
"""The rest of a header whose beginning stood in the prompt or was stripped."""
_BETWEEN = re.compile(r"\s*(?:assistant)?\Z")
_INK = re.compile(r"\S")
_RECOGNISED = re.compile(rf"\s*(?:assistant)?(?:<\|start\|>|<\|channel\|>|<\|message\|>)|{_BARE.pattern}")
_LATER = re.compile(rf"<\|(?:end|call|return)\|>\s*(?:assistant)?<\|{_HEADER}")
_STRIPPED = re.compile(r"\s*(?:assistant)?(?:analysis|commentary|final)(?=[^\W_a-z])")
_STRIPPED_FINAL = re.compile(r"assistant(?:final|commentary)(?=[^a-z_]|\Z)")
_ANY_FINAL = re.compile(r"assistant(?:final(?!ly|i[sz])|commentary)")
_STRIPPED_ANALYSIS = re.compile(r"assistantanalysis(?=[^a-z_])")
_ANALYSIS = re.compile(r"\s*(?:assistant)?analysis")


class _Message(NamedTuple):
    channel: Channel
    final: bool
    start: int
    end: int


def is_harmony(text: str) -> bool:
    """Whether a text is written in harmony, rather than about it: it begins with a header, or a message ends and another one
    begins."""
    if _RECOGNISED.match(text) is not None:
        return True
    bar = text.find("|")
    start = max(bar - 1, 0)
    return bar >= 0 and text.find("<|channel|>", start) >= 0 and _LATER.search(text, start) is not None


def has_tokens(text: str) -> bool:
    """Whether a text holds any token of the grammar."""
    return _TOKEN.search(text) is not None


def split_stripped(text: str) -> tuple[Piece, ...] | None:
    """A harmony completion decoded without its special tokens, `analysis...assistantfinal...`: the likely pieces, or None if it
    is none.

    A guess, whose status is always `split_failed`: the role words may as well be text.
    """
    first = _STRIPPED.match(text)
    finals = list((_ANY_FINAL if first is not None else _STRIPPED_FINAL).finditer(text))
    if first is None and (begins := _ANALYSIS.match(text)) is not None and _ANY_FINAL.search(text, begins.end()) is not None:
        first, finals = begins, list(_ANY_FINAL.finditer(text))
    if first is None and not finals:
        return None
    start = first.end() if first is not None and not text.lstrip().startswith(("final", "commentary")) else 0
    boundary = finals[-1] if finals and _STRIPPED_ANALYSIS.search(text, finals[-1].end()) is None else None
    reasoning = (Channel.REASONING, start, boundary.start() if boundary else len(text))
    answer = (Channel.ANSWER, boundary.end() if boundary else len(text), len(text))
    return tuple(
        Piece(channel, begin, end, 0) for channel, begin, end in (reasoning, answer) if _INK.search(text, begin, end) is not None
    )


def split_harmony(text: str) -> tuple[tuple[Piece, ...], set[Why]]:
    """Pieces of a text, and what was observed."""
    found: set[Why] = set()
    messages = _messages(text, found)
    pieces: list[Piece] = []
    turn = finals = 0
    turn_start = 0
    for message in messages:
        if message.channel in (Channel.TOOL_RESULT, Channel.PROMPT):
            _append(text, pieces, message, turn)
            turn, finals, turn_start = turn + 1, 0, len(pieces)
            continue
        if message.final:
            finals += 1
            if finals > 1:
                found.add(Why.FINAL_TWICE)
                pieces[turn_start:] = [
                    Piece(Channel.REASONING, piece.start, piece.end, piece.turn) for piece in pieces[turn_start:]
                ]
                turn_start = len(pieces)
        _append(text, pieces, message, turn)
    if any(piece.channel is Channel.REASONING for piece in pieces):
        found.add(Why.CHANNELS)
    elif messages:
        found.add(Why.NO_ANALYSIS)
    return tuple(pieces), found


def _append(text: str, pieces: list[Piece], message: _Message, turn: int) -> None:
    if _INK.search(text, message.start, message.end) is not None:
        pieces.append(Piece(message.channel, message.start, message.end, turn))


def _messages(text: str, found: set[Why]) -> list[_Message]:
    """Every message with its body; what stands before the first header is reasoning, whose header the prompt held."""
    messages: list[_Message] = []
    bare = _BARE.match(text)
    at = bare.end() if bare is not None else 0
    channel, final = _channel("", bare["alone"], found) if bare is not None else (Channel.REASONING, False)
    open_body, headless = True, bare is None
    for token in _tokens(text):
        if token.start() < at:
            continue
        if open_body:
            written = _INK.search(text, at, token.start()) is not None
            if written or not headless:
                messages.append(_Message(channel, final, at, token.start()))
            if written and headless:
                found.add(Why.CLOSER_ONLY)
            if written and token["header"] is not None:
                found.add(Why.MALFORMED_HEADER)
        at, headless, open_body = token.end(), False, token["header"] is not None
        if open_body:
            channel, final = _channel(token["role"] or "", token["after"] or token["alone"] or "", found)
    if open_body and not (headless and _INK.search(text, at) is None):
        messages.append(_Message(channel, final, at, len(text)))
        if channel is Channel.REASONING:
            found.add(Why.UNCLOSED)
    return messages


def _tokens(text: str) -> list[re.Match[str]]:
    """The tokens that structure the text. One that ends a message counts only where another message, or nothing, follows it;
    the rest are text about the format."""
    kept: list[re.Match[str]] = []
    follower = len(text)
    for token in reversed(list(_TOKEN.finditer(text))):
        if token["message"] is not None or _mentioned(text, token):
            continue
        if token["stop"] is not None and _BETWEEN.fullmatch(text, token.end(), follower) is None:
            continue
        follower = token.start()
        kept.append(token)
    kept.reverse()
    return kept


def _mentioned(text: str, token: re.Match[str]) -> bool:
    return text[token.start() - 1 : token.start()] == "`" and text.find("`", token.end(), token.end() + 200) >= 0


def _channel(role: str, channel: str, found: set[Why]) -> tuple[Channel, bool]:
    """The channel of a message, and whether it is a final one."""
    speaker = role.split(" ")[0].strip()
    name = channel.strip().split(" ")[0]
    recipient = re.search(r"\bto=([\w.]+)", f"{role} {channel}")
    if speaker not in ("", "assistant"):
        return (Channel.PROMPT if speaker in ("user", "system", "developer") else Channel.TOOL_RESULT), False
    if recipient is not None and recipient[1] not in ("user", "all", "assistant"):
        return Channel.TOOL_CALL, False
    if name in ("final", "commentary"):
        return Channel.ANSWER, name == "final"
    if name != "analysis":
        found.add(Why.UNKNOWN_CHANNEL)
    return Channel.REASONING, False
