"""Which reward paths changed since a revision, because of what, and what re-arms a probe."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from sequester.influence.changes import History, Surveyed, survey, withdrawn
from sequester.influence.installed import Installed
from sequester.influence.links import Links, end
from sequester.influence.reward_paths import RewardPath

PATH = RewardPath(function="rewards.py:accuracy", episodes="e.jsonl", files=("judge.jinja",))
THEN = {
    "rewards.py": "import scoring, math_verify",
    "scoring.py": "import deep.inner",
    "deep/inner.py": "",
    "judge.jinja": "Grade.",
    "requirements.txt": "trl==1\nmath-verify==1\nrich==1\n",
    "README.md": "x",
}
INSTALLED = Installed(
    {"math_verify": ["math-verify"]}, lambda name: "1" if name == "math-verify" else "", "math_verify".__eq__, "detector-1"
)


class Two:
    """Two trees beside each other, as a History."""

    def __init__(
        self, before: Mapping[str, str], now: Mapping[str, str], ignored: Collection[str] = (), links: Links | None = None
    ) -> None:
        self._before, self._now, self._ignored, self._links = before, now, ignored, links or {}

    def files(self) -> Collection[str]:
        return frozenset(self._now) - frozenset(self._ignored)

    def changed(self) -> Collection[str]:
        return {name for name in {**self._before, **self._now} if self._before.get(name) != self._now.get(name)} - set(
            self._ignored
        )

    def links(self) -> Links:
        return self._links

    def read(self, path: str) -> bytes | None:
        path = end(path, self._links) or ""
        return self._now[path].encode() if path in self._now else None

    def before(self, path: str) -> bytes | None:
        return self._before[path].encode() if path in self._before else None


def one(
    history: History, path: RewardPath = PATH, before: RewardPath | None = PATH, installed: Installed = INSTALLED
) -> Surveyed:
    (found,) = survey({"accuracy": path}, {} if before is None else {"accuracy": before}, "", history, installed)
    return found


def test_nothing_declared_is_nothing_surveyed():
    assert list(survey({}, {}, "", Two(THEN, THEN), INSTALLED)) == []


def test_nothing_changed():
    assert one(Two(THEN, THEN)).because == ()


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"rewards.py": "import scoring"}, "rewards.py changed"),
        ({"deep/inner.py": "x = 1"}, "deep/inner.py changed (imported by scoring.py)"),
        ({"judge.jinja": "Grade it."}, "judge.jinja changed (declared)"),
        ({"requirements.txt": "trl==2\nmath-verify==1\nrich==1\n"}, "trl: ==1 (requirements.txt) -> ==2 (requirements.txt)"),
        (
            {"requirements.txt": "trl==1\nMath_Verify==2\nrich==1\n"},
            "math-verify: ==1 (requirements.txt) -> ==2 (requirements.txt)",
        ),
        ({"requirements.txt": "math-verify==1\n"}, "trl: ==1 (requirements.txt) -> not pinned"),
        ({"uv.lock": '[[package]]\nname = "verl"\nversion = "3"'}, "verl: not pinned -> 3 (uv.lock)"),
        ({"Pipfile.lock": '{"default": {"trl": {"version": "==3"}}}'}, "trl: not pinned -> ==3 (Pipfile.lock)"),
        ({"constraints.txt": "trl==3\n"}, "trl: not pinned -> ==3 (constraints.txt)"),
        ({"setup.py": "x"}, "file setup.py: not pinned -> SHA-256 2d711642b726 (setup.py)"),
        ({"README.md": "y"}, None),
        ({"requirements.txt": "trl==1\nmath-verify==1\nrich==2\n"}, None),
        ({"other/requirements.txt": "trl==7\n"}, None),
        ({"src/scoring.py": ""}, "src/scoring.py changed (imported by rewards.py)"),
    ],
)
def test_each_change_is_named_or_is_none(change, because):
    assert one(Two(THEN, THEN | change)).because == ((because,) if because else ())


def test_a_module_that_has_gone_is_a_change():
    now = {name: text for name, text in THEN.items() if name != "deep/inner.py"}
    assert one(Two(THEN, now)).because == ("deep/inner.py changed (imported by scoring.py)",)


def test_a_new_or_changed_declaration_is_a_change():
    assert one(Two(THEN, THEN), before=None).because == ("newly declared",)
    other = RewardPath(function="rewards.py:accuracy", episodes="other.jsonl", files=("judge.jinja",))
    assert one(Two(THEN, THEN), before=other).because == ("its declaration changed (episodes: other.jsonl -> e.jsonl)",)


def test_a_declared_file_that_git_ignores_counts_as_changed():
    assert one(Two(THEN, THEN, ignored=["judge.jinja"])).because == (
        "judge.jinja is ignored by git, so whether it changed is not known",
    )


@pytest.mark.parametrize("file", ["rewards.py", "scoring.py", "deep/inner.py", "judge.jinja"])
def test_the_digest_changes_with_every_file(file):
    assert one(Two(THEN, THEN)).digest != one(Two(THEN, THEN | {file: THEN[file] + "\n"})).digest


def test_the_digest_changes_with_declaration_versions_and_detector_and_with_nothing_else():
    digests = {
        one(Two(THEN, THEN)).digest,
        one(Two(THEN, THEN), RewardPath(function=PATH.function, episodes="e.jsonl", files=PATH.files, noise="replicate")).digest,
        one(Two(THEN, THEN | {"requirements.txt": "trl==2\n"})).digest,
        one(
            Two(THEN, THEN), installed=Installed(INSTALLED.shipped_by, lambda _name: "2", INSTALLED.is_versioned, "detector-1")
        ).digest,
        one(
            Two(THEN, THEN), installed=Installed(INSTALLED.shipped_by, INSTALLED.version, INSTALLED.is_versioned, "detector-2")
        ).digest,
    }
    assert len(digests) == 5
    assert one(Two({}, THEN)).digest == one(Two(THEN, THEN | {"README.md": "y"})).digest == one(Two(THEN, THEN)).digest


def test_a_reward_path_in_a_folder_is_pinned_by_the_files_above_it():
    now = {"env/rewards.py": "", "env/judge.jinja": "", "requirements.txt": "trl==2\n"}
    (found,) = survey({"a": PATH}, {"a": PATH}, "env", Two(now | {"requirements.txt": "trl==1\n"}, now), INSTALLED)
    assert found.because == ("trl: ==1 (requirements.txt) -> ==2 (requirements.txt)",)


def bare(code: str, files: Mapping[str, str], change: Mapping[str, str], links: Links | None = None, file: str = "rewards.py"):
    """What is said of a reward path in `file` that declares no other files, after a change."""
    before = {file: code, **files}
    path = RewardPath(function=f"{file}:accuracy", episodes="e.jsonl")
    return one(Two(before, before | change, links=links), path, path)


@pytest.mark.parametrize("statement", ["import graderlib", "from graderlib import grade", "from graderlib.deep import grade"])
@pytest.mark.parametrize("root", ["pkgs/graderlib/src/", "libs/a/", "vendored/python/lib/"])
@pytest.mark.parametrize("module", ["graderlib/__init__.py", "graderlib/deep.py"])
def test_a_package_beside_that_of_the_reward_is_followed(statement, root, module):
    files = {f"{root}graderlib/__init__.py": "from .deep import grade", f"{root}graderlib/deep.py": ""}
    file = "pkgs/rewards/src/rewards/acc.py"
    assert bare(statement, files, {}, file=file).because == ()
    (said,) = bare(statement, files, {f"{root}{module}": "x = 1"}, file=file).because
    assert said.startswith(f"{root}{module} changed (imported by ")


@pytest.mark.parametrize("code", ["import nowhere", "from nowhere.deep import x", "import math_verify, nowhere"])
def test_an_import_that_leads_nowhere_counts_as_changed_and_is_covered_by_nothing(code):
    found = bare(code, {}, {})
    assert found.because == (
        "nowhere, imported by rewards.py, is no file of the repository and no installed version, so whether it changed is not known",
    )
    assert found.digest == ""


def test_what_is_installed_or_python_s_own_leads_somewhere():
    found = bare("import json, math_verify\nfrom . import sibling", {}, {})
    assert found.because == () and found.digest


@pytest.mark.parametrize(
    ("code", "links"),
    [
        ("", {"rewards.py": "shared/impl.py"}),
        ("import impl", {"impl.py": "deep/b.py", "deep/b.py": "shared/impl.py"}),
        ("import pkg.impl", {"pkg": "shared"}),
        ("open('prompts/impl.py')", {"prompts": "shared"}),
    ],
)
def test_the_file_behind_a_link_belongs_to_it(code, links):
    files = {**dict.fromkeys(links, "a link"), "shared/impl.py": ""}
    assert bare(code, files, {}, links).because == ()
    (said,) = bare(code, files, {"shared/impl.py": "x = 1"}, links).because
    assert said.startswith("shared/impl.py changed")


def test_another_target_of_a_link_is_a_change():
    links = {"a.py": "b.py", "b.py": "c.py"}
    found = bare("import a", {**dict.fromkeys(links, "link"), "c.py": ""}, {"b.py": "another link"}, links)
    assert found.because == ("b.py changed (a.py leads to it)",)


def test_a_link_out_of_the_repository_counts_as_changed():
    found = bare("import a", {"a.py": "link"}, {}, {"a.py": None})
    assert found.because == ("a.py leads out of the repository, so whether it changed is not known",)
    assert found.digest == ""


def test_a_declaration_that_is_gone_is_told_with_whether_its_function_is():
    other = RewardPath(function="rewards.py:other", episodes="e.jsonl")
    before = {"accuracy": PATH, "other": other}
    code = {"rewards.py": b"def accuracy(prompts, completions): ..."}
    assert withdrawn(before, before, "", code.get) == ({}, ())
    assert withdrawn({}, before, "", code.get) == ({"accuracy": "rewards.py:accuracy"}, ("other",))
    assert withdrawn({}, before, "", {}.get) == ({}, ("accuracy", "other"))
    assert withdrawn({"renamed": PATH, "other": other}, before, "", code.get) == ({}, ())
    assert withdrawn({"accuracy": other}, {"accuracy": PATH}, "", code.get) == ({"accuracy": "rewards.py:accuracy"}, ())
