"""What the pages show as TOML is accepted: as settings, as a field map or as waivers, whichever it is."""

import re
import tomllib
from pathlib import Path

import pytest

from sequester.cli.main import run
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.map_file import parse_map
from sequester.findings.waivers import parse_waivers

ROOT = Path(__file__).parents[2]
KEY = "fk-0123456789ab"
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in sorted(ROOT.glob("docs/*.md"))
    for number, block in enumerate(re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.M | re.S), 1)
]


def test_there_are_blocks_of_each_kind():
    shown = "".join(block.values[0] for block in BLOCKS)
    assert all(f"\n{table}" in f"\n{shown}" for table in ("[audit]", "[episode]", "[[waiver]]"))


@pytest.mark.parametrize("block", BLOCKS)
def test_what_a_page_shows_is_accepted(block, tmp_path, monkeypatch, capsys):
    tables = tomllib.loads(block)
    if "episode" in tables:
        assert parse_map(Options(field_map=tables)).fields
    elif "waiver" in tables:
        text = block if "fingerprint_key" in tables else f'fingerprint_key = "{KEY}"\n{block}'
        assert parse_waivers(text, "page", tables.get("fingerprint_key", KEY)).entries
    else:
        monkeypatch.chdir(tmp_path)
        Path("sequester.toml").write_text(block)
        assert run(["doctor"]) == 0
        assert f"with settings for {', '.join(tables)}" in capsys.readouterr().out
