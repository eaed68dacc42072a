"""SQ206: the reasoning in the place of an empty answer."""

import pytest
from tests.rules.reward_code_of import example, lines, marked, terminal


def test_nothing_is_found_in_nothing():
    assert lines("SQ206", "") == []


def test_the_example_of_its_page_is_found():
    assert lines("SQ206", example("SQ206")) == marked("SQ206", example("SQ206")) != []


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ206", tmp_path, monkeypatch) == snapshot


FOUND = [
    """
    def accuracy(completions, answer, **columns):
        texts = [c[-1]["content"] or c[-1]["reasoning_content"] for c in completions]  # SQ206
        return [float(t == gold) for t, gold in zip(texts, answer)]
    """,
    """
    def correct(completion, answer, state):
        text = completion[-1].get("content")
        if not text:
            text = completion[-1].get("reasoning")  # SQ206
        return float(text == answer)
    """,
    """
    @scorer(metrics=[accuracy()])
    def exact():
        async def score(state, target):
            message = state.output.message
            text = message.content if message.content else message.reasoning  # SQ206
            return float(text == target.text)
        return score
    """,
    """
    def text_of(message):
        for key in ("content", "reasoning_content"):
            if message.get(key):  # SQ206
                return message[key]  # SQ206
        return ""

    def correct(completion, answer, **kwargs):
        return float(text_of(completion[-1]) == answer)
    """,
    """
    def correct(completion, answer, **kwargs):
        last = completion[-1]
        text = getattr(last, "content", None) or getattr(last, "reasoning_content", "")  # SQ206
        return float(text == answer)
    """,
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert lines("SQ206", text) == marked("SQ206", text) != []


QUIET = [
    """
    def correct(completion, answer, **kwargs):
        return float((completion[-1]["content"] or "") == answer)
    """,
    """
    def reply_text(response):
        message = response.choices[0].message
        return message.content or message.reasoning_content
    """,
    """
    async def judged(completion, answer, **kwargs):
        reply = await client.chat.completions.create(model="j", messages=[{"role": "user", "content": answer}])
        verdict = reply.choices[0].message.content or reply.choices[0].message.reasoning_content
        return float("yes" in verdict)
    """,
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert lines("SQ206", text) == []
