"""TOML by hand: what is wrong, with file, line and column."""

import pytest

from sequester.errors import ConfigError
from sequester.toml_file import MOST_BYTES, parse_toml, place_of, read_toml


def test_an_empty_file_holds_nothing(tmp_path):
    (tmp_path / "x.toml").touch()
    assert read_toml(tmp_path / "x.toml") == {}


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("a = 1\n[b", "x.toml:2:3", "expected ']'"),
        ("a = 1\na = 2", "x.toml:2:6", "cannot overwrite"),
        ("a = ", "x.toml:1:5", "invalid value"),
        (f"a = {'9' * 5000}", "x.toml", "ValueError"),
        ("a = " + "[" * 10**5, "x.toml", "RecursionError"),
    ],
)
def test_the_place_is_named(text, where, says):
    with pytest.raises(ConfigError) as caught:
        parse_toml(text, "x.toml")
    assert caught.value.where.startswith(where)
    assert caught.value.message.startswith("cannot be read as TOML")
    assert says in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_none_is_said(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        read_toml(tmp_path / "x.toml")
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_toml(tmp_path)
    (tmp_path / "x.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(ConfigError, match=r"x\.toml:2: .*not UTF-8"):
        read_toml(tmp_path / "x.toml")
    (tmp_path / "x.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="is longer than"):
        read_toml(tmp_path / "x.toml")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("audit", ":2:1"),
        ("audit.fail-on", ":3:3"),
        ("reward_call[1].path", ":8:1"),
        ("reward_call[1].inputs.text", ":9:1"),
        ("tool.sequester.audit.out", ":11:1"),
        ("tool.sequester", ":10:1"),
        ("quoted", ":1:1"),
        ("absent", ""),
        ("", ""),
    ],
)
def test_the_place_of_a_key(tmp_path, key, place):
    file = tmp_path / "x.toml"
    file.write_text(
        '"quoted" = 1\n[audit]\n  fail-on = "x"\n[[reward_call]]\npath = "a"\n# c\n[[ reward_call ]]\npath = "b"\n'
        'inputs = { text = "t" }\n[tool.sequester.audit]\nout = 1\n'
    )
    assert place_of(file, key) == f"{file}{place}"


def test_a_file_that_is_not_there_has_no_places():
    assert place_of("field map", "episode") == "field map"
