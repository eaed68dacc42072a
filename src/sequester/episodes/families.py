"""Template families as data: how each one writes reasoning, tool calls, tool results and turn boundaries.

Only the delimiters around the reasoning differ by family. Markup of tool calls, tool results and turns is one vocabulary shared
by all families that use tags: the spellings are distinct, and a log whose template was named wrongly must still not be
mis-split. Harmony (gpt-oss) is a grammar of messages rather than tags; see `harmony`.

Sources: the chat templates that the models ship, their vendors' format pages, and the parsers of inference servers, read in 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cache

from msgspec import Struct


class Kind(Enum):
    """What a mark does."""

    OPEN = "opens reasoning"
    CLOSE = "closes reasoning"
    CALL = "opens a tool call"
    CALL_END = "closes a tool call"
    RESULT = "opens a tool result or another input inside the sampled text"
    RESULT_END = "hands back to the policy"
    TURN_OUT = "ends the policy's turn and opens somebody else's message"
    TURN_IN = "opens the policy's next turn"
    DROP = "end of turn, padding, wrapper: belongs to no piece where it stands at an edge"

    # As members are singletons this is the same, and the one of enums runs in Python.
    __hash__ = object.__hash__


class Family(Struct, frozen=True):
    """One template family of the contract."""

    name: str
    pairs: tuple[str, ...]
    """Names of the reasoning delimiters: keys of `PAIRS`, names of XML-like tags, or `*` for any tag of `TAG_NAMES`."""
    prefills: bool
    """Some version of the template writes the opening delimiter into the prompt, so that the completion starts inside it."""
    note: str


class Delimiter(Struct, frozen=True):
    """One spelling of what `kind` says. A mark closes marks of the same `name` only."""

    kind: Kind
    name: str
    literal: str
    """How the mark begins, character by character; all of it unless there is a `rest`."""
    rest: str = ""
    """What follows, as a regular expression."""


TAG_NAMES = (
    r"(?:[A-Za-z][\w-]{0,19}+:|longcat_|ant)?think(?:ing)?(?::[\w-]{1,20}|_fast(?:er)?)?|reflection|思考|scratch_?pad(?:_reasoning)?|cot"
    r"|(?:(?:inner|internal|private|hidden|deep)[_-]?)?(?:think(?:ing)?|thoughts?|reasoning)(?:[_-]?(?:process|content|trace))?"
    r"|(?:inner[_-]?)?monologue|chain[_-]of[_-]thoughts?"
)
"""Names of XML-like reasoning tags: `think`, `thinking`, `mm:think`, `seed:think`, `think:opensource`, `thought`, `reasoning`
..., and those that models think in because a prompt taught them to: `scratchpad`, `reflection`, `inner_monologue`, `cot`,
`thought_process`, `hidden_reasoning`."""
_NAME_AHEAD = r"(?=[tTrRsSiIcClL思]|[aApPhHdDmM](?i:ntt|riv|idd|eep|onol)|[\w-]{1,20}+:)"
"""How every such name begins. Only to be quick about tags of other languages."""

PAIRS: dict[str, tuple[Delimiter, ...]] = {
    name: (Delimiter(Kind.OPEN, name, opener, rest), Delimiter(Kind.CLOSE, name, closer))
    for name, opener, closer, rest in (
        ("[THINK]", "[THINK]", "[/THINK]", ""),
        ("triangles", "◁think▷", "◁/think▷", ""),
        ("xtml", "<|open|>think<|sep|>", "<|close|>think<|sep|>", ""),
        ("channel", "<|channel>", "<channel|>", "[a-z]*"),
        ("of▁thinking", "<｜begin▁of▁thinking｜>", "<｜end▁of▁thinking｜>", ""),
        ("of_thought", "<|begin_of_thought|>", "<|end_of_thought|>", ""),
        ("THINKING", "<|START_THINKING|>", "<|END_THINKING|>", ""),
        ("inner", "<|inner_prefix|>", "<|inner_suffix|>", ""),
        ("role", "<|im_start|>think\n", "<|im_start|>answer\n", ""),
        ("working_out", "<start_working_out>", "<end_working_out>", ""),
        ("think_start", "<|think_start|>", "<|think_end|>", ""),
        ("begin_think", "<begin_think>", "<end_think>", ""),
        ("of_reasoning", "<|begin_of_reasoning|>", "<|end_of_reasoning|>", ""),
        ("unused", "<unused94>", "<unused95>", "(?:thought\\n)?"),
    )
} | {
    "phrase": (
        Delimiter(Kind.OPEN, "phrase", "Here", "(?: i|')s my thought process:"),
        Delimiter(Kind.CLOSE, "phrase", "Here", "(?: i|')s my response:"),
    ),
    "final response": (Delimiter(Kind.CLOSE, "final response", "[BEGIN FINAL RESPONSE]"),),
}
"""Reasoning delimiters that are not XML-like tags. The last one's opening is a sentence that its template writes into the prompt."""
HARMONY_TOKENS = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>")
"""What stands between harmony's messages; see `harmony`."""
DELIMITERS: tuple[tuple[str, str], ...] = (
    ("<", rf"</?(?:{TAG_NAMES})\b"),
    ("<", re.escape("<|channel|>")),
    *((mark.literal[0], re.escape(mark.literal)) for name, pair in PAIRS.items() if name != "phrase" for mark in pair),
)
"""Every delimiter of reasoning, of any family: its first character, and a regular expression. Only a hint: what it means, the splitter
says."""


