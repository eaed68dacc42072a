"""SQ212: whole records that a grader reads."""

import pytest
from tests.rules.reward_code_of import example, lines, marked, terminal


def test_nothing_is_found_in_nothing():
    assert lines("SQ212", "") == []


def test_the_example_of_its_page_is_found():
    assert lines("SQ212", example("SQ212")) == marked("SQ212", example("SQ212")) != []


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ212", tmp_path, monkeypatch) == snapshot


FOUND = [
    """
    import json

    async def quality(completion, answer, state):
        prompt = f"Grade this rollout: {json.dumps(state)}"
        reply = await client.chat.completions.create(model="j", messages=[{"role": "user", "content": prompt}])  # SQ212
        return float(reply.choices[0].message.content)
    """,
    r"""
    import verifiers as vf

    class Task(vf.Task):
        @vf.reward(weight=1.0)
        async def judged(self, trace, runtime):
            return await self.judge_llm.generate("Grade:\n" + trace.model_dump_json())  # SQ212
    """,
    """
    async def custom_rm(args, sample, **kwargs):
        async with session.post(args.url, json={"sample": sample.to_dict()}) as reply:  # SQ212
            return (await reply.json())["score"]
    """,
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert lines("SQ212", text) == marked("SQ212", text) != []


QUIET = [
    """
    class VerifiersAdapter(Adapter):
        def evaluate(self, batch, candidate):
            return self.env.generate(dict(batch))
    """,
    """
    async def quality(completion, answer, state):
        prompt = f"Question: {state['question']} Gold: {answer}"
        reply = await client.chat.completions.create(model="j", messages=[{"role": "user", "content": prompt}])
        return float(reply.choices[0].message.content)
    """,
    """
    import verifiers as vf

    class Task(vf.Task):
        @vf.reward(weight=1.0)
        async def judged(self, trace, runtime):
            return await self.judge_llm.generate("Grade: " + trace.last_reply)
    """,
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert lines("SQ212", text) == []
