"""Which came first, the reasoning or its being in inputs: what came with its owner is told from what was there before."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Segment, Source, Split, SplitStatus
from sequester.exposure.precedence import NO_STEP, ORIGIN, came_with_owner, origins_of


def came(readers, owner, origins, *, scored=None):
    """Whether one window that `readers` were given came with its owner; `origins` are (step, prompt, scoring) of the episodes."""
    known = np.array(origins, ORIGIN)
    is_scored = np.array(scored if scored is not None else [True] * len(origins), np.bool_)
    windows = np.full(len(readers), 7, np.uint64)
    found = came_with_owner(windows, np.array(readers, np.int64), np.full(len(readers), owner, np.int64), known, is_scored)
    assert len(set(found.tolist())) == 1, "it is one window"
    return bool(found[0])


def run(count, *, per_prompt=1, per_step=None):
    return [(number // per_step if per_step else NO_STEP, number // per_prompt, 1) for number in range(count)]


def test_nothing_came_with_nobody():
    none = np.empty(0, np.int64)
    found = came_with_owner(np.empty(0, np.uint64), none, none, np.empty(0, ORIGIN), np.empty(0, np.bool_))
    assert found.shape == (0,)
    assert origins_of([]).shape == (0,)


def test_what_stands_in_inputs_from_its_owner_on_came_with_it():
    assert came(range(5, 20), 5, run(20))
    assert came(range(7, 20), 5, run(20)), "the buffer may be filled after its owner was scored"


def test_what_stood_there_before_did_not():
    assert not came(range(4, 20), 5, run(20))
    assert not came([0, *range(5, 20)], 5, run(20))
    assert not came(range(20), 5, run(20))


def test_few_scored_without_it_say_nothing():
    assert not came(range(20), 0, run(20))
    assert not came(range(2, 20), 2, run(20))
    assert not came(range(5, 20), 5, run(20), scored=[False] * 5 + [True] * 15)
    assert came(range(2, 19), 2, run(20)), "two before and one after"


def test_what_belongs_to_one_task_may_be_its_reference():
    assert not came(range(8, 16), 8, run(24, per_prompt=8))
    assert came(range(8, 20), 8, run(24, per_prompt=8))
    assert came(range(12, 16), 12, run(24, per_prompt=8)), "the same task was scored without it four times"


def test_only_those_scored_alike_are_compared():
    two = [(step, prompt, 2 if number < 10 else 1) for number, (step, prompt, _) in enumerate(run(20))]
    assert not came(range(10, 20), 10, two)
    assert came(range(13, 20), 13, two)


def test_the_steps_decide_over_the_order_of_records():
    steps = [(step, number, 1) for number, step in enumerate([3, 2, 1, 0] * 5)]
    late = [number for number, (step, _, _) in enumerate(steps) if step >= 2]
    assert came(late, 1, steps)
    assert not came(late, 0, steps), "step 2 was before it"
    assert not came([*late, 3], 1, steps)


def test_the_last_of_a_step_may_be_in_all_inputs_of_that_step():
    assert came(range(5, 10), 9, run(20, per_step=5)), "as a variable that is bound late hands it over"
    assert came(range(5), 4, run(20, per_step=5)), "later ones were scored without it"
    assert not came(range(5, 10), 8, run(20, per_step=5))
    assert not came(range(5, 12), 9, run(20, per_step=5))
    assert not came(range(5, 10), 9, run(20)), "without steps nobody knows"


@given(st.sets(st.integers(0, 29), min_size=1), st.integers(0, 29), st.integers(1, 10))
def test_no_window_comes_with_an_owner_of_a_later_step(readers, owner, per_step):
    origins = run(30, per_step=per_step)
    if came(sorted(readers), owner, origins):
        assert min(readers) // per_step >= owner // per_step


def made(*prompts, **keys):
    segments = [Segment(0, Channel.PROMPT, GuardedText(text)) for text in prompts] + [
        Segment(0, Channel.REASONING, GuardedText("so")),
        Segment(1, Channel.PROMPT, GuardedText("a later turn")),
    ]
    return Episode("e", tuple(segments), Split(SplitStatus.SPLIT, "", "given"), Source("run.log", 1), **keys)


def test_prompts_differ_wherever_they_differ():
    frame = "Answer in one line. " * 100
    alike = origins_of([made(f"{frame}Which harbour? {frame}", frame), made(f"{frame}Which airport? {frame}", frame)])
    assert alike["prompt"][0] != alike["prompt"][1]


def test_an_episode_is_known_by_step_prompt_and_scoring():
    system = "You are helpful. " * 100
    some = [
        made(system, "Which harbour?", step=3, environment="harbours"),
        made(system.encode(), b"Which harbour?", step=4, environment="harbours"),
        made(system, "Which airport?", environment="airports"),
        made(),
        made("\ud800"),
        made(step=10**400),
        made(step=-(10**400)),
    ]
    origins = origins_of(some)
    assert origins["step"].tolist()[:5] == [3, 4, NO_STEP, NO_STEP, NO_STEP]
    assert NO_STEP < origins["step"][6] < 0 < origins["step"][5]
    assert origins["prompt"][0] == origins["prompt"][1] != origins["prompt"][2]
    assert origins["scoring"][0] == origins["scoring"][1] != origins["scoring"][2]
