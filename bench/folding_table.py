"""Writes the character tables that the matcher folds by: `python -m bench.folding_table`, with the Python that `folding.UNICODE` names."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from sequester.exposure import folding

TABLE = Path("src/sequester/exposure/folding.bin")


def main() -> None:
    if unicodedata.unidata_version != folding.UNICODE:
        raise SystemExit(f"this Python has Unicode {unicodedata.unidata_version}, the tables are made from {folding.UNICODE}")
    TABLE.write_bytes(folding.packed(*folding.build()))


if __name__ == "__main__":
    main()
