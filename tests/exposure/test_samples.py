"""Sampled windows: two copies of a text give the same ones, kernel and reference agree, and only somebody's own private text meets."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.cases import words
from tests.exposure.hostile_texts import episode

from sequester.exposure import matching, oracle
from sequester.exposure.oracle import RawEpisode
from sequester.exposure.samples import (
    ADDED,
    BELOW,
    DENSELY,
    INPUTS,
    KINDS,
    NOBODY,
    REASONING,
    SHORT,
    Samples,
    Windows,
    meetings,
    sampled,
    voices,
)
from sequester.exposure.sketch import WINDOW, Sketch

_kernel = pytest.importorskip("sequester.exposure._kernel")


@pytest.fixture(params=_kernel.levels())
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set this machine has, in turn."""
    matching.configure_kernel(request.param)
    yield request.param
    matching.configure_kernel(_kernel.levels()[0] if matching.implementation == "python" else matching.implementation)


def samples_of(episodes: list[RawEpisode], own: list[int] | None = None, densely: bool = False) -> Samples:
    """What the reference samples of some episodes; of each, the last `own` public texts are its output."""
    samples = Samples()
    oracle.screen(episodes, None, samples, own or [0] * len(episodes), densely)
    return samples


def met(episodes: list[RawEpisode], own: list[int] | None = None, densely: bool = False) -> set[tuple[int, int, int]]:
    samples = samples_of(episodes, own, densely)
    counts = samples.counts
    found = meetings(samples.windows, counts, voices(samples.windows, counts))
    return {(reader, first, second) for _, reader, first, second, _ in found.met.tolist()}


def inputs_of(samples: Samples) -> Iterator[Windows]:
    """The windows of each episode's inputs."""
    return iter(np.split(samples.windows, np.cumsum(samples.counts.ravel())[:-1])[INPUTS::KINDS])


def raw(name: object, count: int = 150) -> bytes:
    return words(name, count).encode()


def test_nothing_gives_no_windows_and_meets_nobody() -> None:
    assert len(sampled(b"")) == len(sampled(b"short")) == 0
    samples = Samples()
    assert samples.size == 0
    assert len(matching.meetings(samples).met) == 0
    assert met([]) == met([([], [], [])]) == set()


