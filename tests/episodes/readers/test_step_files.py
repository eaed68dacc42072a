from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.readers.step_files import expected_steps, files_by_step, run_name, step_of
from sequester.errors import InputError

NAME = re.compile(r"([0-9]{1,18})\.jsonl")


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        ([], set()),
        ([7], set()),
        ([1, 2, 4], {3}),
        ([10, 20, 40], {30}),
        ([1, 10, 20, 30, 35], set()),  # first and last step logged beside every tenth
        ([1, 10, 20, 40, 45], {30}),
        ([5, 6, 7], set()),
        ([100, 200, 300, 600], {400, 500}),
        ([1, 2, 10**17], set()),  # no series of steps
    ],
)
def test_expected_steps(seen: list[int], missing: set[int]) -> None:
    assert expected_steps(seen) - set(seen) == missing
    assert expected_steps(seen) >= set(seen)


@given(st.integers(1, 50), st.integers(1, 30), st.sets(st.integers(1, 30)))
def test_a_missing_file_of_a_regular_run_is_always_expected(interval: int, count: int, lost: set[int]) -> None:
    steps = [interval * number for number in range(1, count + 20)]
    seen = [step for number, step in enumerate(steps) if number in {0, 1} or number not in lost]
    inside = {step for step in steps if step < seen[-1]}
    if sum(1 for earlier, later in pairwise(seen) if later - earlier == interval) > len(lost):
        assert expected_steps(seen) >= inside


def test_files_are_in_order_of_step_and_others_are_left_out(tmp_path: Path) -> None:
    for name in ("10.jsonl", "9.jsonl", "x.jsonl", "9.json", "-1.jsonl"):
        (tmp_path / name).touch()
    assert [(step, path.name) for step, path in files_by_step(tmp_path, NAME)] == [(9, "9.jsonl"), (10, "10.jsonl")]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be listed") as caught:
        files_by_step(tmp_path / "none", NAME)
    assert caught.value.where == str(tmp_path / "none")


def test_names() -> None:
    assert step_of(Path("a/00012.jsonl"), NAME) == 12
    assert step_of(Path("a/rollout.jsonl"), NAME) is None
    assert run_name(Path("/runs/seven/3.jsonl")) == "seven/3"
    assert run_name(Path("/runs/seven/completions/3.jsonl"), "completions") == "seven/3"
