"""What the committed texts may and may not say, and whether their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from sequester.episodes.model import Reason
from sequester.findings.rules import HEADINGS, RULES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("src/**/*.md")])
SUFFIXES = {".md", ".py", ".pyi", ".toml", ".c", ".h", ".html", ".css", ".js", ".sh", ".yml", ".txt", ".cfg", ""}
SKIPPED = {".git", "build", "dist", "demo-out", "__pycache__", "data", "vectors"}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]*))?\)")
MACHINE = re.compile(
    r"(?<![\w.*$}/])/(?:work|root|home|tmp/\w)[/\w]|\b(?:files\.)?pythonhosted\.org|\bpypi\.org|\bregistry\.npmjs"
)


def committed() -> list[Path]:
    """Text files of the tree, whether or not git is there."""
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if (
            path.is_file()
            and path.suffix in SUFFIXES
            and not any(
                part in SKIPPED or part.startswith(".venv") or part.endswith((".egg-info", "_cache")) or part == ".hypothesis"
                for part in parts
            )
        ):
            found.append(path)
    return found


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def prose(page: Path) -> str:
    """The page without code, in which brackets are no links."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)


def test_there_are_pages():
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    for target, anchor in LINK.findall(prose(page)):
        if "://" in target:
            continue
        file = (page.parent / target).resolve()
        assert file.exists(), f"{target} does not exist"
        assert not anchor or file.suffix != ".md" or anchor in anchors(file), f"{target} has no heading #{anchor}"


def test_every_page_of_the_docs_is_in_their_index():
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, f"docs/README.md does not name {page.name}"


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page_with_the_fixed_headings(code):
    page = ROOT / "src" / "sequester" / "findings" / "pages" / f"{code}.md"
    assert tuple(re.findall(r"^## (.+)$", page.read_text(), re.M)) == HEADINGS


def test_the_format_names_every_reason():
    page = (ROOT / "docs" / "format.md").read_text()
    section = page[page.index("### Reasons") : page.index("## Reading")]
    assert set(re.findall(r"`(\w+)`", section)) == {reason.value for reason in Reason}


def test_no_text_names_a_machine_path_or_a_registry_host():
    for path in committed():
        if path == Path(__file__):
            continue
        found = MACHINE.search(path.read_text("utf-8", "replace"))
        assert found is None, f"{path.relative_to(ROOT)} holds {found[0]!r}"


def test_no_report_and_no_message_calls_anything_clean():
    """Options, reports and pages say `none found`, with what was not assessed; nothing is ever called clean."""
    verbs = r"clean(?:ed|ing|s|ly|up)?[ -](?:up|clone)|make clean|clean:"
    allowed = re.compile(rf"n?ever (?:called|says?) .{{0,12}}clean|{verbs}|clean\.eval|clean\*? negatives", re.I)
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.html"), *(ROOT / "src").rglob("*.js"), *PAGES]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"\bclean\b", line, re.I) and not allowed.search(line) and "never" not in line.lower():
                pytest.fail(f"{path.relative_to(ROOT)}:{number} says `clean`")


def test_git_ignores_what_is_made():
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    for name in (
        ".venv/x",
        ".venv-trl/x",
        "dist/x",
        "build/x",
        "demo-out/x",
        ".sequester/x",
        "src/sequester/exposure/_kernel.abi3.so",
    ):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, timeout=60).returncode == 0, name
