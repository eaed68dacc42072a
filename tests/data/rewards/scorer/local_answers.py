"""Imported by a reward function as a file beside it."""


def after_think(completion):
    return completion.rpartition("</think>")[2].strip()
