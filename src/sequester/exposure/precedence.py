"""Which came first: a text in somebody's reasoning, or the same text in reward inputs.

What a policy recites (a rubric, a reference, a tool's manual) is there before it thinks: scorers were given it earlier, or it belongs to
one task. A buffer that is not emptied holds reasoning from the episode on that wrote it, whatever task comes next; a variable that is
bound too late holds what the last episode of a step wrote, in all inputs of that step. So the text of which the owner's episode is the
first that may have been given it, or the last of the one step in which it was, came there with the owner, where at least CROWD others
were scored in the same way (environment and reward paths) without it, earlier or later; on the same prompt, where it stands beside one
prompt only.

Had one policy just happened to be the first that recites what K scorers were given, that would be one chance in K, and two where steps
are known. So fewer than ENOUGH scorers say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from sequester.episodes.model import Channel, Episode
from sequester.exposure.samples import CROWD, Flags, Windows

ENOUGH = 8
"""Voices in whose inputs a window stands that may have come there with its owner."""
ORIGIN = np.dtype([("step", "=i8"), ("prompt", "=u4"), ("scoring", "=u4")])
"""An episode's step (NO_STEP for none), its prompt, and how it is scored, the last two as hashes."""
NO_STEP = -(1 << 63)
_FARTHEST = 1 << 62
"""Steps beyond are one: a log may hold any integer."""
Origins = NDArray[np.void]
"""Of the type `ORIGIN`, one per episode."""
Places = NDArray[np.int64]
_PROMPT = Channel.PROMPT


def origins_of(episodes: Iterable[Episode]) -> Origins:
    """Where some episodes come from."""
    return np.array([(_step(one), _prompt(one), _scoring(one)) for one in episodes], ORIGIN)


def _step(episode: Episode) -> int:
    return NO_STEP if episode.step is None else max(-_FARTHEST, min(episode.step, _FARTHEST))


def _prompt(episode: Episode) -> int:
    """All that the policy was given at first: templates and common instructions frame what differs."""
    asked = 0
    for segment in episode.segments:
        if segment.channel is not _PROMPT:
            break
        text = segment.text.reveal_raw()
        asked = crc32(text.encode("utf-8", "replace") if isinstance(text, str) else text, asked)
    return asked


def _scoring(episode: Episode) -> int:
    return _hashed(episode.environment or "", *[call.path for call in episode.calls])


@lru_cache(256)
def _hashed(*names: str) -> int:
    return crc32("\0".join(names).encode("utf-8", "replace"))


def came_with_owner(windows: Windows, readers: Places, owners: Places, origins: Origins, is_scored: Flags) -> Flags:
    """Which windows came into the inputs of `readers` with the episode that thought them, one of `owners`.

    Both are numbers of episodes, one per window, a window for each of its readers. How many these are is for the caller to count.
    """
    where = np.unique(windows, return_inverse=True)[1]
    has_steps = bool((origins["step"] != NO_STEP).all())
    steps = _codes(origins["step"]) if has_steps else np.zeros(len(origins), np.int64)
    records = np.argsort(np.argsort(steps, kind="stable"), kind="stable")
    first, last = _ends(records[readers], where)
    is_last = has_steps & _is_one(steps[readers], where) & (steps[readers] == steps[owners]) & (last <= records[owners])
    scoring = _codes(origins["scoring"])
    prompts = _codes(origins["prompt"])
    tasks = scoring * len(origins) + prompts
    of_task, of_all = (_outside(kinds, records, is_scored, owners, (first, last)) for kinds in (tasks, scoring))
    others = np.where(_is_one(prompts[readers], where), of_task, of_all)
    came: Flags = ((first >= records[owners]) | is_last) & (others >= CROWD)
    return came


def _codes(values: NDArray[np.generic]) -> Places:
    """Equal numbers for equal values, in the order of the values."""
    codes: Places = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return codes


def _ends(values: Places, where: NDArray[np.intp]) -> tuple[Places, Places]:
    """The smallest and the largest of the values at the same place, for each of them."""
    if not len(values):
        return values, values
    order = np.argsort(where, kind="stable")
    starts = np.flatnonzero(np.diff(where[order], prepend=-1))
    return np.minimum.reduceat(values[order], starts)[where], np.maximum.reduceat(values[order], starts)[where]


def _is_one(values: Places, where: NDArray[np.intp]) -> Flags:
    """Whether all values at the same place are equal, for each of them."""
    least, largest = _ends(values, where)
    is_one: Flags = least == largest
    return is_one


def _outside(kinds: Places, records: Places, is_scored: Flags, owners: Places, ends: tuple[Places, Places]) -> Places:
    """How many episodes of each owner's kind were scored before the first reader or after the last."""
    count = len(records)
    known = np.sort((kinds * count + records)[is_scored])
    begin = kinds[owners] * count
    before = np.searchsorted(known, begin + ends[0]) - np.searchsorted(known, begin)
    after = np.searchsorted(known, begin + count) - np.searchsorted(known, begin + ends[1], "right")
    outside: Places = before + after
    return outside
