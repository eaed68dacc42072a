"""The bundle's reader keeps the contract of all readers."""

from pathlib import Path

import pytest
from tests.episodes.readers.contract import CHECKS, DATA, Case

from sequester.episodes.readers.bundle import READER
from sequester.episodes.readers.interface import Probe

CASE = Case(READER, DATA / "bundle" / "run", episodes=6, skipped=0, canary="Six sevens are forty-two")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check, tmp_path):
    check(CASE, tmp_path)


def test_one_file_of_a_bundle_names_the_directory():
    seen = Probe(Path("0-000000.parquet"), "parquet", metadata={"sequester.bundle": "1"})
    assert "give the directory" in (READER.recognise(seen) or "")
