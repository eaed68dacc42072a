"""The comparison of two environments."""

from pathlib import Path

import pytest
from tests.packaging.unmoved import main, moved


def test_nothing_before_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "before").write_text("\n")
    (tmp_path / "after").write_text("numpy==2.0\n")
    assert main(tmp_path / "before", tmp_path / "after") == 1


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("numpy==2.0\ntrl==1.0\n", []),
        ("click==8.0\nnumpy==2.0\nsequester @ file:dist/x.whl\ntrl==1.0\n", []),
        ("numpy==2.1\ntrl==1.0\n", ["numpy==2.0"]),
        ("trl==1.0\n", ["numpy==2.0"]),
    ],
    ids=["same", "added", "other-version", "removed"],
)
def test_only_what_changed_is_named(after: str, expected: list[str]) -> None:
    assert moved("numpy==2.0\ntrl==1.0\n", after) == expected
