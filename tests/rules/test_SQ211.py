"""SQ211: caches whose key covers the reasoning."""

import pytest
from tests.rules.reward_code_of import example, lines, marked, terminal


def test_nothing_is_found_in_nothing():
    assert lines("SQ211", "") == []


def test_the_example_of_its_page_is_found():
    assert lines("SQ211", example("SQ211")) == marked("SQ211", example("SQ211")) != []


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ211", tmp_path, monkeypatch) == snapshot


FOUND = [
    """
    import functools

    @functools.lru_cache(maxsize=None)  # SQ211
    def grade(text, gold):
        return float(check(text, gold))

    def accuracy(completions, answer, **columns):
        return [grade(text, gold) for text, gold in zip(completions, answer)]
    """,
    """
    import hashlib
    _CACHE = {}

    def helpful(prompts, completions, **columns):
        scores = []
        for text in completions:
            key = hashlib.sha256(text.encode()).hexdigest()
            if key not in _CACHE:  # SQ211
                _CACHE[key] = judge(text)  # SQ211
            scores.append(_CACHE[key])  # SQ211
        return scores
    """,
    """
    class JudgeReward:
        def __init__(self):
            self.cache = {}

        def __call__(self, prompts, completions, **columns):
            return [self.cache.get(text, 0.0) for text in completions]  # SQ211
    """,
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert lines("SQ211", text) == marked("SQ211", text) != []


QUIET = [
    """
    import functools

    @functools.lru_cache(maxsize=None)
    def load(name):
        return open(name).read()

    def accuracy(completions, answer, **columns):
        tests = load("tests.txt")
        return [float(run(tests, extract_code(text))) for text in completions]
    """,
    """
    _CACHE = {}

    def accuracy(completions, answer, **columns):
        scores = []
        for text, gold in zip(completions, answer):
            final = text.partition("</think>")[2]
            scores.append(_CACHE.setdefault((final, gold), check(final, gold)))
        return scores
    """,
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert lines("SQ211", text) == []
