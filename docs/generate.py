"""Writes the pages that say what the code says: `python docs/generate.py`. `tests/docs/test_generated.py` fails when one is stale.

docs/cli.md         the `--help` of every verb
docs/reference.md   the docstrings of the modules that others may build on
docs/rules.md       the register of rules
docs/schemas        the JSON Schema of every kind of result
README.md           the sections between `<!-- begin NAME -->` and `<!-- end NAME -->`: the help, the demo's output, the readers

In every page, a fenced block whose language is `console` holds commands (`$ ...`) and what they print: they are run here, one page
after the other, each in a new folder with links to `examples` and `tests`. ` ```console head=8 ` keeps the first eight lines.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sequester.cli.main import VERBS, sequester
from sequester.episodes.readers.registry import load_readers
from sequester.findings.kinds import PRINTED
from sequester.findings.rules import RULES
from sequester.report.json_format import schema, schema_file

ROOT = Path(__file__).parents[1]
WIDTH = 100
DEMO_LINES = ("Echo: ", "Found: ", "Findings: ", "EXPOSED: ")
"""The README shows the demo's report up to the first of these, then from the second to the third, then from the fourth on."""
PUBLIC = (
    "errors",
    "episodes.model",
    "episodes.guarded",
    "episodes.splitter",
    "episodes.assembly",
    "episodes.bundle.writer",
    "episodes.bundle.reading",
    "episodes.readers.interface",
    "episodes.readers.registry",
    "findings.model",
    "findings.swapped",
    "findings.linted",
    "findings.kinds",
    "findings.verdict",
    "findings.rules",
    "findings.waivers",
    "findings.fingerprint",
    "findings.workspace",
    "findings.store",
    "exposure.audit",
    "exposure.private",
    "exposure.severity",
    "exposure.calibration",
    "influence.swap_files",
    "statistics.intervals",
    "report.formats",
)
"""Modules that others may build on; the rest may change without notice."""


def help_of(*arguments: str) -> str:
    """What `sequester ARGUMENTS --help` prints on a terminal of fixed width."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        sequester.main([*arguments, "--help"], prog_name="sequester", standalone_mode=False, terminal_width=WIDTH)
    return out.getvalue().rstrip()


def cli_page() -> str:
    parts = ["# Command line\n\nWritten by `make docs` from the `--help` of every verb.\n"]
    for verb in ("", *VERBS):
        arguments = (verb,) if verb else ()
        parts.append(f"## {' '.join(('sequester', *arguments))}\n\n```text\n{help_of(*arguments)}\n```\n")
    return "\n".join(parts)


def rules_page() -> str:
    rows = [
        f"| [{rule.code}](../src/sequester/findings/pages/{rule.page}) | `{rule.name}` | `{rule.class_.value}` | {rule.title} |"
        for rule in RULES.values()
    ]
    head = "# Rules\n\nWritten by `make docs`. `sequester explain CODE` prints the same pages.\n\n"
    return head + "| code | name | class | what it says |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def reference_page() -> str:
    intro = (
        "# Python reference\n\nWritten by `make docs` from the docstrings of the modules that others may build on. Other modules may "
        "change without notice.\n"
    )
    return "\n".join([intro, *(part for module in PUBLIC for part in _module(module))])


def _module(name: str) -> Iterator[str]:
    tree = ast.parse((ROOT / "src" / "sequester" / f"{name.replace('.', '/')}.py").read_text())
    yield f"## sequester.{name}\n\n{_prose(tree)}"
    for node, note in _with_notes(tree.body):
        if isinstance(node, ast.FunctionDef) and _is_public(node.name):
            yield f"### {node.name}\n\n{_signature(node)}\n\n{_prose(node)}"
        elif isinstance(node, ast.ClassDef) and _is_public(node.name):
            yield from _class(node)
        elif (constant := _assigned(node)) and note:
            yield f"### {constant}\n\n{note}\n"


def _class(node: ast.ClassDef) -> Iterator[str]:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    yield f"### {node.name}{f' ({bases})' if bases else ''}\n\n{_prose(node)}"
    for member, note in _with_notes(node.body):
        if name := _assigned(member):
            kind = f": {ast.unparse(member.annotation)}" if isinstance(member, ast.AnnAssign) else ""
            default = f" = {ast.unparse(member.value)}" if getattr(member, "value", None) is not None else ""
            yield f"- `{name}{kind}{default}`" + (f": {_one_line(note)}" if note else "")
        elif isinstance(member, ast.FunctionDef) and _is_public(member.name):
            text = _one_line(ast.get_docstring(member) or "")
            yield f"- `{member.name}({_arguments(member)}){_returns(member)}`" + (f": {text}" if text else "")
    yield ""


def _with_notes(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Every statement with the string that stands under it, as docstrings of fields and constants do."""
    for node, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        yield node, text if isinstance(text, str) else ""


def _assigned(node: ast.stmt) -> str:
    """Name of a public constant or field; empty for any other statement."""
    targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets if isinstance(node, ast.Assign) else []
    names = [target.id for target in targets if isinstance(target, ast.Name) and _is_public(target.id)]
    return names[0] if names else ""


