"""Reward code, read and parsed once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sequester.errors import InputError
from sequester.influence.parsed_code import read_code


def test_nothing_in_is_nothing_out() -> None:
    assert read_code([]) == ()


def test_every_node_is_there_once_and_the_module_leads(tmp_path: Path) -> None:
    path = tmp_path / "rewards.py"
    path.write_text("x = '\\d' + y\n", "utf-8")
    (file,) = read_code([path])
    assert (file.path, file.data) == (path, b"x = '\\d' + y\n")
    assert isinstance(file.module, ast.Module)
    assert sum(isinstance(node, ast.Name) for node in file.nodes) == 2


@pytest.mark.parametrize(
    ("code", "where"),
    [(b"def broken(:\n", ":1"), (b"x = '\0'", ""), (b"x = " + b"(" * 10_000, ""), (b"\xff", ""), (b"-" * 99_999 + b"1", "")],
)
def test_what_is_no_python_is_an_error(code: bytes, where: str, tmp_path: Path) -> None:
    path = tmp_path / "rewards.py"
    path.write_bytes(code)
    with pytest.raises(InputError) as error:
        read_code([path])
    assert error.value.where.startswith(str(path))
    with pytest.raises(InputError):
        read_code([tmp_path / "nowhere.py"])
