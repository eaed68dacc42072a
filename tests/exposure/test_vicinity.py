"""Where it is looked whether other inputs hold something too: by place in the order of units, and by nothing else."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure import cases

from sequester.exposure.matching import Sketch
from sequester.exposure.sketch import WINDOW, windows_of
from sequester.exposure.tally import Stretch, Tally
from sequester.exposure.vicinity import Blocks, Notes, Queue, Vicinity

WIDE = Vicinity(slots=64, reach=2, stretch=3)
"""A block holds eight windows."""
DRAW = random.Random(7)
TEXTS = ["".join(DRAW.choices("abcdefghijkmnpqrstuvwxyz", k=8 * 8 + WINDOW - 8)).encode() for _ in range(40)]
"""Each fills a block."""


def noted(*numbers):
    """The blocks that inputs with these texts fill."""
    sketch = Sketch(64)
    notes = Notes(sketch, Vicinity(slots=64))
    notes.begin(Tally())
    return [block for number in numbers for block in (note(sketch, number), *sketch.take()) if block is not None]


def note(sketch, number):
    for at in range(0, len(TEXTS[number]) - WINDOW + 1, 8):
        sketch.note(int.from_bytes(windows_of(TEXTS[number])[8 * at : 8 * at + 8], "little"))


def asked(blocks, numbers):
    """Which of some texts these blocks hold."""
    windows = [windows_of(TEXTS[number]) for number in numbers]
    found = blocks(windows)
    return {number for number, one in zip(numbers, windows, strict=True) if one in found}


def test_nothing_was_noted_and_nothing_is_known():
    assert asked(Blocks().around(-5, 5), [0, 1]) == set()
    assert list(Blocks()) == []
    assert list(Queue(WIDE).due(at_the_end=True)) == []
    assert Notes(Sketch(64), WIDE).taken() == []


def test_blocks_are_asked_by_their_places_and_not_once_they_are_forgotten():
    blocks = Blocks()
    blocks.add(noted(*range(6)))
    blocks.add([None, *noted(7)])
    assert blocks.filled == 8
    assert asked(blocks.around(1, 4), range(8)) == {1, 2, 3}
    assert asked(blocks.around(-9, 99), range(8)) == {0, 1, 2, 3, 4, 5, 7}
    blocks.forget(2, 5)
    assert asked(blocks.around(0, 8), range(8)) == {0, 1, 5, 7}
    assert [block is None for block in blocks] == [False, False, True, True, True, False, True, False]


class Asking(Tally):
    """Says which of all texts it was told to stand elsewhere, instead of looking up suspects."""

    __eq__, __hash__ = object.__eq__, object.__hash__

    def look_up(self, shared, stretch):
        self.__dict__.setdefault("known", []).append((stretch.since, asked(shared, range(len(TEXTS)))))


def unit(*stretches):
    made = Asking()
    made.stretches = [Stretch(number, number, *places) for number, places in enumerate(stretches)]
    return made


def test_a_unit_waits_until_as_much_was_noted_after_it_as_is_asked_before_it():
    queue, units = Queue(WIDE), [unit((0, 1)) for _ in range(6)]
    done = []
    for number, one in enumerate(units):
        queue.add([one], noted(number))
        done.append([units.index(tally) for tally in queue.due()])
    assert done == [[], [], [0], [1], [2], [3]]
    assert list(queue.due(at_the_end=True)) == units[4:]
    assert [known for one in units for _, known in one.known] == [
        {other for other in range(6) if abs(other - number) <= 2} for number in range(6)
    ]


def test_units_without_text_wait_for_their_turn_only():
    queue, (one, other) = Queue(WIDE), (unit((0, 0)), unit((0, 0)))
    queue.add([one, other], [])
    assert list(queue.due()) == []
    queue.add([unit((0, 2))], noted(1, 2))
    assert list(queue.due()) == [one, other]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=9), st.integers(1, 4), st.integers(1, 3))
def test_what_a_text_is_asked_depends_on_what_is_noted_around_it_alone(sizes, reach, stretch):
    """Chunks of units that note so many texts each: whatever a long unit looks up by itself and whatever waits for the next chunks."""
    vicinity = Vicinity(slots=64, reach=reach, stretch=stretch)
    queue, number, spans, units = Queue(vicinity), 0, [], []
    for chunk in sizes:
        sketch, tallies = Sketch(64), []
        notes = Notes(sketch, vicinity)
        for size in chunk:
            tally = Asking()
            notes.begin(tally)
            tallies.append(tally)
            for _ in range(size):
                spans.append((tally, len(tally.suspects), number))
                tally.suspects.append(number)
                note(sketch, number % len(TEXTS))
                number += 1
                notes.screened()
            notes.end()
        units += tallies
        queue.add(tallies, notes.taken())
        list(queue.due())
    list(queue.due(at_the_end=True))
    assert all(not tally.stretches for tally in units)
    for tally, suspect, place in spans:
        known = next(found for since, found in sorted(tally.known, reverse=True) if since <= suspect)
        near = {other % len(TEXTS) for other in range(max(0, place - reach), min(number, place + reach + 1))}
        far = {other % len(TEXTS) for other in range(max(0, place - reach - stretch), min(number, place + reach + stretch + 1))}
        assert near <= known <= far


def test_memory_does_not_grow_with_a_unit():
    sketch, tally = Sketch(64), Asking()
    notes = Notes(sketch, WIDE)
    notes.begin(tally)
    for number in range(400):
        note(sketch, number % len(TEXTS))
        notes.screened()
    notes.end()
    kept = [block is not None for block in notes.taken()]
    assert len(kept) == 400
    assert sum(kept) <= 4 * WIDE.reach + 4 * WIDE.stretch
    assert all(kept[: WIDE.reach])
    assert all(kept[-WIDE.reach :])
    assert len(tally.stretches) <= 4


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_result_does_not_depend_on_how_many_processes_scan(tmp_path, jobs):
    """Every scorer holds a few words of its episode's reasoning; and those of another episode, which is near or too far away."""
    vicinity = Vicinity(slots=1 << 10, reach=3, stretch=1, together=1)
    thoughts, paths = [cases.reasoning(number, 200) for number in range(18)], []
    for number, thought in enumerate(thoughts):
        another = thoughts[(number + (1 if number % 2 else 9)) % len(thoughts)]
        seen = cases.call(number, hint=f"See: {thought[300:355]} So.", notes=another[280:375], more=cases.words(number, 300))
        paths.append(cases.write(tmp_path / f"{number:02}.jsonl", [cases.episode(number, seen, reasoning=thought)]))
    alone = cases.audited(*paths, vicinity=vicinity)
    assert len({one.severity for one in alone.findings if one.rule == "SQ101"}) > 1
    assert repr(cases.audited(*paths, vicinity=vicinity, jobs=jobs)) == repr(alone)
