"""What reward code may ask the state of its trainer for: there with the CoT, or noted."""

import pytest
from msgspec.structs import replace
from tests.influence.renditions import rendition

from sequester.influence.calling import Caller

TURNS = [
    {"role": "assistant", "content": "first", "reasoning_content": "so"},
    {"role": "user", "content": "go on"},
    {"role": "assistant", "content": "42", "reasoning_content": "then"},
]
ROLLOUT = replace(
    rendition(), prompt=[{"role": "user", "content": "How many?"}], completion=TURNS,
    thoughts=((0, "reasoning_content", "so"), (2, "reasoning_content", "then")),
)  # fmt: skip


def asked(reward, one=ROLLOUT):
    with Caller(reward) as caller:
        (outcome,) = caller.call([one])
        return outcome.returned.score if outcome.error is None else outcome.error, caller.absent


def test_a_state_that_nobody_asks_notes_nothing():
    assert asked(lambda completion, state: 1.0) == (1.0, set())


@pytest.mark.parametrize(
    "spoken",
    [
        lambda state: [each.choices[0].message.reasoning_content for each in state["responses"]],
        lambda state: [getattr(each["response"].choices[0].message, "reasoning", "") for each in state["trajectory"]],
        lambda state: [message["reasoning_content"] for message in state["completion"] if message["role"] == "assistant"],
        lambda state: [each["completion"][0].get("reasoning_content") for each in state.get("trajectory", [])],
    ],
)
def test_cot_stands_in_the_state_wherever_verifiers_has_it(spoken):
    assert asked(lambda completion, state: float(spoken(state) == ["so", "then"])) == (1.0, set())


def test_a_text_is_one_response():
    def reward(completion, state):
        (response,) = state["responses"]
        return float("so far" in response.choices[0].text and response.choices[0].message.reasoning_content == "so far")

    assert asked(reward, replace(rendition(), thoughts=((0, "", "so far"),))) == (1.0, set())


def test_what_is_known_without_cot_is_there_and_blocks_nothing():
    def reward(completion, state, info, task):
        known = [state.get(key) for key in ("timing", "reward", "metrics", "judge_response", "stop_condition", "turn", "id")]
        return float(known[5] == 2 and state["info"] is info and state["truth"] == "42" and task == "sums")

    assert asked(reward, replace(ROLLOUT, columns={"truth": "42", "task": "sums"})) == (1.0, set())


def test_keys_asked_for_in_vain_are_noted():
    def reward(completion, state, info):
        state.setdefault("cache", {})
        return float(bool(state.get("raw") or "plan" in state or info.pop("tests", None) or state.get("cache")))

    assert asked(reward) == (0.0, {("state", "raw"), ("state", "plan"), ("info", "tests")})
    error, absent = asked(lambda completion, state: state["attempts"])
    assert isinstance(error, KeyError) and absent == {("state", "attempts")}
    assert asked(reward, replace(ROLLOUT, columns={"raw": None, "plan": "", "info": {"tests": []}}))[1] == set()


def test_the_extra_information_of_verl():
    def single(solution_str, extra_info):
        return extra_info["num_turns"] + 10 * bool(extra_info.get("attempts"))

    assert asked(single) == (2.0, {("extra_info", "attempts")})
    assert asked(single, replace(ROLLOUT, columns={"extra_info": {"attempts": 1}})) == (12.0, set())
    assert asked(lambda solution_strs, extra_infos: [extra_infos[0].get("attempts") or 0.0])[1] == {("extra_info", "attempts")}
