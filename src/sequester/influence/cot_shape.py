"""Length and markup of a CoT as numbers: what a reward can count without reading a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sequester.findings.associated import Property

_TAG = re.compile(r"</?[A-Za-z_][\w:-]{0,40}>")
_HEADING = re.compile(r"^#{1,6} ", re.M)
_ITEM = re.compile(r"^[ \t]*(?:[-*•] |\d{1,3}[.)] |step \d)", re.M | re.I)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.M)
_EMPHASIS = re.compile(r"\*\*[^*\n]{1,200}\*\*")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1dff\u2c00-\u2dff\u3040-\ua6ff\ua800-\udfff\uf900-\ufaff\U00010000-\U0001ffff]+")
"""Letters of scripts other than Latin, and little else."""


def _count(pattern: re.Pattern[str]) -> Callable[[str], float]:
    return lambda text: float(len(pattern.findall(text)))


def _other_script_share(text: str) -> float:
    if not text or text.isascii():
        return 0.0
    return sum(map(len, _OTHER_SCRIPT.findall(text))) / len(text)


_MEASURES: Mapping[str, tuple[Property, Callable[[str], float]]] = MappingProxyType(
    {
        "characters": (Property.LENGTH, lambda text: float(len(text))),
        "words": (Property.LENGTH, lambda text: float(len(text.split()))),
        "line breaks": (Property.MARKUP, lambda text: float(text.count("\n"))),
        "tags": (Property.MARKUP, _count(_TAG)),
        "headings": (Property.MARKUP, _count(_HEADING)),
        "list items": (Property.MARKUP, _count(_ITEM)),
        "code fences": (Property.MARKUP, _count(_FENCE)),
        "emphasis": (Property.MARKUP, _count(_EMPHASIS)),
        "share of other scripts": (Property.MARKUP, _other_script_share),
    }
)

FEATURES: Mapping[str, Property] = MappingProxyType({name: kind for name, (kind, _) in _MEASURES.items()})
"""The fixed family, in order. Characters are code points; words are what white space separates."""


def measure(cot: str) -> tuple[float, ...]:
    """One number for each of `FEATURES`; white space around the CoT does not count."""
    text = cot.strip()
    return tuple(of(text) for _, of in _MEASURES.values())
