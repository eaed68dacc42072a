"""The directory in which state is kept."""

import pytest

from sequester.errors import ConfigError
from sequester.findings.workspace import Workspace


def test_naming_a_workspace_touches_nothing(tmp_path):
    workspace = Workspace(tmp_path / ".sequester")
    assert (workspace.results.parent, workspace.keys.parent) == (workspace.root, workspace.root)
    assert list(tmp_path.iterdir()) == []


def test_the_workspace_is_private_and_ignores_itself(tmp_path):
    workspace = Workspace(tmp_path / ".sequester").create()
    assert workspace.root.stat().st_mode & 0o077 == 0
    assert (workspace.root / ".gitignore").read_text() == "*\n"


def test_making_it_again_keeps_what_it_holds(tmp_path):
    workspace = Workspace(tmp_path / ".sequester").create()
    (workspace.root / ".gitignore").write_text("!kept\n")
    assert (workspace.create().root / ".gitignore").read_text() == "!kept\n"


def test_a_workspace_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        Workspace(tmp_path / "file" / "w").create()
