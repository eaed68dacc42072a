"""Sequester keeps a model's chain of thought out of its training signal, and shows the evidence."""

from importlib.metadata import version

__version__ = version("sequester")
