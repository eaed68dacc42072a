"""Figures in hand-written pages: each measurement owns the part of a page between its two markers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def write_between(page: str, author: str, parts: Iterable[str]) -> None:
    """Replace what stands between `<!-- written by AUTHOR: begin -->` and the next `<!-- end -->`. Raises ValueError without them."""
    path, begin, end = DOCS / page, f"<!-- written by {author}: begin -->", "<!-- end -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no part for {author}")
    path.write_text(f"{before}{begin}\n\n" + "\n\n".join(parts) + f"\n\n{end}{after}", encoding="utf-8")
