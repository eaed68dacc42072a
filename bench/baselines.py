"""Engines to compare with. Each scores an episode: how much of its private reasoning stands in its reward inputs.

All take Python strings, which is what they would get. None decodes base64 or compression; all subtract prompt, answer and the run's
public text, since without that no threshold means anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import ahocorasick
import numpy as np
from numba import njit
from numpy.typing import NDArray


class Texts(NamedTuple):
    """One episode as strings."""

    prompt: str
    reasoning: str
    answer: str
    inputs: tuple[str, ...]


Engine = Callable[[Texts], int]

_WORD = re.compile(r"\w+")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
K = 32
STRIDE = 16


def word_ngrams(size: int, public: Sequence[str]) -> Engine:
    """Sets of word n-grams: those of the reasoning minus those of prompt, answer and public text, that stand in one input."""

    def grams(text: str) -> set[tuple[str, ...]]:
        words = _WORD.findall(text.lower())
        return set(zip(*(words[at:] for at in range(size)), strict=False))

    known = set().union(*map(grams, public)) if public else set()

    def score(texts: Texts) -> int:
        private = grams(texts.reasoning) - grams(texts.prompt) - grams(texts.answer) - known
        return max(len(private & grams(text)) for text in texts.inputs)

    return score


def aho_corasick(public: Sequence[str]) -> Engine:
    """One automaton per episode over windows of 32 letters and digits, every 16."""

    def reduced(text: str) -> str:
        return _NOT_ALNUM.sub("", text.lower())

    known = reduced("".join(public))

    def score(texts: Texts) -> int:
        reasoning, given = reduced(texts.reasoning), reduced(texts.prompt) + reduced(texts.answer)
        automaton = ahocorasick.Automaton()
        for at in range(0, len(reasoning) - K + 1, STRIDE):
            window = reasoning[at : at + K]
            if window not in given and window not in known:
                automaton.add_word(window, at)
        if not len(automaton):
            return 0
        automaton.make_automaton()
        return max(len({at for _, at in automaton.iter(reduced(text))}) for text in texts.inputs)

    return score


def rolling_hash(public: Sequence[str]) -> Engine:
    """numba: a rolling hash of 32 normalised bytes at every position, open-addressed sets, one chain of calls per episode."""
    known = _table(_hashes(_codes("".join(public))))

    def score(texts: Texts) -> int:
        given = _table(np.concatenate([_hashes(_codes(texts.prompt)), _hashes(_codes(texts.answer))]))
        private = _table(_minus(_hashes(_codes(texts.reasoning)), given, known))
        return max(int(_common(_hashes(_codes(text)), private)) for text in texts.inputs)

    return score


def _codes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


@njit
def _hashes(raw: NDArray[np.uint8]) -> NDArray[np.uint64]:
    kept = np.empty(len(raw), np.uint8)
    size = 0
    for code in raw:
        if 65 <= code <= 90:
            code += 32
        if 97 <= code <= 122 or 48 <= code <= 57 or code >= 128:
            kept[size] = code
            size += 1
    out = np.empty(max(0, size - K + 1), np.uint64)
    base, top, value = np.uint64(0x9E3779B97F4A7C15), np.uint64(1), np.uint64(0)
    for _ in range(K):
        top *= base
    for at in range(size):
        value = value * base + np.uint64(kept[at]) + np.uint64(1)
        if at >= K:
            value -= top * (np.uint64(kept[at - K]) + np.uint64(1))
        if at >= K - 1:
            mixed = value ^ (value >> np.uint64(29))
            out[at - K + 1] = mixed if mixed else np.uint64(1)
    return out


@njit
def _table(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    size = 16
    while size < 2 * len(values):
        size *= 2
    table, mask = np.zeros(size, np.uint64), np.uint64(size - 1)
    for value in values:
        at = value & mask
        while table[at] != 0 and table[at] != value:
            at = (at + np.uint64(1)) & mask
        table[at] = value
    return table


@njit
def _holds(table: NDArray[np.uint64], value: np.uint64) -> bool:
    mask = np.uint64(len(table) - 1)
    at = value & mask
    while table[at] != 0:
        if table[at] == value:
            return True
        at = (at + np.uint64(1)) & mask
    return False


@njit
def _minus(values: NDArray[np.uint64], first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    out, size = np.empty(len(values), np.uint64), 0
    for value in values:
        if not _holds(first, value) and not _holds(second, value):
            out[size] = value
            size += 1
    return out[:size]


@njit
def _common(values: NDArray[np.uint64], table: NDArray[np.uint64]) -> int:
    found = 0
    for value in values:
        found += _holds(table, value)
    return found
