"""One row group of a part: what is decoded at a time, and where its errors stand."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from sequester.errors import BundleError

HINT = "the file breaks the format in docs/format.md; write the bundle again"


class Group(Struct, frozen=True):
    """One row group of the three files of a part."""

    rank: str
    paths: dict[str, str]
    """File of each folder, for errors."""
    first_row: int
    """Number of the first episode within the part."""
    first_rows: dict[str, int]
    """Number of the first row within each file, for errors."""
    episodes: pa.RecordBatch
    calls: pa.RecordBatch
    reasoning: pa.RecordBatch | None
    """None where the reasoning is sealed or missing."""

    def refuse(self, folder: str, row: int, column: str, message: str) -> NoReturn:
        """`row` counts from the start of the group."""
        where = f"{self.paths[folder]}: row {self.first_rows[folder] + row + 1}, column {column}"
        raise BundleError(message, where=where, hint=HINT)

    def owners(self, folder: str, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The episode of each row of a file, counted from the start of the group.

        Raises BundleError where it is not in this group, or where rows are not in the order of the episodes.
        """
        episode = np.asarray(batch.column("episode").to_numpy() - self.first_row, np.int64)
        wrong = np.flatnonzero((episode < 0) | (episode >= len(self.episodes)))
        if len(wrong):
            self.refuse(folder, int(wrong[0]), "episode", "names an episode that its row group does not hold")
        wrong = np.flatnonzero(np.diff(episode) < 0)
        if len(wrong):
            self.refuse(folder, int(wrong[0]) + 1, "episode", "rows are not in the order of the episodes")
        return episode
