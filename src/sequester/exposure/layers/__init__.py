"""Decoding layers: the texts that stand behind base64, compression, escapes and other wrappings of a scorer's input."""

from sequester.exposure.layers.armour import goes_on_behind_prefixes, goes_on_in_strings, holds_packing, solid_runs
from sequester.exposure.layers.hints import Hint
from sequester.exposure.layers.piece import Budget
from sequester.exposure.layers.search import Layer, Step, retrace, unfold

__all__ = [
    "Budget",
    "Hint",
    "Layer",
    "Step",
    "goes_on_behind_prefixes",
    "goes_on_in_strings",
    "holds_packing",
    "retrace",
    "solid_runs",
    "unfold",
]