def spotter(spellings: Iterable[tuple[str, str]]) -> Callable[[str], bool]:
    """Whether any of some spellings (first character, regular expression) stands in a text. To search for one known character is quick,
    so each first character has an expression of its own."""
    by_initial: dict[str, list[str]] = {}
    for initial, spelling in spellings:
        by_initial.setdefault(initial, []).append(spelling)
    searches = [(initial, re.compile("|".join(those)).search) for initial, those in by_initial.items()]

    def stands_in(text: str) -> bool:
        return any(initial in text and search(text) is not None for initial, search in searches)

    return stands_in


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("qwen3", ("think",), True, "the model emits the opener (Qwen3); the prompt holds it (Thinking-2507, 3.5, 3.6)"),
        Family("deepseek-r1", ("think", "of▁thinking"), True, "opener in the prompt since the template update; V4 likewise"),
        Family("harmony", (), True, "messages with channels: analysis, commentary, final"),
        Family("magistral", ("[THINK]", "think"), False, "2507 and later: special tokens; 2506: think tags"),
        Family(
            "kimi",
            ("think", "triangles", "xtml"),
            True,
            "K2: think tags; older: triangles; K3: reserved tokens as tags, prefilled",
        ),
        Family("glm", ("think",), True, "opener in the prompt since 4.7"),
        Family("minimax", ("think", "mm:think"), True, "M2: think tags, prefilled; M3: mm:think"),
        Family("gemma", ("channel", "thought", "think"), True, "channel tokens, reopened after tool results"),
        Family("granite", ("think", "phrase"), True, "4.2: opener in the prompt; 3.2: two fixed phrases"),
        Family("anthropic", ("*",), False, "typed blocks; tags only where a bridge wrote the blocks out as text"),
        Family("think-tags", ("*",), True, "any XML-like reasoning tag"),
        Family("auto", ("*", *(name for name in PAIRS if name != "phrase")), True, "recognised by the first delimiter"),
    )
}
"""The families by name. `auto` recognises the others."""

HOMES: dict[str, str] = {
    "[THINK]": "magistral",
    "triangles": "kimi",
    "xtml": "kimi",
    "channel": "gemma",
    "phrase": "granite",
    "of▁thinking": "deepseek-r1",
    "mm:think": "minimax",
}
"""The family that `auto` names for a delimiter; `think-tags` for every other."""

_OTHER = r"(?!assistant\b|model\b|ai\b)[\w.-]{1,40}"
_HEAD_END = r"(?:<\|im_sep\|>|(?: [\w=.: -]{0,60})?\r?\n|(?=<))"
"""What ends the header of a message: a separator, the line (after a name, perhaps), or the message itself."""


def _between(kind: Kind, end: Kind, *spellings: tuple[str, str, str]) -> tuple[Delimiter, ...]:
    return tuple(
        delimiter
        for name, opener, closer in spellings
        for delimiter in (Delimiter(kind, name, opener), Delimiter(end, name, closer))
    )


def _turn(name: str, ends: Sequence[str], foreign: str, policy: str, rest: str = "") -> Iterator[Delimiter]:
    """Headers of messages: somebody else's as a regular expression, and the policy's. A foreign one must follow an end-of-turn
    token: reasoning that merely mentions a header does not end there."""
    yield Delimiter(Kind.TURN_IN, name, policy, rest)
    for end in ends:
        yield Delimiter(Kind.TURN_OUT, name, end, rf"\s*{foreign}")
        yield Delimiter(Kind.TURN_IN, name, end, rf"\s*{re.escape(policy)}{rest}")


