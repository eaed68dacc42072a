"""What reward code returned, read as scores: numbers in whatever a framework allows to come back.

| returned for n episodes | read as |
|---|---|
| list, tuple, array or tensor of n numbers or bools | one score each; None and NaN are no score |
| mapping with `rewards`, `reward`, `scores` or `score` | the first of these; of several, or with `acc` beside it, each is a member too |
| n sequences or mappings of numbers (a panel of graders), or a mapping of n-long sequences | the mean of each episode's, and its members |
| one number for one episode | its score |
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from msgspec import Struct

_SCORE_KEYS = ("rewards", "reward", "scores", "score")
_SELECTING_KEYS = ("acc",)
"""Beside one of these: what groups are selected by (`algorithm.filter_groups.metric` in verl's recipe DAPO)."""


class Returned(Struct, frozen=True):
    """One episode's share of what came back."""

    score: float | None
    failure: str = ""
    """`wrong_length`, `not_a_number` or `bit_or_index`; empty where the code gave a score, or None on purpose."""
    members: Mapping[str, float] = {}
    """Every score of an episode that was given several: by position, or by digest of its key, which may be text of an episode."""


def read_scores(value: object, episodes: int) -> tuple[Returned, ...]:
    """One entry for each episode of the batch that was scored."""
    value = _plain(value)
    if isinstance(value, Mapping):
        value = _plain(_of_mapping(value, episodes))
    if episodes == 1 and not _is_sequence(value):
        value = [value]
    if not isinstance(value, Sequence) or not _is_sequence(value) or len(value) != episodes:
        return (Returned(None, "wrong_length"),) * episodes
    return tuple(map(_score, value))


def _of_mapping(value: Mapping[Any, Any], episodes: int) -> object:
    scores = {key: _plain(value[key]) for key in _keys(value)}
    columns = scores or {key: _plain(column) for key, column in value.items()}
    whole = {key: column for key, column in columns.items() if _is_sequence(column) and len(column) == episodes}
    if scores and next(iter(scores)) in whole:
        return [dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)]
    if scores and (episodes != 1 or _is_sequence(next(iter(scores.values())))):
        return next(iter(scores.values()))
    if columns and len(whole) == len(columns):
        return [dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)]
    return value


def _keys(value: Mapping[Any, Any]) -> list[str]:
    """Those that scores stand at; none in a panel."""
    keys = [key for key in _SCORE_KEYS if key in value]
    return [*keys, *(key for key in _SELECTING_KEYS if keys and key in value)]


def _plain(value: Any) -> Any:
    """Arrays, tensors and their scalars as Python's own lists and numbers."""
    return value.tolist() if callable(getattr(value, "tolist", None)) else value


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _score(value: object) -> Returned:
    value = _plain(value)
    if isinstance(value, Mapping):
        named = {key: _score(value[key]) for key in _keys(value)}
        if named:
            first = next(iter(named.values()))
            return first if len(named) == 1 or first.score is None else Returned(first.score, members=_members(named))
        return _panel({_name(key, place): _score(member) for place, (key, member) in enumerate(value.items())})
    if isinstance(value, Sequence) and _is_sequence(value):
        return _panel({str(place): _score(member) for place, member in enumerate(value)})
    if value is None:
        return Returned(None)
    if isinstance(value, str | bytes) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        return Returned(None, "not_a_number")
    try:
        number = float(value)  # type: ignore[arg-type]  # has one of the two methods
    except (TypeError, ValueError, ArithmeticError):
        return Returned(None, "not_a_number")
    return Returned(number) if math.isfinite(number) else Returned(None, "not_a_number")


def _panel(panel: Mapping[str, Returned]) -> Returned:
    if any(member.failure for member in panel.values()):
        return Returned(None, "not_a_number")
    scores = [member.score for member in panel.values() if member.score is not None]
    if not scores:
        return Returned(None)
    return Returned(math.fsum(scores) / len(scores), members=_members(panel) if len(panel) > 1 else {})


def _members(panel: Mapping[str, Returned]) -> dict[str, float]:
    """Every score of a panel by name, those of a panel within it after a slash."""
    found: dict[str, float] = {}
    for name, one in panel.items():
        if one.score is not None:
            found[name] = one.score
            found.update((f"{name}/{inner}", score) for inner, score in one.members.items())
    return found


def _name(key: object, place: int) -> str:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest() if isinstance(key, str) else str(place)


def read_kept(value: object, episodes: int) -> tuple[Returned, ...]:
    """Keep bits (1.0 kept, 0.0 dropped) out of what a selection function returned for a batch: as many bits (bools, or numbers 0 and 1), or
    the indices of those kept, or one index.

    As many integers as episodes, all 0 or 1, are bits: as indices they would name a member twice or, of two members, keep both whatever
    stands there. For one member `[0]` may mean either, and is read as neither.
    """
    value = _plain(value)
    if isinstance(value, set | frozenset):
        return _kept_at(list(value), episodes)
    if isinstance(value, int) and not isinstance(value, bool):
        return _kept_at([value], episodes)
    if isinstance(value, bool) and episodes == 1:
        value = [value]
    if not isinstance(value, Sequence) or not _is_sequence(value):
        return (Returned(None, "wrong_length"),) * episodes
    members = [_plain(member) for member in value]
    indices = all(isinstance(member, int) and not isinstance(member, bool) for member in members)
    bits = all(isinstance(member, bool | int | float) and member in (0, 1) for member in members)
    if bits and len(members) == episodes:
        if indices and members == [0]:
            return (Returned(None, "bit_or_index"),)
        return tuple(Returned(float(member)) for member in members)
    if indices:
        return _kept_at(members, episodes)
    return (Returned(None, "wrong_length" if bits else "not_a_number"),) * episodes


def _kept_at(indices: Sequence[Any], episodes: int) -> tuple[Returned, ...]:
    if not all(isinstance(index, int) and -episodes <= index < episodes for index in indices):
        return (Returned(None, "wrong_length"),) * episodes
    kept = {index % episodes for index in indices}
    return tuple(Returned(float(index in kept)) for index in range(episodes))
