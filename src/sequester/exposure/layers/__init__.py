"""Decoding layers: the texts that stand behind base64, compression, escapes and other wrappings of a scorer's input."""

from sequester.exposure.layers.armour import holds_packing
from sequester.exposure.layers.hints import Hint, worth_unfolding
from sequester.exposure.layers.piece import Budget
from sequester.exposure.layers.search import Layer, unfold

__all__ = ["Budget", "Hint", "Layer", "holds_packing", "unfold", "worth_unfolding"]
