"""Prompts of graders: which files hold one, and which variables of a prompt hold reasoning.

A prompt is read as text and never rendered. Jinja-like templates write variables as `{{ x }}`, Python's `str.format` as `{x}`, where
doubled braces are plain braces; the text itself tells which of the two it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sequester.errors import LimitExceeded

SUFFIXES = frozenset((".jinja", ".jinja2", ".j2", ".prompt", ".txt", ".md", ".mustache", ".tmpl"))
"""Of files that may hold a prompt."""
MOST_CHARACTERS = 1 << 20
"""No prompt that people write comes near."""

_GRADER_NAME = re.compile(
    r"(?:^|[^a-z])(?:llm_?)?(?:judge|judges|judging|grader|graders|grade|grading|rubric|rubrics|scorer|scoring|evaluator|evaluation|eval|"
    r"critic|verifier|genrm|reward_?model|autorater|rater)(?:$|[^a-z])"
)
_GRADER_ONLY = re.compile(r"(?:^|[^a-z])(?:judge|judges|grader|graders|rubric|genrm|autorater|scorer)(?:$|[^a-z])")
"""Names that nothing but a grader's prompt has."""
_ADDRESSED = re.compile(
    r"you are (?:an? |the )?(?:\w+[ ,-]+){0,5}?(?:judge|grader|evaluator|examiner|rater|critic|verifier|assessor|reviewer)\b"
    r"|you (?:are|will be) (?:grading|judging|scoring|evaluating|rating)\b"
    r"|your (?:task|job) is to (?:\w+ )?(?:grade|score|rate|judge|evaluate|assess|compare|decide|determine)\b",
    re.IGNORECASE,
)
_GRADER_WORDS = re.compile(
    r"\b(?:grade|score|rate|judge|evaluate|assess)\s+(?:the|this|each|how|whether|an?)\b"
    r"|\bscor(?:e|ing)\b.{0,40}\b(?:from|between|out of|\d)|\brubric\b|\bverdict\b|\bis (?:the|this) (?:answer|response) correct"
    r"|\bdetermine (?:if|whether|for each)\b|\bgrading criteria\b|\bground truth answer\b",
    re.IGNORECASE,
)
_CHAT_TEMPLATE = re.compile(
    r"add_generation_prompt|bos_token|<\|im_start\|>\s{0,9}['\"]?\s{0,9}[+~]|message(?:s\[|\.role|\[['\"]role)"
)
_DOCUMENTATION = frozenset(("doc", "docs", "documentation"))
_PATH_PARTS = 3
"""Names of a path that may tell: the file and two folders."""


class TemplateFile(NamedTuple):
    """The prompt of a grader."""

    path: Path
    text: str


class Variable(NamedTuple):
    """One variable of a prompt."""

    name: str
    """As written, without filters: `trace`, `message.reasoning_content`."""
    whole: bool
    """Whether it is written out as JSON."""
    start: int
    end: int
    """Offsets in the text."""