@pytest.mark.parametrize("block", range(2))
def test_kernel_samples_like_the_reference(level: str, block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        rng = random.Random(seed)
        episodes = [episode(rng) for _ in range(5)]
        # Each one is handed the reasoning of the next one, and one stands twice in the log.
        episodes = [(mine, public, [*calls, list(episodes[n - 1][0])]) for n, (mine, public, calls) in enumerate(episodes)]
        episodes.append(episodes[rng.randrange(5)])
        own = [rng.randint(0, len(public)) for _, public, _ in episodes]
        densely = seed % 2 == 1
        theirs, ours = samples_of(episodes, own, densely), Samples()
        matching.screen(episodes, None, ours, own, densely)
        assert np.array_equal(ours.counts, theirs.counts), seed
        assert np.array_equal(ours.windows, theirs.windows), seed
        found = matching.meetings(ours)
        expected = meetings(theirs.windows, theirs.counts, found.voices)
        assert found.met.tobytes() == expected.met.tobytes(), seed
        read = np.isin(ours.windows, np.concatenate(list(inputs_of(ours))))
        assert np.array_equal(found.common & read, expected.common & read), seed
        assert not (found.common & ~expected.common).any(), seed


@given(before=st.binary(max_size=100), after=st.binary(max_size=100))
@settings(max_examples=50, deadline=None)
def test_a_copy_gives_the_windows_of_the_text_wherever_it_stands(before: bytes, after: bytes) -> None:
    text = matching.normalise(raw("a text"))
    assert set(sampled(text).tolist()) <= set(sampled(before + text + after).tolist())


def test_one_window_of_32_is_sampled_and_none_of_repeated_text() -> None:
    text = matching.normalise(raw("long", 20_000))
    assert 0.7 < len(sampled(text)) * 32 / len(text) < 1.3
    assert len(sampled(b"=" * 5000 + b"ab" * 5000 + b"abcdefgh" * 900)) == 0


def test_short_reasoning_is_sampled_four_times_as_densely() -> None:
    shorts: list[RawEpisode] = [([raw(number, 20)], [], []) for number in range(100)]
    counts = samples_of(shorts).counts.sum(axis=0)
    assert 2.3 < counts[ADDED] / counts[REASONING] < 3.9
    long = matching.normalise(raw("long", 300))
    assert len(long) > SHORT
    assert samples_of([([long], [], [])]).counts[0, ADDED] == 0
    text = matching.normalise(raw("text"))
    assert set(sampled(text).tolist()) | set(sampled(text, None, BELOW, DENSELY).tolist()) == set(
        sampled(text, to=DENSELY).tolist()
    )


def test_what_dense_sampling_adds_meets_too() -> None:
    secrets = [raw(number, 10) for number in range(40)]
    owners: list[RawEpisode] = [([secret], [], []) for secret in secrets]
    readers: list[RawEpisode] = [([raw(f"{number} reads")], [], [[secret]]) for number, secret in enumerate(secrets)]
    assert len(met([*owners, *readers])) < len(met([*owners, *readers], densely=True)) == 40
    said: list[RawEpisode] = [([], [(secret, 0)], []) for secret in secrets]
    assert met([*owners, *readers, *said], [0] * 80 + [1] * 40, densely=True) == set()


def test_a_short_rollout_in_several_records_is_one_voice_too() -> None:
    twice: list[RawEpisode] = [([raw(number, 10)], [], []) for number in range(30)] * 2
    samples = samples_of(twice)
    assert voices(samples.windows, samples.counts).tolist() == [*range(30), *range(30)]


def test_without_known_reasoning_an_episode_is_sampled_and_not_searched(level: str) -> None:
    episodes: list[RawEpisode] = [(None, [(raw("said"), 0)], [[raw("given")]]), ([], [(raw("said"), 0)], [[raw("given")]])]
    for screen in (matching.screen, oracle.screen):
        samples, sketch = Samples(), Sketch(64)
        found = screen(episodes[:1], sketch, samples, [1])
        assert not found[3]
        assert sketch.begun == 0
        assert samples.counts[0].tolist() == samples_of(episodes[1:], [1]).counts[0].tolist()
    screen(episodes[1:], sketch, None, [])
    assert sketch.begun > 0


def test_marked_bytes_are_left_out() -> None:
    text = matching.normalise(raw("text", 2000))
    marks = bytearray(len(text))
    marks[: len(text) // 2] = b"\1" * (len(text) // 2)
    assert np.array_equal(sampled(text, marks), sampled(text[len(text) // 2 :]))
    assert len(sampled(text, bytearray(b"\1") * len(text))) == 0


def test_the_reasoning_of_another_episode_meets() -> None:
    secret = raw("secret")
    assert met([([secret], [], []), ([raw("mine")], [], [[b"Notes: " + secret]])]) == {(1, 0, NOBODY)}


def test_who_comes_first_does_not_matter() -> None:
    secret = raw("secret")
    assert met([([raw("mine")], [], [[b"Notes: " + secret]]), ([secret], [], [])]) == {(0, 1, NOBODY)}


def test_public_text_of_the_owner_does_not_meet() -> None:
    secret = raw("secret")
    assert met([([secret], [(secret, 0)], []), ([], [], [[secret]])]) == set()


def test_what_somebody_says_openly_does_not_meet() -> None:
    secret = raw("secret")
    episodes: list[RawEpisode] = [([secret], [], []), ([], [], [[secret]]), ([], [(b"prompt", 0), (secret, 0)], [])]
    assert met(episodes, [0, 0, 1]) == set()
    assert met(episodes, [0, 0, 0]) == {(1, 0, NOBODY)}, "a prompt is no output"


def test_what_two_think_meets_and_what_three_think_does_not() -> None:
    secret = raw("secret")
    thinkers: list[RawEpisode] = [([raw(number) + secret], [], []) for number in range(3)]
    assert met([*thinkers[:2], ([], [], [[secret]])]) == {(2, 0, 1)}
    assert met([*thinkers, ([], [], [[secret]])]) == set()


def test_a_rollout_in_several_records_is_one_voice() -> None:
    secret = raw("secret")
    episodes: list[RawEpisode] = [([secret], [], []), ([], [], []), ([secret], [], [[b"more"]]), ([secret], [], []), ([], [], [])]
    samples = samples_of(episodes)
    assert voices(samples.windows, samples.counts).tolist() == [0, 1, 0, 0, 4]
    assert met([*episodes, ([], [], [[secret]])]) == {(5, 0, NOBODY)}


def test_the_older_half_is_forgotten() -> None:
    samples = Samples()
    for number in range(4):
        matching.screen([([raw(number)], [], []), ([], [], [])], None, samples, [0, 0])
    sizes = samples.counts.sum(axis=1)
    assert samples.forget_half() == 4
    assert samples.size == sizes[4:].sum() == len(samples.windows)
    assert samples.counts.shape == (4, KINDS)


def test_a_part_of_the_samples_without_some_windows() -> None:
    samples = Samples()
    for number in range(3):
        matching.screen([([raw(number)], [], [[raw(number + 9)]]), ([], [], [])], None, samples, [0, 0])
    nothing = np.zeros(samples.size, np.bool_)
    whole, part = Samples(), Samples()
    whole.add(*samples.part(slice(-64, None), nothing))
    assert np.array_equal(whole.windows, samples.windows)
    assert np.array_equal(whole.counts, samples.counts)
    left_out = nothing.copy()
    left_out[::3] = True
    part.add(*samples.part(slice(1, 4), left_out))
    start, stop = samples.counts[:1].sum(), samples.counts[:4].sum()
    assert np.array_equal(part.windows, samples.windows[start:stop][~left_out[start:stop]])
    assert part.counts.sum() == part.size
    assert part.counts.shape == (3, KINDS)


@pytest.mark.parametrize("sizes", [(8, 0, 0), (8, 12, 0), (0, 12, 8), (0, 11, 4)])
def test_the_kernel_refuses_numbers_that_do_not_fit(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="fit"):
        _kernel.meetings(*(bytes(size) for size in sizes), 1)
    with pytest.raises(ValueError, match="own"):
        _kernel.screen([((), (), ())], None, None, b"\0")


def test_only_the_ends_of_a_unit_are_flagged(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequester.exposure.matching.EDGE", 2)
    monkeypatch.setattr("sequester.exposure.samples.EDGE", 2)
    idea = raw("an idea")
    samples = samples_of([([raw(number) + idea], [], [[idea]]) for number in range(7)])
    found = matching.meetings(samples)
    assert np.array_equal(found.common, meetings(samples.windows, samples.counts, found.voices).common)
    flags = np.split(found.common, np.cumsum(samples.counts.sum(axis=1))[:-1])
    assert [bool(some.any()) for some in flags] == [True, True, False, False, False, True, True]


def test_a_window_is_as_long_as_the_shortest_text_that_has_one() -> None:
    text = next(one for one in (matching.normalise(raw(n, 12))[:WINDOW] for n in range(1000)) if len(sampled(one)))
    assert len(sampled(text)) == 1
    assert len(sampled(text[:-1])) == 0