_TURNS = (
    *_turn("chatml", ("<|im_end|>",), rf"<\|im_start\|>{_OTHER}{_HEAD_END}", "<|im_start|>assistant", _HEAD_END),
    *_turn(
        "kimi",
        ("<|im_end|>",),
        r"<\|im_(?:user|system)\|>[\w .-]{1,40}<\|im_middle\|>",
        "<|im_assistant|>",
        r"[\w .-]{1,40}<\|im_middle\|>",
    ),
    *_turn(
        "llama",
        ("<|eot_id|>", "<|eom_id|>"),
        rf"<\|start_header_id\|>{_OTHER}<\|end_header_id\|>\n{{0,2}}",
        "<|start_header_id|>assistant<|end_header_id|>",
        r"\n{0,2}",
    ),
    *_turn(
        "granite",
        ("<|end_of_text|>",),
        rf"<\|start_of_role\|>{_OTHER}<\|end_of_role\|>",
        "<|start_of_role|>assistant<|end_of_role|>",
    ),
    *_turn(
        "llama4",
        ("<|eot|>", "<|eom|>"),
        rf"<\|header_start\|>{_OTHER}<\|header_end\|>\n{{0,2}}",
        "<|header_start|>assistant<|header_end|>",
        r"\n{0,2}",
    ),
    *_turn("gemma", ("<turn|>",), rf"<\|turn>{_OTHER}\n", "<|turn>model\n"),
    *_turn("gemma3", ("<end_of_turn>",), rf"<start_of_turn>{_OTHER}\n", "<start_of_turn>model\n"),
    *_turn("minimax", ("[e~[",), rf"\]~b\]{_OTHER}{_HEAD_END}", "]~b]ai", _HEAD_END),
    *_turn("exaone", ("[|endofturn|]",), r"\[\|(?:user|tool)\|\]\n?", "[|assistant|]", r"\n?"),
    *_turn("seed", ("<seed:eos>",), rf"<seed:bos>{_OTHER}\n", "<seed:bos>assistant\n"),
    *_turn(
        "cohere",
        ("<|END_OF_TURN_TOKEN|>",),
        r"<\|START_OF_TURN_TOKEN\|><\|(?:USER|SYSTEM)_TOKEN\|>",
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    ),
    *_turn(
        "xtml",
        ("<|end_of_msg|>",),
        rf'<\|open\|>message role="{_OTHER}"[^<]{{0,200}}<\|sep\|>',
        '<|open|>message role="assistant"',
        r"[^<]{0,200}<\|sep\|>",
    ),
    Delimiter(Kind.TURN_OUT, "mistral", "</s>", r"\s*\[INST\]"),
    Delimiter(Kind.TURN_IN, "mistral", "[/INST]"),
    Delimiter(Kind.TURN_OUT, "deepseek", "<｜end▁of▁sentence｜>", r"\s*<｜User｜>"),
)

