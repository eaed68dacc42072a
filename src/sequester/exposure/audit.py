"""The audit: inputs to a result, over one process or several.

    paths -> reader by content -> units -> tallies (scan) -> result (settle)

A file that cannot be read becomes an error of its own and a share not assessed; the others are audited all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from sequester import __version__
from sequester.exposure.borders import Borders
from sequester.exposure.calibration import Calibration, headlines
from sequester.exposure.gaps import Input
from sequester.exposure.inputs import Formats, chunks, find_jobs, tasks, tried
from sequester.exposure.matching import implementation
from sequester.exposure.settle import Settlement, Terms
from sequester.exposure.severity import THRESHOLDS
from sequester.exposure.vicinity import VICINITY, Vicinity
from sequester.exposure.workers import Scanner, scanned
from sequester.findings.model import Result, Tool

DETECTOR = "lexical/6"
"""Name and version of the detector: a change of what it finds bumps it."""


class Progress(Protocol):
    """Told after every unit; episodes and input so far."""

    def __call__(self, episodes: int, path: str, /) -> None: ...


class Effort(NamedTuple):
    """How the work is done."""

    jobs: int = 1
    """Processes. The result does not depend on it."""
    vicinity: Vicinity = VICINITY


ALONE = Effort()


def audit(
    paths: Sequence[Path],
    formats: Formats,
    terms: Terms,
    effort: Effort = ALONE,
    *,
    own_calibrations: Sequence[Calibration] = (),
    progress: Progress | None = None,
) -> Result:
    """Audit all inputs. Raises UsageError and ConfigError; what is wrong with an input is in the result."""
    found = find_jobs(paths, formats)
    jobs, vicinity = effort
    readers = {reader.name: reader for reader in formats.readers}
    scanner = Scanner(readers, formats.options, terms.key, vicinity)
    borders = Borders(readers, formats.options, terms.key)
    settlement = Settlement()
    for task, tally in borders.compared(scanned(chunks(tasks(found, formats), vicinity.together), scanner, jobs)):
        settlement.add(tally)
        if progress is not None:
            progress(settlement.counts.seen, task.unit.path)
    inputs = [
        Input(str(job.path), job.reader.name if job.reader else "", job.declared, job.error, job.hint, frozenset(job.units))
        for job in found
    ]
    unverified = sorted({job.reader.name for job in found if job.reader is not None and not job.reader.verified})
    thresholds = {name: float(getattr(THRESHOLDS, name)) for name in THRESHOLDS.__struct_fields__}
    tool = Tool(__version__, f"{DETECTOR} ({implementation})", thresholds)
    result = settlement.result(inputs, tool, terms)
    unverified_notes = (
        f"The reader `{name}` is unverified: its framework's own code could not be run to write its test data."
        for name in unverified
    )
    notes = (*result.notes, *(note for job in found for note in job.notes), *tried(found), *unverified_notes)
    return replace(result, notes=notes, calibration=headlines(own_calibrations, DETECTOR))
