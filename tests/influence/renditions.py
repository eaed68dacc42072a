"""Renditions for tests: one thought, one answer."""

from sequester.influence.model import Rendition


def rendition(thought="so far", visible="42", **columns):
    """A text episode with its thought between think tags."""
    completion = f"<think>\n{thought}\n</think>\n\n{visible}"
    ids = tuple(completion.encode("utf-8", "surrogatepass"))
    return Rendition("e1", "What is six times seven?", completion, columns, ids, visible)
