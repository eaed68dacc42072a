"""From files to chunks: by the files alone, every unit once and in order."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.readers.interface import Unit
from sequester.exposure.inputs import chunks
from sequester.exposure.workers import Task


def cut(folder, sizes, together):
    """The numbers of files of these sizes, chunk by chunk."""
    names = [str(folder / str(number)) for number in range(len(sizes))]
    for name, size in zip(names, sizes, strict=True):
        Path(name).write_bytes(bytes(size))
    made = list(chunks([Task("jsonl", Unit(name)) for name in names], together))
    assert [chunk.number for chunk in made] == list(range(len(made)))
    return [[names.index(task.unit.path) for task in chunk.tasks] for chunk in made]


def test_no_units_are_no_chunks(tmp_path):
    assert cut(tmp_path, [], 10) == []


def test_small_files_are_scanned_together_and_large_ones_alone(tmp_path):
    assert cut(tmp_path, [3, 3, 4, 5, 11, 2, 20, 30, 1], 10) == [[0, 1, 2], [3], [4], [5], [6], [7], [8]]


def test_the_units_of_a_large_file_are_scanned_one_by_one(tmp_path):
    (tmp_path / "run.jsonl").write_bytes(bytes(20))
    units = [Task("jsonl", Unit(str(tmp_path / "run.jsonl"), start, start + 5)) for start in range(0, 20, 5)]
    assert [chunk.tasks for chunk in chunks(units, 10)] == [(unit,) for unit in units]


def test_a_file_that_has_gone_is_handed_out_all_the_same(tmp_path):
    gone = Task("jsonl", Unit(str(tmp_path / "gone.jsonl")))
    assert [chunk.tasks for chunk in chunks([gone], 10)] == [(gone,)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), max_size=12), st.integers(1, 20))
def test_every_unit_is_handed_out_once_in_order(tmp_path_factory, sizes, together):
    made = cut(tmp_path_factory.mktemp("run"), sizes, together)
    assert [number for chunk in made for number in chunk] == list(range(len(sizes)))
    assert all(len(chunk) == 1 or sum(sizes[number] for number in chunk) <= together for chunk in made)
