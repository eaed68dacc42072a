"""Versions that a project pins."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.influence.pins import UNREAD, holds_pins, pin_files, pins


def of(files: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    contents = {name: text.encode() for name, text in files.items()}
    return pins([name for name in files if holds_pins(name)], contents.get)


def test_nothing_pins_nothing():
    assert of({}) == {}
    assert pins(["requirements.txt"], {}.get) == {}


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("requirements.txt", "trl==0.20.0", "==0.20.0"),
        (
            "requirements-dev.txt",
            "# first\n-e .\ntrl[vllm] == 0.20.0 ; python_version > '3'  # why\n",
            "[vllm] == 0.20.0 ; python_version > '3'",
        ),
        ("requirements.txt", "trl==0.20.0 \\\n    --hash=sha256:00", "==0.20.0"),
        ("requirements.txt", "trl @ git+https://example.org/trl@abc", "@ git+https://example.org/trl@abc"),
        ("pyproject.toml", '[project]\ndependencies = ["trl>=0.20"]', ">=0.20"),
        ("pyproject.toml", '[project.optional-dependencies]\ntrain = ["trl>=0.20"]', ">=0.20"),
        ("pyproject.toml", '[dependency-groups]\ntrain = ["trl>=0.20", {include-group = "x"}]', ">=0.20"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\ntrl = "^0.20"', "^0.20"),
        ("pyproject.toml", '[tool.poetry.group.train.dependencies]\ntrl = "^0.20"', "^0.20"),
        ("uv.lock", '[[package]]\nname = "trl"\nversion = "0.20.0"\nsource = { registry = "https://example.org" }', "0.20.0"),
        ("poetry.lock", '[[package]]\nname = "TRL"\nversion = "0.20.0"', "0.20.0"),
        ("pylock.toml", '[[packages]]\nname = "trl"\nversion = "0.20.0"', "0.20.0"),
        ("pdm.lock", '[[package]]\nname = "trl"\nversion = "0.20.0"', "0.20.0"),
        ("Pipfile.lock", '{"_meta": {}, "default": {"trl": {"hashes": ["sha256:0"], "version": "==0.20.0"}}}', "==0.20.0"),
        ("pixi.lock", "packages:\n- pypi: https://example.org/a/trl-0.20.0-py3-none-any.whl\n", "0.20.0-py3-none-any"),
        ("pixi.lock", "packages:\n- conda: https://example.org/noarch/trl-0.20.0-h1_0.conda\n", "0.20.0-h1_0"),
        ("constraints-train.txt", "trl==0.20.0\n", "==0.20.0"),
        ("pylock.train.toml", '[[packages]]\nname = "trl"\nversion = "0.20.0"', "0.20.0"),
    ],
)
def test_each_kind_of_file_is_read(name, text, version):
    assert of({name: text})["trl"] == {f"{version} ({name})"}


def test_where_a_package_comes_from_counts_as_its_version():
    one, other = (
        of({"uv.lock": f'[[package]]\nname = "trl"\nversion = "0"\nsource = {{ git = "https://example.org#{commit}" }}'})
        for commit in "ab"
    )
    assert one != other


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.py", "setup(install_requires=['trl==1'])"),
        ("setup.cfg", "[options]\ninstall_requires = trl==1"),
        ("environment.yml", "dependencies: [trl=1]"),
        ("requirements.txt", "git+https://example.org/trl@1"),
        ("requirements.txt", "-e git+https://example.org/trl@1#egg=trl"),
        ("pixi.lock", "- pypi: git+https://example.org/trl@1"),
        ("uv.lock", "[[package"),
    ],
)
def test_what_is_not_read_stands_under_a_name_that_no_distribution_has(name, text):
    before, now = of({name: text}), of({name: text + "2"})
    assert set(before) == {f"{UNREAD}{name}"}
    assert before != now


def test_included_requirements_are_read_once():
    files = {"requirements.txt": "-r base.in\n-r requirements.txt\n", "base.in": "trl==1\n"}
    contents = {name: text.encode() for name, text in files.items()}
    assert pins(["requirements.txt"], contents.get)["trl"] == {"==1 (base.in)"}


@pytest.mark.parametrize("data", [b"\xff", b"[[", b"x = " + b"[" * 100_000])
def test_a_file_that_cannot_be_read_still_tells_two_contents_apart(data):
    one, other = (pins(["uv.lock"], {"uv.lock": data + more}.get) for more in (b"", b" "))
    assert one and other and one != other


def test_only_files_beside_the_code_and_above_it_pin_it():
    files = ["uv.lock", "a/requirements.txt", "a/requirements/train.txt", "b/requirements.txt", "a/c/d/uv.lock", "a/notes.txt"]
    assert pin_files(files, "a/c/rewards.py") == ["a/requirements.txt", "a/requirements/train.txt", "uv.lock"]


@given(
    st.text(max_size=60),
    st.sampled_from(["requirements.txt", "pyproject.toml", "uv.lock", "Pipfile.lock", "pixi.lock", "setup.py"]),
)
def test_any_text_can_be_read(text, name):
    assert isinstance(pins([name], {name: text.encode("utf-8", "replace")}.get), dict)