def read_template(path: Path, text: str) -> TemplateFile | None:
    """The grader's prompt in this file; None if it is of another kind. Raises LimitExceeded if it is too long to be one."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES or "{" not in text:
        return None
    name = _spaced(" ".join((*path.parts[-_PATH_PARTS:-1], path.name.partition(".")[0])))
    named = bool(_GRADER_NAME.search(name))
    if len(text) > MOST_CHARACTERS:
        if named and suffix not in (".txt", ".md"):
            raise LimitExceeded(f"is longer than {MOST_CHARACTERS} characters", where=str(path))
        return None
    addressed = speaks_to_a_grader(_without_quotes(text) if suffix == ".md" else text)
    if suffix == ".md":  # documentation speaks of graders; a prompt speaks to one
        grades = named and addressed and not (path.stem.isupper() or _DOCUMENTATION & {part.lower() for part in path.parts[:-1]})
    elif suffix == ".txt":
        grades = named and (addressed or reads_like_grading(text))
    else:
        grades = addressed or reads_like_grading(text) or is_graders_own_name(path.name.partition(".")[0])
    if not grades or _CHAT_TEMPLATE.search(text) or next(variables(text), None) is None:
        return None
    return TemplateFile(path, text)


def is_grader_name(name: str) -> bool:
    """Whether a file, folder or key of this name is about grading."""
    return bool(_GRADER_NAME.search(_spaced(name)))


def is_graders_own_name(name: str) -> bool:
    """Whether nothing but a grader has such a name: an `eval` prompt may be the policy's, a `judge` prompt is the judge's."""
    return bool(_GRADER_ONLY.search(_spaced(name)))


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[-_\s]+", " ", name).lower()


def speaks_to_a_grader(text: str) -> bool:
    """Whether a text tells its reader that grading is what it is there for."""
    return bool(_ADDRESSED.search(text))


_QUOTED = re.compile(r"`[^`\n]{1,2000}`|\"[^\"\n]{1,2000}\"|\u201c[^\u201d\n]{1,2000}\u201d")
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def _without_quotes(text: str) -> str:
    """What a page of Markdown says itself. A block of code that makes up half of the page is what the page is there for."""
    own = _FENCED.sub(lambda block: block[0].strip("`~") if 2 * len(block[0]) > len(text) else " ", text)
    return _QUOTED.sub(" ", own)


def reads_like_grading(text: str) -> bool:
    """Whether a text asks for a grade."""
    return bool(_ADDRESSED.search(text) or _GRADER_WORDS.search(text))


_JINJA = re.compile(r"\{\{\{?-?\s*([^{}%#]{1,200}?)\s*-?\}\}\}?")
_FORMAT = re.compile(r"(?<![{$\\])\{([A-Za-z_][\w.\[\]'\"]{0,80})(?:![rsa])?(?::[^{}\s]{0,20})?\}(?!\})")
_DOLLAR = re.compile(r"\$\{([A-Za-z_]\w{0,80})\}")
_EXPRESSION = re.compile(r"([A-Za-z_][\w.]*(?:\[-?['\"]?\w+['\"]?\][\w.]*)*)\s*((?:\|.*)?)$", re.DOTALL)
_INDEX = re.compile(r"\[-?['\"]?(\w+)['\"]?\]")


def variables(text: str, jinja: bool | None = None) -> Iterator[Variable]:
    """The variables that a prompt writes out. `jinja` says which way of writing them it uses; None: the text tells."""
    if jinja is None:
        jinja = "{%" in text or not _FORMAT.search(text)
    shown = _without_comments(text)
    for found in (_JINJA if jinja else _FORMAT).finditer(shown):
        expression = _EXPRESSION.match(found[1])
        if expression:
            yield Variable(
                _INDEX.sub(r".\1", expression[1]), "tojson" in expression[2] or "to_json" in expression[2], *found.span()
            )
    for found in _DOLLAR.finditer(shown):
        yield Variable(found[1], False, *found.span())


def _without_comments(text: str) -> str:
    """The text with spaces where comments of Jinja stood, so that offsets stay."""
    parts: list[str] = []
    at = 0
    while (start := text.find("{#", at)) >= 0 and (end := text.find("#}", start + 2)) >= 0:
        parts += (text[at:start], " " * (end + 2 - start))
        at = end + 2
    return "".join((*parts, text[at:]))


_WHOSE = (
    r"(?:(?:model|student|policy|assistant|candidate|agent|response|answer|solver|actor|rollout|completion|llm|ai|raw|full|hidden|"
    r"private|internal)_)*"
)
_REASONING = re.compile(
    rf"{_WHOSE}(?:reasoning|thinking|thoughts?|cot|chain_of_thought|think|scratchpad)"
    r"(?:_(?:content|text|trace|traces|details|chain|process|block|blocks|tokens))?(?:_?[ab12])?"
)
_TRACE = re.compile(
    r"(?:full_|raw_|agent_|rollout_|model_)?trace|(?:full|raw|entire|unparsed|unstripped|complete)_(?:response|completion|output|transcript|generation|text|message)s?(?:_?[ab12])?"
)
_MESSAGES = re.compile(
    r"(?:all_|full_|raw_)?(?:messages?|completions?|conversation|rollout|sample|trajectory|state|episode|record)"
)
_GRADE = re.compile(r"(?:\w+_)?(?:score|grade|verdict|rating|judgement|judgment)(?:_\w+)?")
"""Variables of a judge's own output. Where one is filled in, the reasoning beside it is the judge's."""


_JUDGES = re.compile(r"(?:^|_)(?:judge\w*|grader?|grading|verdict|eval\w*|result|review|critique|feedback|score)(?:_|$)")
"""Whose reasoning is a judge's."""
_OF_A_MODEL = (
    r"(?:its|their|his|her|(?:the\s+)?(?:ai|model|assistant|policy|student|candidate|agent|solver)(?:['\u2019]s|s['\u2019])?)"
)
_HIDDEN = r"(?:private|hidden|internal|inner|unspoken)"
_THOUGHT = r"(?:thinking|thoughts?|scratch-?pad|monologue|chain[- ]of[- ]thought)"
_SAYS_SO = re.compile(
    rf"(?<!not )(?<!without )\binclud(?:es?|ing)\s+"
    rf"(?:{_OF_A_MODEL}\s+(?:(?:own|full|entire)\s+)?(?:{_HIDDEN}\s+reasoning|(?:{_HIDDEN}\s+)?{_THOUGHT})"
    rf"|(?:(?:any|all|the)\s+)?{_HIDDEN}\s+(?:reasoning|{_THOUGHT}))",
    re.IGNORECASE,
)
"""What a prompt says that shows the reasoning under a name that does not say so."""
_SHOWN = re.compile(r"(?:\w+_)?(?:transcript|conversation|trajectory|response|completion|output|rollout|text|dialogue?|log)s?")


def with_reasoning(text: str, jinja: bool | None = None) -> Iterator[tuple[Variable, str]]:
    """Variables of a prompt that hold a policy's reasoning, each with what it holds."""
    return holding_reasoning(list(variables(text, jinja)), text)


def holding_reasoning(found: list[Variable], text: str) -> Iterator[tuple[Variable, str]]:
    """Those of the variables of a prompt that hold a policy's reasoning, each with what it holds."""
    judges_own = any(_GRADE.fullmatch(_last(one.name)) for one in found)
    says_so = not judges_own and _SAYS_SO.search(text) is not None
    for one in found:
        last = _last(one.name)
        if _REASONING.fullmatch(last):
            if not judges_own and not any(map(_JUDGES.search, one.name.lower().split(".")[:-1])):
                yield one, "the reasoning"
        elif _TRACE.fullmatch(last):
            yield one, "the whole of what was sampled, reasoning included"
        elif _MESSAGES.fullmatch(last) and (one.whole or last in ("messages", "all_messages")):
            yield one, "whole messages, with every field that they have"
        elif says_so and _SHOWN.fullmatch(last):
            yield one, "reasoning, as the prompt itself says,"


def _last(name: str) -> str:
    return next((part for part in reversed(name.lower().split(".")) if not part.isdigit()), "")