def _prose(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    text = ast.get_docstring(node) or ""
    # Indented blocks of a docstring are drawings: Markdown needs a blank line before them, which docstrings have.
    return text + "\n"


def _signature(node: ast.FunctionDef) -> str:
    return f"```python\n{node.name}({_arguments(node)}){_returns(node)}\n```"


def _arguments(node: ast.FunctionDef) -> str:
    return ast.unparse(node.args)


def _returns(node: ast.FunctionDef) -> str:
    return f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def schema_files() -> dict[Path, str]:
    """The JSON Schema of every kind of result, by its published place."""
    folder = ROOT / "docs" / "schemas"
    return {folder / schema_file(name): json.dumps(schema(name), indent=2) + "\n" for name in PRINTED}


def demo_output() -> str:
    """What `make demo` prints: the report's first part, its last line, and how it ended."""
    done = subprocess.run(
        ["make", "--no-print-directory", "demo"],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    lines = done.stdout[done.stdout.index("Calibration") :].rstrip().splitlines()
    echo, found, findings, last = (
        next(number for number, line in enumerate(lines) if line.startswith(start)) for start in DEMO_LINES
    )
    shown = [*lines[:echo], "[...]", "", *lines[found:findings], "[...]", "", *lines[last:]]
    return "\n".join(line.rstrip().replace(f"{ROOT}/", "…/") for line in shown)


def readers_table() -> str:
    rows = [f"| `{one.name}` | {one.title} | {one.verified or '**unverified**'} |" for one in load_readers()]
    return "| `--format` | what it reads | verified with files written by |\n|---|---|---|\n" + "\n".join(rows)


def readme(before: str) -> str:
    """The README with its generated sections written again."""
    sections = {
        "demo": f"```text\n{demo_output()}\n```",
        "help": f"```text\n{help_of()}\n```",
        "readers": readers_table(),
    }
    for name, text in sections.items():
        begin, end = f"<!-- begin {name} -->\n", f"\n<!-- end {name} -->"
        if before.count(begin) != 1 or before.count(end) != 1:
            raise SystemExit(
                f"README.md: {begin.strip()} and {end.strip()} stand there once each, the latter after an empty line"
            )
        head, _, rest = before.partition(begin)
        old, _, tail = rest.partition(end)
        before = head + begin + (old if _ids_aside(old) == _ids_aside(text) else text) + end + tail
    return before


def _ids_aside(text: str) -> str:
    """Ids of a one-off audit are other ones every time."""
    return re.sub(r"\b(?:[0-9a-f]{12}|[0-9a-f]{32})\b|\bfk-[0-9a-f]{12}\b", "#", text)


PROGRESS = re.compile(r"[\d,]+ episodes, [\d,]+ per second")
"""Whether there is any depends on how fast the machine is."""
CONSOLE = re.compile(r"^```console(?: head=(\d+))?\n(.*?)^```$", re.M | re.S)


def with_outputs(text: str) -> str:
    """A page with the output of every command in its console blocks as it is now."""
    with tempfile.TemporaryDirectory() as made:
        folder = os.path.realpath(made)
        for name in ("examples", "tests"):
            (Path(folder) / name).symlink_to(ROOT / name)
        return CONSOLE.sub(lambda block: _rerun(block, folder), text)


def _rerun(block: re.Match[str], folder: str) -> str:
    fence = block[0].partition("\n")[0]
    lines = [fence]
    for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block[2], re.M):
        lines.append(f"$ {command}")
        printed = _printed(command, folder)
        head = int(block[1]) if block[1] else len(printed)
        lines += printed[:head] + (["[...]"] if head < len(printed) else [])
    fresh = "\n".join([*lines, "```"])
    return block[0] if _ids_aside(block[0]) == _ids_aside(fresh) else fresh


def _environment() -> dict[str, str]:
    """Nothing that sets the tool or the shape of what is printed: pytest cuts no line where a CI service says that it is one."""
    shaping = ("SEQUESTER", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "PYTEST_", "GITHUB_", "GITLAB_")
    return {
        name: value for name, value in os.environ.items() if not name.startswith(shaping) and name not in ("CI", "BUILD_NUMBER")
    }


def _printed(command: str, folder: str) -> list[str]:
    """Both streams, as a terminal shows them. Programs come from the environment that runs this script."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = _environment() | {"PATH": path}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if "internal error: " in done.stdout or "cannot load " in done.stdout:
        raise SystemExit(f"the tool is broken, so no page is written: {command}")
    printed = done.stdout.replace(folder, "…").rstrip().splitlines()
    return [line.rstrip() for line in printed if not PROGRESS.match(line)]


def pages() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    return {
        ROOT / "docs" / "cli.md": cli_page(),
        ROOT / "docs" / "rules.md": rules_page(),
        ROOT / "docs" / "reference.md": reference_page(),
        ROOT / "README.md": with_outputs(readme((ROOT / "README.md").read_text())),
        **{page: with_outputs(page.read_text()) for page in console_pages()},
        **schema_files(),
    }


def console_pages() -> list[Path]:
    """The pages of the documentation, other than the README, that show commands."""
    return [page for page in sorted((ROOT / "docs").glob("*.md")) if CONSOLE.search(page.read_text())]


if __name__ == "__main__":
    for file, content in pages().items():
        file.write_text(content)
        print(f"wrote {file.relative_to(ROOT)}", file=sys.stderr)