# Families without an end-of-turn token have their roles here, as an input inside the text: a lone `<|assistant|>` has no effect.
_RESULTS = (
    Delimiter(Kind.RESULT, "glm", "<|observation|>"),
    Delimiter(Kind.RESULT, "glm", "<|user|>"),
    Delimiter(Kind.RESULT_END, "glm", "<|assistant|>"),
    Delimiter(Kind.RESULT, "deepseek", "<｜User｜>"),
    Delimiter(Kind.RESULT_END, "deepseek", "<｜Assistant｜>"),
    *_between(
        Kind.RESULT,
        Kind.RESULT_END,
        ("deepseek outputs", "<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>"),
        ("deepseek output", "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>"),
        ("tool_response", "<tool_response>", "</tool_response>"),
        ("tool_result", "<tool_result>", "</tool_result>"),
        ("function_results", "<function_results>", "</function_results>"),
        ("information", "<information>", "</information>"),
        ("gemma", "<|tool_response>", "<tool_response|>"),
        ("mistral", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    ),
)

# A call without a closing mark runs to the end of the turn.
_DSML = r"[｜|]?DSML[｜|]{1,2} ?(?:function_calls|tool_calls|calls)>"
_CALLS = (
    *_between(
        Kind.CALL,
        Kind.CALL_END,
        ("tool_call", "<tool_call>", "</tool_call>"),
        ("minimax M3", "]<]minimax[>[<tool_call>", "]<]minimax[>[</tool_call>"),
        ("minimax", "<minimax:tool_call>", "</minimax:tool_call>"),
        ("seed", "<seed:tool_call>", "</seed:tool_call>"),
        ("kimi", "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
        ("kimi section", "<|tool_call_section_begin|>", "<|tool_call_section_end|>"),
        ("kimi call", "<|tool_call_begin|>", "<|tool_call_end|>"),
        ("xtml", "<|open|>tools<|sep|>", "<|close|>tools<|sep|>"),
        ("deepseek", "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
        ("deepseek call", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"),
        ("gemma", "<|tool_call>", "<tool_call|>"),
        ("invoke", "<function_calls>", "</function_calls>"),
        ("nemotron", "<TOOLCALL>", "</TOOLCALL>"),
    ),
    *(Delimiter(Kind.CALL, "dsml", f"<{bar}", _DSML) for bar in "｜|"),
    *(Delimiter(Kind.CALL_END, "dsml", f"</{bar}", _DSML) for bar in "｜|"),
    Delimiter(Kind.CALL, "mistral", "[TOOL_CALLS]"),
    Delimiter(Kind.CALL, "llama", "<|python_tag|>"),
    Delimiter(Kind.CALL, "granite", "<|tool_call|>"),
)

_DROPPED = tuple(
    Delimiter(Kind.DROP, "", literal)
    for literal in (
        *(
            "<|im_end|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "<|end_of_msg|>",
            "<|return|>",
            "<|end|>",
        ),
        *(
            "<｜end▁of▁sentence｜>",
            "<｜▁pad▁｜>",
            "</s>",
            "<eos>",
            "<pad>",
            "<turn|>",
            "<end_of_turn>",
            "[e~[",
            "[EOS]",
            "<seed:eos>",
        ),
        *("<|open|>response<|sep|>", "<|close|>response<|sep|>", "<|close|>message<|sep|>"),
        *("<|assistant_end|>", "[END FINAL RESPONSE]", "[|endofturn|]", "</longcat_s>", "<|eot|>", "<|eom|>"),
        *("<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<｜begin▁of▁sentence｜>"),
        *("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>", "<|END_OF_TURN_TOKEN|>"),
    )
)
_GRANITE = (Delimiter(Kind.DROP, "", "<response>"), Delimiter(Kind.DROP, "", "</response>"))


def home_of(pair: str) -> str:
    """The family that a reasoning delimiter is recognised as."""
    return HOMES.get(pair, "think-tags")


def delimiters(family: Family) -> tuple[Delimiter, ...]:
    """Every mark of a family of tags but the XML-like reasoning tags."""
    pairs = tuple(delimiter for name in family.pairs if name in PAIRS for delimiter in PAIRS[name])
    wrapper = _GRANITE if family.name == "granite" else ()
    return (*pairs, *_TURNS, *_RESULTS, *_CALLS, *_DROPPED, *wrapper)


VOCABULARIES = {name: delimiters(family) for name, family in FAMILIES.items() if name != "harmony"}


@cache
def scanners(family: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A pattern for all marks of a family that begin with the same character, for each such character.

    Its last group is `_N` for delimiter N of `VOCABULARIES[family]`, or holds the name of an XML-like reasoning tag: `open` or
    `close`. One pattern per character, since a search for a known one is ten times as fast as one for a set of them.
    """
    initials: dict[str, list[tuple[str, str]]] = {}
    for number, delimiter in enumerate(VOCABULARIES[family]):
        initials.setdefault(delimiter.literal[0], []).append((delimiter.literal[1:], f"{delimiter.rest}(?P<_{number}>)"))
    names = "|".join(TAG_NAMES if name == "*" else name for name in FAMILIES[family].pairs if name not in PAIRS)
    if names:
        initials["<"].append(("", rf"{_NAME_AHEAD}(?P<open>(?i:{names}))(?:\s[^<>]*)?>"))
        initials["<"].append(("/", rf"{_NAME_AHEAD}(?P<close>(?i:{names}))(?:\s[^<>]*)?>"))
    return tuple((initial, re.compile(re.escape(initial) + _either(spellings))) for initial, spellings in initials.items())


def _either(spellings: Iterable[tuple[str, str]]) -> str:
    """An alternation of literals, each followed by an expression, that looks at every character of a text once; longer literals
    before their own beginnings."""
    branches: dict[str, list[tuple[str, str]]] = {}
    for literal, rest in spellings:
        branches.setdefault(literal[:1], []).append((literal[1:], rest))
    ended = branches.pop("", [])
    alternatives = [re.escape(initial) + _either(tails) for initial, tails in branches.items()] + [rest for _, rest in ended]
    return alternatives[0] if len(alternatives) == 1 else f"(?:{'|'.join(alternatives)})"
